import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { createVirtualClock } from '../../../test/support/virtual-clock.ts'
import { telemetryLimits } from '../../config.ts'
import type { Delivery } from './delivery.ts'
import { History } from './history.ts'
import { Subscriber } from './subscriber.ts'
import type { Subscription } from './subscription.ts'

const subscription: Subscription = {
  api: 'telemetry',
  schemaVersion: '2022-12-13',
  types: ['platform', 'function'],
  buffering: { maxItems: 1000, maxBytes: 262_144, timeoutMs: 100 },
  destination: { protocol: 'TCP', port: 1 },
}

/** A subscriber over a clock that is moved by hand, to a receiver that is told what to answer. */
function open(answers: (boolean | 'never')[] = [], lines: readonly string[] = []) {
  const clock = createVirtualClock()
  const history = new History()
  for (const line of lines) history.add({ timeMs: clock.nowMs(), type: 'function', line })
  const sent: string[][] = []
  let isClosed = false
  const delivery: Delivery = {
    send: async (texts, signal) => {
      sent.push(
        texts.map((text) => {
          const { type, record } = JSON.parse(text)
          return type === 'platform.logsDropped'
            ? `dropped ${record.droppedRecords}`
            : record.trim()
        }),
      )
      const answer = answers.shift() ?? true
      if (answer !== 'never') return answer
      const { promise, resolve } = Promise.withResolvers<boolean>()
      signal.addEventListener('abort', () => resolve(false))
      return promise
    },
    close: () => (isClosed = true),
  }
  const subscriber = new Subscriber({ subscription, clock, isJson: false, history, delivery })
  const line = (text: string) =>
    subscriber.offer({ timeMs: clock.nowMs(), type: 'function', line: text })
  /** Let time pass, and what follows from it. */
  const pass = async (ms: number) => {
    clock.advance(ms)
    await turn()
  }
  return { subscriber, sent, line, pass, isClosed: () => isClosed }
}

describe('Subscriber', () => {
  test('sends what gathered when its time has come, history first', async () => {
    const { line, pass, sent } = open([], ['old'])
    line('a')
    await pass(99)
    assert.deepEqual(sent, [])
    line('b')
    await pass(1)
    assert.deepEqual(sent, [['old', 'a', 'b']])
    await pass(1000)
    assert.equal(sent.length, 1)
  })

  test('sends a full batch at once, one request at a time', async () => {
    const { line, sent } = open()
    for (let count = 0; count < 2500; count += 1) line(`${count}`)
    assert.equal(sent.length, 1)
    await turn()
    assert.deepEqual(
      sent.map((batch) => [batch.length, batch[0]]),
      [
        [1000, '0'],
        [1000, '1000'],
      ],
    )
  })

  test('sends a batch again when it was not taken, then drops it and says so', async () => {
    const { line, pass, sent } = open([false, true, false, false, false, false])
    line('a')
    await pass(100)
    await pass(100)
    assert.deepEqual(sent.splice(0), [['a'], ['a']])
    line('b')
    for (let time = 0; time < 20; time += 1) await pass(100)
    assert.equal(sent.splice(0).length, telemetryLimits.maxAttemptCount)
    line('c')
    await pass(100)
    assert.deepEqual(sent, [['dropped 1', 'c']])
  })

  test('gives up on a receiver that does not answer', async () => {
    const { line, pass, sent } = open(['never'])
    line('a')
    await pass(100)
    await pass(telemetryLimits.attemptMs - 1)
    await pass(100)
    assert.equal(sent.length, 1)
    await pass(100)
    assert.deepEqual(sent, [['a'], ['a']])
  })

  test('sends nothing and loses nothing while it is paused', async () => {
    const { subscriber, line, pass, sent } = open(['never', false])
    line('a')
    await pass(100)
    subscriber.pause()
    line('b')
    await pass(1_000_000)
    assert.deepEqual(sent, [['a']])
    subscriber.resume()
    await pass(telemetryLimits.attemptMs)
    subscriber.pause()
    await pass(1_000_000)
    assert.deepEqual(sent, [['a']])
    subscriber.resume()
    await turn()
    assert.deepEqual(sent, [['a'], ['a']])
    await pass(200)
    assert.deepEqual(sent, [['a'], ['a'], ['a'], ['b']])
  })

  test('flush() sends what waits and settles when it is gone; close() ends it', async () => {
    const { subscriber, line, pass, sent, isClosed } = open([true, 'never'])
    await subscriber.flush()
    line('a')
    await subscriber.flush()
    assert.deepEqual(sent, [['a']])
    line('b')
    const flushed = subscriber.flush()
    subscriber.close()
    await flushed
    line('c')
    await pass(1000)
    assert.deepEqual(sent, [['a'], ['b']])
    assert.ok(isClosed())
  })
})
