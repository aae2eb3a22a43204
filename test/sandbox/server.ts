/** A program that starts sandboxes, prints the ids of their processes and waits to be killed. Run by process.test.ts. */
import { systemClock } from '../../src/lib/clock.ts'
import { systemIds } from '../../src/lib/ids.ts'
import { createProcessDriver } from '../../src/sandbox/process/process-driver.ts'

const driver = await createProcessDriver({
  directory: process.argv[2] ?? '',
  clock: systemClock,
  ids: systemIds,
})
const pids: number[] = []
for (const id of ['a', 'b', 'c']) {
  driver.start({
    id,
    argv: ['/bin/sh', '-c', 'trap "" TERM HUP; sleep 1000 & echo $$ $!; wait'],
    environment: { PATH: '/usr/bin:/bin' },
    workingDirectory: '/',
    memoryMib: 128,
    ephemeralStorageMib: 64,
    onOutput: (chunk) => {
      pids.push(...Buffer.from(chunk).toString().trim().split(/\s/).map(Number))
      if (pids.length === 6) console.log(JSON.stringify(pids))
    },
  })
}
setInterval(() => {}, 1000)
