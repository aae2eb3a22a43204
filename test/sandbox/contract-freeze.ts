/** The part of the contract that is about freezing: nothing runs, and nothing is lost. */
import assert from 'node:assert/strict'
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { appears, grows, specOf, type Claiming } from './claims.ts'

/** Ticks by itself, in a child, and in a child that left the process group. */
const tickers = `
  const { spawn } = require('node:child_process')
  const { appendFileSync } = require('node:fs')
  const tick = (name) =>
    "setInterval(() => require('node:fs').appendFileSync(process.env.TMPDIR + '/" + name + "', 'x'), 5)"
  spawn(process.execPath, ['-e', tick('child')])
  spawn(process.execPath, ['-e', tick('detached')], { detached: true })
  setInterval(() => appendFileSync(process.env.TMPDIR + '/own', 'x'), 5)`

/** The claims. */
export function claimFreeze(claim: Claiming): void {
  claim('freeze', 'freeze() stops all of it and thaw() lets it go on', async (driver) => {
    const sandbox = driver.start(specOf('', { argv: [process.execPath, '-e', tickers] }))
    const paths = ['own', 'child', 'detached'].map((name) => join(sandbox.temporaryDirectory, name))
    for (const path of paths) await appears(path)
    await sandbox.freeze()
    await sandbox.freeze()
    await setTimeout(60)
    const frozen = paths.map((path) => statSync(path).size)
    await setTimeout(200)
    assert.deepEqual(
      paths.map((path) => statSync(path).size),
      frozen,
    )
    await sandbox.thaw()
    await sandbox.thaw()
    const thawed = await Promise.all(paths.map(grows))
    await sandbox.dispose()
    assert.deepEqual(thawed, [true, true, true])
  })
  claim('freeze', 'a frozen sandbox uses no CPU, and its end is still told', async (driver) => {
    let text = ''
    const sandbox = driver.start(
      specOf('echo $$; while true; do :; done', {
        onOutput: (chunk) => (text += Buffer.from(chunk).toString()),
      }),
    )
    while (!text.includes('\n')) await setTimeout(2)
    const pid = Number(text)
    await sandbox.freeze()
    await setTimeout(60)
    const before = cpuTicks(pid)
    await setTimeout(200)
    assert.equal(cpuTicks(pid), before)
    process.kill(pid, 'SIGKILL')
    assert.deepEqual(await sandbox.exited, { signal: 'SIGKILL', isOutOfMemory: false })
    await sandbox.thaw()
  })
  claim('freeze', 'freeze() before the process runs counts, until thaw()', async (driver) => {
    const sandbox = driver.start(specOf('echo x > "$TMPDIR/done"; sleep 1000'))
    await sandbox.freeze()
    await sandbox.thaw()
    await appears(join(sandbox.temporaryDirectory, 'done'))
    await sandbox.dispose()
  })
}

/** Processor time of a process, user and system, in ticks of 10 ms. source: proc_pid_stat(5) */
function cpuTicks(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return Number(fields[11]) + Number(fields[12])
}
