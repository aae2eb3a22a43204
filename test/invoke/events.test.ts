/** Asynchronous events over a real store: accepted durably, run at least once, retried on AWS's schedule, fair among functions. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { tooManyRequests } from '../../src/lib/errors/lambda.ts'
import { systemIds } from '../../src/lib/ids.ts'
import type { FunctionVersion, Invocation, Reply } from '../../src/model.ts'
import { Events } from '../../src/invoke/events.ts'
import type { DiscardedEvent, EventRequest, EventsOptions } from '../../src/invoke/events.ts'
import type { Target } from '../../src/invoke/target.ts'
import { openEphemeralStore, openStore } from '../../src/store/open.ts'
import { createVirtualClock } from '../support/virtual-clock.ts'
import { versionOf } from './version.ts'

const ok: Reply = { kind: 'ok', payload: [], contentType: 'application/json' }
const crashed: Reply = { kind: 'crashed', payload: [], errorType: 'Runtime.ExitError' }
const place = { accountId: '000000000000', region: 'eu-west-1' }

function eventFor(functionName: string, requestId: string): EventRequest {
  const payload = [Buffer.from(`{"id":"${requestId}"}`)]
  return { ...place, functionName, requestId, traceId: 'Root=1-0-0', payload }
}

type Rig = Omit<EventsOptions, 'run' | 'targets' | 'clock'> & {
  readonly clock: ReturnType<typeof createVirtualClock>
  readonly reserved?: number
  readonly answer: (invocation: Invocation, attempt: number) => Promise<Reply> | Reply
}

/** A worker whose functions answer what the test says. */
function createEvents(rig: Rig) {
  const { answer, reserved, ...options } = rig
  const attempts: { requestId: string; atMs: number; text: string }[] = []
  const discarded: DiscardedEvent[] = []
  const versions = new Map<string, FunctionVersion>()
  const events = new Events({
    ...options,
    onDiscard: (event) => discarded.push(event),
    targets: {
      resolve(_place, functionName): Target {
        const version = versions.get(functionName) ?? versionOf({ functionName })
        versions.set(functionName, version)
        return { version, invokedArn: version.arn, reservedConcurrency: reserved }
      },
      unreservedConcurrency: () => 1000,
    },
    run: async (invocation) => {
      const { requestId } = invocation
      const text = Buffer.concat(invocation.payload).toString()
      attempts.push({ requestId, atMs: rig.clock.nowMs(), text })
      const count = attempts.filter((attempt) => attempt.requestId === requestId).length
      return { reply: await answer(invocation, count), executedVersion: '$LATEST' }
    },
  })
  return { events, attempts, discarded }
}

async function until(condition: () => boolean): Promise<void> {
  const endMs = performance.now() + 5000
  while (!condition()) {
    assert.ok(performance.now() < endMs, `not within 5 s: ${condition.toString()}`)
    await turn()
  }
}

test('an accepted event runs once with its request id and payload, and is then forgotten', async () => {
  const clock = createVirtualClock()
  const store = openEphemeralStore({ clock, ids: systemIds })
  const { events, attempts } = createEvents({ clock, queues: store.queues, answer: () => ok })
  events.start()
  await events.accept(eventFor('f', 'one'))
  await until(() => store.queues.names('invoke/').length === 0)
  assert.deepEqual(
    attempts.map(({ requestId, text }) => [requestId, text]),
    [['one', '{"id":"one"}']],
  )
  await events.close({ drainMs: 1000 })
  await store.close()
})

test('an event that was accepted and not run is run by the next process', async () => {
  const clock = createVirtualClock()
  const directory = mkdtempSync(join(tmpdir(), 'lair-events-'))
  const before = openStore({ directory, clock, ids: systemIds })
  // It never starts: as if it was killed right after it acknowledged.
  const first = createEvents({ clock, queues: before.queues, answer: () => ok })
  await first.events.accept(eventFor('f', 'waits'))
  await before.close()
  const after = openStore({ directory, clock, ids: systemIds })
  const second = createEvents({ clock, queues: after.queues, answer: () => ok })
  second.events.start()
  await until(() => after.queues.names('invoke/').length === 0)
  assert.deepEqual(
    second.attempts.map(({ requestId }) => requestId),
    ['waits'],
  )
  await second.events.close({ drainMs: 1000 })
  await after.close()
  rmSync(directory, { recursive: true })
})

test('an event that was running when the process died is run again', async () => {
  const clock = createVirtualClock()
  const directory = mkdtempSync(join(tmpdir(), 'lair-events-'))
  const before = openStore({ directory, clock, ids: systemIds })
  const first = createEvents({ clock, queues: before.queues, answer: () => new Promise(() => {}) })
  first.events.start()
  await first.events.accept(eventFor('f', 'caught'))
  await until(() => first.attempts.length === 1)
  await before.close()
  const after = openStore({ directory, clock, ids: systemIds })
  const second = createEvents({ clock, queues: after.queues, answer: () => ok })
  second.events.start()
  await until(() => second.attempts.length === 1)
  assert.equal(second.attempts[0]?.requestId, 'caught')
  await second.events.close({ drainMs: 1000 })
  await after.close()
  rmSync(directory, { recursive: true })
})

/** Let virtual time pass, second by second, until something is so. */
async function pass(clock: ReturnType<typeof createVirtualClock>, condition: () => boolean) {
  for (let second = 0; !condition(); second++) {
    assert.ok(second < 2000, `not within 2,000 virtual seconds: ${condition.toString()}`)
    for (let count = 0; count < 10; count++) await turn()
    if (!condition()) clock.advance(1000)
  }
}

test('a function error is retried after one and two minutes, then discarded', async () => {
  const clock = createVirtualClock()
  const store = openEphemeralStore({ clock, ids: systemIds })
  const { queues } = store
  const { events, attempts, discarded } = createEvents({ clock, queues, answer: () => crashed })
  events.start()
  await events.accept(eventFor('f', 'fails'))
  await pass(clock, () => discarded.length === 1)
  const [first = 0, second = 0, third = 0] = attempts.map(({ atMs }) => atMs)
  assert.equal(attempts.length, 3)
  assert.ok(Math.abs(second - first - 60_000) <= 5000, `second after ${second - first} ms`)
  assert.ok(Math.abs(third - second - 120_000) <= 5000, `third after ${third - second} ms`)
  assert.ok(attempts.every(({ requestId }) => requestId === 'fails'))
  assert.equal(discarded[0]?.condition, 'RetriesExhausted')
  await until(() => queues.names('invoke/').length === 0)
  await events.close({ drainMs: 1000 })
  await store.close()
})

test('a function error counts towards nothing once a later attempt succeeds', async () => {
  const clock = createVirtualClock()
  const store = openEphemeralStore({ clock, ids: systemIds })
  const { queues } = store
  const { events, attempts, discarded } = createEvents({
    clock,
    queues,
    delayFactor: 0.01,
    answer: (_invocation, attempt) => (attempt === 1 ? crashed : ok),
  })
  events.start()
  await events.accept(eventFor('f', 'recovers'))
  await pass(clock, () => attempts.length === 2 && queues.names('invoke/').length === 0)
  assert.deepEqual(discarded, [])
  await events.close({ drainMs: 1000 })
  await store.close()
})

test('throttled events all run in the end, never more at once than the function allows', async () => {
  const clock = createVirtualClock()
  const store = openEphemeralStore({ clock, ids: systemIds })
  const { queues } = store
  let runningCount = 0
  let peakCount = 0
  const done: string[] = []
  const { events } = createEvents({
    clock,
    queues,
    answer: async ({ requestId }) => {
      if (runningCount === 3) throw tooManyRequests('Rate Exceeded.')
      runningCount++
      peakCount = Math.max(peakCount, runningCount)
      await turn()
      runningCount--
      done.push(requestId)
      return ok
    },
  })
  const ids = Array.from({ length: 60 }, (_, index) => `event-${index}`)
  await Promise.all(ids.map((id) => events.accept(eventFor('f', id))))
  events.start()
  await pass(clock, () => done.length === 60)
  assert.deepEqual(done.toSorted(), ids.toSorted())
  assert.equal(peakCount, 3)
  await until(() => queues.names('invoke/').length === 0)
  await events.close({ drainMs: 1000 })
  await store.close()
})

test('a function with many events does not keep the others waiting', async () => {
  const clock = createVirtualClock()
  const store = openEphemeralStore({ clock, ids: systemIds })
  const { queues } = store
  const { events, attempts } = createEvents({
    clock,
    queues,
    answer: async () => {
      await turn()
      return ok
    },
  })
  const flood = Array.from({ length: 400 }, (_, index) => eventFor('flood', `flood-${index}`))
  await Promise.all(flood.map((event) => events.accept(event)))
  await events.accept(eventFor('quiet', 'quiet'))
  events.start()
  await pass(clock, () => attempts.length === 401)
  const place = attempts.findIndex(({ requestId }) => requestId === 'quiet')
  assert.ok(place < 50, `the quiet function was served as number ${place}`)
  await events.close({ drainMs: 1000 })
  await store.close()
})

test('events of a function that reserved nothing are discarded at once', async () => {
  const clock = createVirtualClock()
  const store = openEphemeralStore({ clock, ids: systemIds })
  const { queues } = store
  const { events, discarded } = createEvents({
    clock,
    queues,
    reserved: 0,
    answer: () => Promise.reject(tooManyRequests('Rate Exceeded.')),
  })
  events.start()
  await events.accept(eventFor('f', 'blocked'))
  await until(() => discarded.length === 1)
  assert.equal(discarded[0]?.condition, 'ZeroReservedConcurrency')
  assert.equal(Buffer.from(discarded[0].payload).toString(), '{"id":"blocked"}')
  await events.close({ drainMs: 1000 })
  await store.close()
})
