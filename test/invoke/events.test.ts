/** Asynchronous events over a real store: accepted durably, run at least once, retried on AWS's schedule, fair among functions. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { resourceNotFound, tooManyRequests } from '../../src/lib/errors/lambda.ts'
import { systemIds } from '../../src/lib/ids.ts'
import type { FunctionVersion, Invocation, Reply } from '../../src/model.ts'
import { Events } from '../../src/invoke/events.ts'
import type { EventRequest, EventsOptions } from '../../src/invoke/events.ts'
import { defaultAsyncSettings } from '../../src/invoke/async-settings.ts'
import type { AsyncSettings } from '../../src/invoke/async-settings.ts'
import type { Delivery } from '../../src/invoke/destinations.ts'
import { createFunctionTarget } from '../../src/invoke/function-target.ts'
import type { Target, Targets } from '../../src/invoke/target.ts'
import { openEphemeralStore, openStore } from '../../src/store/open.ts'
import { until } from '../support/until.ts'
import { versionOf } from '../support/version.ts'
import { createVirtualClock } from '../support/virtual-clock.ts'

const ok: Reply = { kind: 'ok', payload: [], contentType: 'application/json' }
const crashed: Reply = { kind: 'crashed', payload: [], errorType: 'Runtime.ExitError' }
const queueArn = 'arn:aws:sqs:eu-west-1:000000000000:q'
const place = { accountId: '000000000000', region: 'eu-west-1' }

function eventFor(functionName: string, requestId: string): EventRequest {
  const payload = [Buffer.from(`{"id":"${requestId}"}`)]
  return { ...place, functionName, requestId, traceId: 'Root=1-0-0', payload }
}

/** A store of its own, and the clock it goes by. */
function openGround() {
  const clock = createVirtualClock()
  const store = openEphemeralStore({ clock, ids: systemIds })
  return { clock, queues: store.queues, [Symbol.asyncDispose]: () => store.close() }
}

type Rig = Omit<EventsOptions, 'run' | 'targets' | 'clock' | 'settings' | 'destinations'> & {
  readonly clock: ReturnType<typeof createVirtualClock>
  readonly reserved?: number
  /** of functions called `f`; others have the defaults and no destination */
  readonly settings?: Partial<AsyncSettings>
  readonly deadLetterArn?: string
  readonly answer: (invocation: Invocation, attempt: number) => Promise<Reply> | Reply
}

/** A worker whose functions answer what the test says. */
function createEvents(rig: Rig) {
  const { answer, reserved, settings, deadLetterArn, ...options } = rig
  const attempts: { requestId: string; atMs: number; text: string }[] = []
  const discarded: Delivery[] = []
  const versions = new Map<string, FunctionVersion>()
  const targets: Targets = {
    resolve(_place, name): Target {
      const functionName = name.split(':')[6] ?? name
      if (functionName === 'missing') throw resourceNotFound('Function not found')
      const version = versions.get(functionName) ?? versionOf({ functionName })
      versions.set(functionName, version)
      return { version, invokedArn: version.arn, reservedConcurrency: reserved }
    },
    unreservedConcurrency: () => 1000,
  }
  const events = new Events({
    ...options,
    targets,
    settings: {
      asyncSettings: (_place, functionName) =>
        functionName === 'f' ? { ...defaultAsyncSettings, ...settings } : defaultAsyncSettings,
      deadLetterTarget: (_place, functionName) =>
        functionName === 'f' ? deadLetterArn : undefined,
      logGroup: (_place, functionName) => `/aws/lambda/${functionName}`,
    },
    destinations: { lambda: createFunctionTarget(targets, rig.clock) },
    onUndelivered: ({ delivery }) => discarded.push(delivery),
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

test('an accepted event runs once with its request id and payload, and is then forgotten', async () => {
  await using ground = openGround()
  const { clock, queues } = ground
  const { events, attempts } = createEvents({ clock, queues, answer: () => ok })
  events.start()
  await events.accept(eventFor('f', 'one'))
  await until(() => queues.names('invoke/').length === 0)
  assert.deepEqual(
    attempts.map(({ requestId, text }) => [requestId, text]),
    [['one', '{"id":"one"}']],
  )
  await events.close({ drainMs: 1000 })
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

test('what another server wrote and this one cannot read is kept, and in nobody’s way', async () => {
  await using ground = openGround()
  const { clock, queues } = ground
  const lane = 'invoke/000000000000/eu-west-1/f'
  const body = Buffer.from('{}')
  const old = { ...place, functionName: 'f', requestId: 'old', traceId: 'Root=1-0-0' }
  const unreadable = [
    undefined,
    null,
    'x',
    [],
    {},
    { ...old, functionName: 5 },
    { ...old, requestId: 'x\r\ny' },
    { ...old, traceId: 7 },
    { ...old, tenantId: {} },
  ]
  for (const attributes of unreadable) await queues.enqueue(lane, { body, attributes })
  await queues.enqueue(lane, { body, attributes: { ...old, failureCount: 'few' } })
  const { events, attempts } = createEvents({ clock, queues, answer: () => ok })
  events.start()
  await events.accept(eventFor('f', 'new'))
  await until(() => queues.names('invoke/').length === 0)
  assert.deepEqual(
    attempts.map(({ requestId }) => requestId),
    ['old', 'new'],
  )
  assert.equal(queues.count(`unreadable/${lane}`), unreadable.length)
  await events.close({ drainMs: 1000 })
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
  await using ground = openGround()
  const { clock, queues } = ground
  const { events, attempts, discarded } = createEvents({
    clock,
    queues,
    settings: { onFailure: queueArn },
    answer: () => crashed,
  })
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
})

test('a function error counts towards nothing once a later attempt succeeds', async () => {
  await using ground = openGround()
  const { clock, queues } = ground
  const { events, attempts, discarded } = createEvents({
    clock,
    queues,
    delayFactor: 0.01,
    settings: { onFailure: queueArn },
    answer: (_invocation, attempt) => (attempt === 1 ? crashed : ok),
  })
  events.start()
  await events.accept(eventFor('f', 'recovers'))
  await pass(clock, () => attempts.length === 2 && queues.names('invoke/').length === 0)
  assert.deepEqual(discarded, [])
  await events.close({ drainMs: 1000 })
})

test('throttled events all run in the end, never more at once than the function allows', async () => {
  await using ground = openGround()
  const { clock, queues } = ground
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
})

test('a function with many events does not keep the others waiting', async () => {
  await using ground = openGround()
  const { clock, queues } = ground
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
})

test('events of a function that reserved nothing are discarded at once', async () => {
  await using ground = openGround()
  const { clock, queues } = ground
  const { events, discarded } = createEvents({
    clock,
    queues,
    reserved: 0,
    deadLetterArn: queueArn,
    answer: () => Promise.reject(tooManyRequests('Rate Exceeded.')),
  })
  events.start()
  await events.accept(eventFor('f', 'blocked'))
  await until(() => discarded.length === 1)
  assert.equal(discarded[0]?.condition, 'ZeroReservedConcurrency')
  assert.deepEqual(discarded[0].deadLetter, {
    RequestID: 'blocked',
    ErrorMessage:
      'Function not invoked. Function isconfigured with zero reserved concurrent executions',
  })
  assert.equal(Buffer.from(discarded[0].body).toString(), '{"id":"blocked"}')
  await events.close({ drainMs: 1000 })
})

/** Events of `f` that run once, and then their outcome at the function `g`. */
async function outcomesAt(settings: Partial<AsyncSettings>, reply: Reply) {
  await using ground = openGround()
  const { clock, queues } = ground
  const { events, attempts, discarded } = createEvents({
    clock,
    queues,
    delayFactor: 0,
    settings,
    answer: ({ version }) => (version.functionName === 'f' ? reply : ok),
  })
  events.start()
  await events.accept(eventFor('f', 'one'))
  await pass(clock, () => queues.names('invoke/').length === 0)
  await events.close({ drainMs: 1000 })
  return { attempts, discarded, undeliveredCount: events.undeliveredCount }
}

test('the outcome of an event is an event of its destination, with a request id of its own', async () => {
  const onSuccess = 'arn:aws:lambda:eu-west-1:000000000000:function:g'
  const { attempts, undeliveredCount } = await outcomesAt({ onSuccess }, ok)
  const again = await outcomesAt({ onSuccess }, ok)
  assert.equal(attempts.length, 2)
  assert.equal(undeliveredCount, 0)
  const [first, second] = attempts
  assert.equal(JSON.parse(second?.text ?? '').requestContext.requestId, 'one')
  assert.match(second?.requestId ?? '', /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-/)
  assert.notEqual(second?.requestId, first?.requestId)
  // Of the same event: whoever gets it twice can tell.
  assert.equal(again.attempts[1]?.requestId, second?.requestId)
})

test('an outcome that no destination takes is told, and the event is over', async () => {
  for (const onFailure of [queueArn, 'arn:aws:lambda:eu-west-1:000000000000:function:missing']) {
    const { attempts, discarded, undeliveredCount } = await outcomesAt({ onFailure }, crashed)
    assert.equal(attempts.length, 3)
    assert.equal(undeliveredCount, 1)
    assert.equal(discarded[0]?.arn, onFailure)
    assert.equal(
      JSON.parse(Buffer.from(discarded[0].body).toString()).requestContext.condition,
      'RetriesExhausted',
    )
  }
})
