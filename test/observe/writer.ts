/** A process that appends numbered events to a log store and prints how far it flushed, until it is killed.
 *  Started by log-store.test.ts: node writer.ts <directory> <first number> */
import { writeSync } from 'node:fs'
import { systemClock } from '../../src/lib/clock.ts'
import { openLogs } from '../../src/observe/log-store.ts'

const [directory = '', first = '0'] = process.argv.slice(2)
const logs = openLogs(directory, systemClock)
const place = { accountId: '000000000000', region: 'us-east-1' }
// Should nobody kill it.
setTimeout(() => process.exit(1), 30_000).unref()

for (let number = Number(first); ;) {
  for (const end = number + 300; number < end; number++) {
    const event = { timestampMs: number, message: `${number}` }
    logs.append(place, 'group', `stream-${number % 3}`, event)
  }
  await logs.flush()
  writeSync(1, `${number - 1}\n`)
}
