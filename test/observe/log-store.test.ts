/** The log store on real files: restarts, kills, limits. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { limits, logLimits } from '../../src/config.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { openLogs } from '../../src/observe/log-store.ts'
import { makeDirectory } from '../store/temporary.ts'

const place = { accountId: '000000000000', region: 'us-east-1' }

describe('the log store on files', () => {
  test('finds everything again, and goes on counting', async () => {
    using directory = makeDirectory()
    const first = openLogs(join(directory.path, 'new'), systemClock)
    for (const message of ['a', 'b', 'c']) {
      first.append(place, 'group', 'stream', { timestampMs: 5, message })
    }
    const written = await first.read(place, 'group')
    await first.deleteGroup(place, 'none')
    await first.close()
    const second = openLogs(join(directory.path, 'new'), systemClock)
    assert.deepEqual(await second.read(place, 'group'), written)
    await second.deleteGroup(place, 'group')
    await second.close()
    const third = openLogs(join(directory.path, 'new'), systemClock)
    third.append(place, 'group', 'stream', { timestampMs: 6, message: 'd' })
    assert.equal(
      (await third.read(place, 'group'))[0]?.sequence,
      (written.at(-1)?.sequence ?? 0) + 1,
    )
    await third.close()
    assert.equal(statSync(join(directory.path, 'new', 'logs.sqlite')).mode & 0o777, 0o600)
  })

  test('a killed process loses nothing it had flushed, and no sequence is used twice', async () => {
    using directory = makeDirectory()
    let next = 0
    let lastSequence = 0
    for (let round = 0; round < 4; round++) {
      const flushed = await writeUntilKilled(directory.path, next)
      const logs = openLogs(directory.path, systemClock)
      const newest = await logs.read(place, 'group', { newest: true, limit: 10_000 })
      await logs.close()
      const numbers = newest.map((event) => Number(event.message))
      const last = numbers.at(-1) ?? -1
      assert.ok(last >= flushed, `${flushed} was flushed, ${last} is the last`)
      // Numbers of one group lie side by side: none is missing, none is there twice.
      assert.deepEqual(
        numbers,
        Array.from(numbers, (_, index) => (numbers[0] ?? 0) + index),
      )
      assert.ok(
        newest.every((event, index) => event.sequence === (newest[0]?.sequence ?? 0) + index),
      )
      const sequence = newest.at(-1)?.sequence ?? 0
      assert.ok(sequence > lastSequence)
      lastSequence = sequence
      next = last + 1
    }
  })

  test('drops the oldest events of a group beyond its limit, and the streams of which none is left', async () => {
    using directory = makeDirectory()
    const logs = openLogs(directory.path, systemClock)
    logs.append(place, 'small', 's', { timestampMs: 1, message: 'stays' })
    const count = 300
    const message = 'x'.repeat(limits.maxLogLineBytes - 10)
    for (let number = 0; number < count; number++) {
      const stream = String(Math.floor(number / 10)).padStart(2, '0')
      logs.append(place, 'large', stream, { timestampMs: number, message: `${number} ${message}` })
      if (number % 50 === 0) await logs.flush()
    }
    const events = await logs.read(place, 'large')
    const keptBytes = events.length * limits.maxLogLineBytes
    assert.ok(keptBytes <= logLimits.maxGroupBytes, `${keptBytes} bytes are kept`)
    assert.ok(keptBytes >= logLimits.maxGroupBytes * logLimits.keptShare - limits.maxLogLineBytes)
    assert.equal(events.at(-1)?.timestampMs, count - 1)
    const streams = await logs.listStreams(place, 'large')
    assert.equal(streams[0]?.name, events[0]?.stream)
    assert.equal(streams.length, new Set(events.map((event) => event.stream)).size)
    assert.equal((await logs.read(place, 'small')).length, 1)
    assert.equal(logs.droppedCount, 0)
    await logs.close()
    assert.equal(existsSync(join(directory.path, 'logs.sqlite-wal')), false)
  })

  test('says what to do when its file is in use or damaged', async () => {
    using directory = makeDirectory()
    const logs = openLogs(directory.path, systemClock)
    assert.throws(() => openLogs(directory.path, systemClock), /Cannot use data directory/)
    await logs.close()
    writeFileSync(
      join(directory.path, 'logs.sqlite'),
      'no logs here, whatever its name says'.repeat(99),
    )
    assert.throws(() => openLogs(directory.path, systemClock), /is not a database: restore it/)
  })
})

/** @returns the last number that the process said it had flushed */
async function writeUntilKilled(directory: string, first: number): Promise<number> {
  const writer = join(import.meta.dirname, 'writer.ts')
  const child = spawn(process.execPath, [writer, directory, `${first}`], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => void (output += text))
  await once(child.stdout, 'data')
  await sleep(50)
  child.kill('SIGKILL')
  await once(child, 'close')
  return Number(output.split('\n').at(-2))
}
