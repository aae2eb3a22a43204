import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import fc from 'fast-check'
import { createVirtualClock } from '../../test/support/virtual-clock.ts'
import { limits, logLimits } from '../config.ts'
import { PlatformError } from '../lib/errors/platform-error.ts'
import { openLogFile } from './log-file.ts'
import { createLogStore, openMemoryLogs } from './log-store.ts'
import type { LogEvent, LogQuery } from './logs.ts'

const place = { accountId: '000000000000', region: 'us-east-1' }
const group = '/aws/lambda/f'

function setUp() {
  const clock = createVirtualClock()
  const logs = openMemoryLogs(clock)
  const append = (message: string, stream = 's', timestampMs = clock.nowMs()) =>
    logs.append(place, group, stream, { timestampMs, message })
  return { clock, logs, append }
}

const messagesOf = (events: readonly LogEvent[]) => events.map((event) => event.message)

describe('the log store', () => {
  test('reads at once what was appended, in order', async () => {
    const { clock, logs, append } = setUp()
    append('START')
    append('line', 't')
    append('END')
    const events = await logs.read(place, group)
    assert.deepEqual(events, [
      { timestampMs: clock.nowMs(), message: 'START', stream: 's', sequence: 1 },
      { timestampMs: clock.nowMs(), message: 'line', stream: 't', sequence: 2 },
      { timestampMs: clock.nowMs(), message: 'END', stream: 's', sequence: 3 },
    ])
  })

  test('keeps places and groups apart', async () => {
    const { logs, append } = setUp()
    append('mine')
    const elsewhere = { ...place, region: 'eu-west-1' }
    logs.append(elsewhere, group, 's', { timestampMs: 1, message: 'theirs' })
    logs.append(place, '/aws/lambda/g', 's', { timestampMs: 1, message: 'other' })
    assert.deepEqual(messagesOf(await logs.read(place, group)), ['mine'])
    assert.deepEqual(messagesOf(await logs.read(elsewhere, group)), ['theirs'])
    assert.deepEqual(await logs.listGroups(place), [group, '/aws/lambda/g'])
    assert.deepEqual(await logs.listGroups(elsewhere), [group])
    assert.deepEqual(await logs.read(place, 'none'), [])
    assert.deepEqual(await logs.listStreams(place, 'none'), [])
  })

  test('lists streams with their first and last time', async () => {
    const { logs, append } = setUp()
    append('a', 'late', 500)
    append('b', 'early', 100)
    await logs.flush()
    append('c', 'late', 700)
    append('d', 'late', 400)
    assert.deepEqual(await logs.listStreams(place, group), [
      { name: 'early', firstEventMs: 100, lastEventMs: 100 },
      { name: 'late', firstEventMs: 400, lastEventMs: 700 },
    ])
  })

  test('answers every query as a filter over all events would', async () => {
    const event = fc.record({
      stream: fc.constantFrom('a', 'b', 'c'),
      timestampMs: fc.integer({ min: 0, max: 20 }),
      flushes: fc.boolean(),
    })
    const bound = fc.integer({ min: 0, max: 22 })
    const query: fc.Arbitrary<LogQuery> = fc.record(
      {
        streams: fc.subarray(['a', 'b', 'c', 'none']),
        startMs: bound,
        endMs: bound,
        afterSequence: bound,
        beforeSequence: bound,
        limit: fc.integer({ min: 1, max: 12 }),
        newest: fc.boolean(),
      },
      { requiredKeys: [] },
    )
    const property = fc.asyncProperty(
      fc.array(event, { maxLength: 20 }),
      fc.array(query, { minLength: 1, maxLength: 5 }),
      async (events, queries) => {
        const { logs, append } = setUp()
        const all: LogEvent[] = []
        for (const [index, { stream, timestampMs, flushes }] of events.entries()) {
          append(`${index}`, stream, timestampMs)
          all.push({ timestampMs, message: `${index}`, stream, sequence: index + 1 })
          if (flushes) await logs.flush()
        }
        for (const one of queries) {
          assert.deepEqual(await logs.read(place, group, one), filter(all, one))
        }
        await logs.close()
      },
    )
    await fc.assert(property, { numRuns: 60 })
  })

  test('is on file within 100 ms, without being asked', async () => {
    const file = openLogFile(':memory:')
    const clock = createVirtualClock()
    const logs = createLogStore(file, clock)
    logs.append(place, group, 's', { timestampMs: 1, message: 'x' })
    clock.advance(logLimits.flushMs - 1)
    assert.equal(file.findGroupId(place, group), undefined)
    clock.advance(1)
    assert.notEqual(file.findGroupId(place, group), undefined)
    await logs.close()
  })

  test('writes a burst in slices, a turn of the event loop each', async () => {
    const { logs, append } = setUp()
    let heardCount = 0
    using _follow = logs.follow(place, group, () => void heardCount++)
    const count = logLimits.sliceEventCount * 3
    for (let index = 0; index < count; index++) append(`${index}`)
    await nextTurn()
    assert.equal(heardCount, logLimits.sliceEventCount)
    await nextTurn()
    await nextTurn()
    assert.equal(heardCount, count)
    assert.equal((await logs.read(place, group)).at(-1)?.message, `${count - 1}`)
  })

  test('followers hear of new events, with the sequence that read gives', async () => {
    const { clock, logs, append } = setUp()
    append('before')
    await logs.flush()
    const heard: LogEvent[] = []
    const follow = logs.follow(place, group, (event) => heard.push(event))
    append('one')
    append('two', 't')
    logs.append(place, 'other', 's', { timestampMs: 1, message: 'not ours' })
    clock.advance(logLimits.followedFlushMs)
    assert.deepEqual(messagesOf(heard), ['one', 'two'])
    const { sequence } = (await logs.read(place, group))[0] ?? { sequence: 0 }
    assert.deepEqual(heard, await logs.read(place, group, { afterSequence: sequence }))
    follow[Symbol.dispose]()
    append('three')
    await logs.flush()
    assert.equal(heard.length, 2)
  })

  test('a follower that throws is reported and keeps nobody from hearing', async (t) => {
    const stderr = t.mock.method(process.stderr, 'write', () => true)
    const { logs, append } = setUp()
    const heard: LogEvent[] = []
    using _bad = logs.follow(place, group, () => {
      throw new Error('not my day')
    })
    using _good = logs.follow(place, group, (event) => void heard.push(event))
    append('x')
    await logs.flush()
    assert.equal(heard.length, 1)
    assert.match(String(stderr.mock.calls[0]?.arguments[0]), /follow .*not my day/)
  })

  test('a deleted group is gone, and its sequence is not used again', async () => {
    const { logs, append } = setUp()
    append('a')
    append('b')
    await logs.deleteGroup(place, group)
    await logs.deleteGroup(place, 'none')
    assert.deepEqual(await logs.read(place, group), [])
    assert.deepEqual(await logs.listStreams(place, group), [])
    assert.deepEqual(await logs.listGroups(place), [])
    append('c')
    assert.equal((await logs.read(place, group))[0]?.sequence, 3)
  })

  test('a message above 256 KiB becomes several events', async () => {
    const { logs, append } = setUp()
    append('x'.repeat(limits.maxLogLineBytes + 5))
    const events = await logs.read(place, group)
    assert.deepEqual(
      events.map((event) => event.message.length),
      [limits.maxLogLineBytes, 5],
    )
  })

  test('drops and counts what does not fit the buffer', async () => {
    const { logs, append } = setUp()
    const message = 'x'.repeat(limits.maxLogLineBytes)
    for (let index = 0; index < 200; index++) append(message)
    assert.ok(logs.droppedCount > 50 && logs.droppedCount < 100, `${logs.droppedCount} dropped`)
    assert.equal((await logs.read(place, group)).length, 200 - logs.droppedCount)
  })

  test('keeps events while the file fails and writes them when it works again', async (t) => {
    const stderr = t.mock.method(process.stderr, 'write', () => true)
    const clock = createVirtualClock()
    const file = openLogFile(':memory:')
    let isFull = true
    const logs = createLogStore(
      {
        ...file,
        write(pages) {
          if (isFull) throw new PlatformError('Cannot keep log events: the disk is full')
          return file.write(pages)
        },
      },
      clock,
    )
    const append = (message: string) => logs.append(place, group, 's', { timestampMs: 1, message })
    append('a')
    clock.advance(logLimits.flushMs)
    append('b')
    await assert.rejects(logs.flush(), PlatformError)
    assert.deepEqual(await logs.read(place, group), [], 'reading goes on')
    assert.match(String(stderr.mock.calls[0]?.arguments[0]), /flush logs.*disk is full/)
    isFull = false
    clock.advance(logLimits.retryMs)
    assert.deepEqual(messagesOf(await logs.read(place, group)), ['a', 'b'])
    assert.equal(logs.droppedCount, 0)
  })

  test('close() flushes, can be called again, and later events are counted', async () => {
    const { logs, append } = setUp()
    append('a')
    await Promise.all([logs.close(), logs.close()])
    append('b')
    assert.equal(logs.droppedCount, 1)
    await assert.rejects(logs.read(place, group), /Cannot read logs: the log store is closed/)
  })
})

function filter(events: readonly LogEvent[], query: LogQuery): LogEvent[] {
  const matching = events.filter(
    (event) =>
      (query.streams?.includes(event.stream) ?? true) &&
      event.timestampMs >= (query.startMs ?? 0) &&
      event.timestampMs < (query.endMs ?? Infinity) &&
      event.sequence > (query.afterSequence ?? 0) &&
      event.sequence < (query.beforeSequence ?? Infinity),
  )
  const limit = query.limit ?? 10_000
  return query.newest ? matching.slice(-limit) : matching.slice(0, limit)
}
