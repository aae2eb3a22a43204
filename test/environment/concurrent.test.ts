/** Environments that serve several invocations at once, with real processes. */
import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { ConcurrentEnvironment } from '../../src/environment/concurrent/concurrent-environment.ts'
import type { ExecutionEnvironment } from '../../src/environment/contract.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { systemIds } from '../../src/lib/ids.ts'
import type { FunctionVersion, Reply } from '../../src/model.ts'
import { makeVersion, nodeRuntime, openDriver } from './support.ts'

const driver = await openDriver()
after(() => driver[Symbol.asyncDispose]())

function open(changes: Partial<FunctionVersion> = {}) {
  const log: string[] = []
  let goneCount = 0
  const version = makeVersion({
    maxConcurrency: 3,
    memoryMib: 256,
    logFormat: 'JSON',
    systemLogLevel: 'DEBUG',
    ...changes,
  })
  const environment = new ConcurrentEnvironment(
    {
      version,
      runtime: nodeRuntime('concurrent.mjs'),
      driver,
      clock: systemClock,
      ids: systemIds,
      lines: (line) => log.push(line),
    },
    () => (goneCount += 1),
  )
  const invoke = async (slot: ExecutionEnvironment, event: unknown, requestId: string) => {
    const lines: string[] = []
    let reply: Reply | undefined
    const outcome = await slot.invoke(
      {
        requestId,
        version,
        invokedArn: version.arn,
        payload: [Buffer.from(JSON.stringify(event))],
        traceId: 'Root=1-2-3;Parent=4;Sampled=0',
      },
      {
        onStart: () => {},
        onReply: (told) => (reply = told),
        onLine: (line) => lines.push(line),
      },
    )
    const text = Buffer.concat(reply?.payload ?? []).toString()
    return { kind: outcome.reply.kind, lines, text, body: () => JSON.parse(text), ...outcome }
  }
  return {
    environment,
    invoke,
    log,
    goneCount: () => goneCount,
    [Symbol.asyncDispose]: () => environment.stop('spindown'),
  }
}

describe('an environment for several invocations at once', { concurrency: 3 }, () => {
  test('runs them in one process, each with its own lines, as many as it has slots', async () => {
    await using env = open()
    const slots = [0, 1, 2].map(() => env.environment.openSlot())
    assert.equal(env.environment.freeCount, 0)
    const runs = await Promise.all(
      slots.map((slot, index) => env.invoke(slot, { ms: 150 + index }, `id-${index}`)),
    )
    const bodies = runs.map((run) => run.body())
    assert.equal(new Set(bodies.map(({ pid }) => pid)).size, 1)
    assert.equal(bodies[0].peak, 3)
    assert.deepEqual([bodies[0].max, bodies[0].type], ['3', 'lambda-managed-instances'])
    for (const [index, { lines }] of runs.entries()) {
      assert.deepEqual(lines, [`{"requestId":"id-${index}","message":"at ${150 + index}"}`])
    }
    assert.equal(runs[0]?.measured.initDurationMs, undefined)
    assert.ok((runs[0]?.measured.durationMs ?? 0) >= 149)
    const types = env.log.map((line) => JSON.parse(line).type).filter((type) => type !== undefined)
    assert.deepEqual(types, [
      'platform.initStart',
      'platform.initRuntimeDone',
      'platform.initReport',
    ])
    assert.deepEqual(
      slots.map(({ state }) => state),
      ['ready', 'ready', 'ready'],
    )
    const again = await env.invoke(slots[1] ?? assert.fail(), { ms: 0 }, 'id-9')
    assert.equal(again.body().pid, bodies[0].pid)
  })

  test('each has its own timeout, which ends no process; the late answer gets 410, once', async () => {
    await using env = open({ timeoutMs: 300 })
    const [one, other] = [env.environment.openSlot(), env.environment.openSlot()]
    await env.environment.initialised
    const [slow, quick] = await Promise.all([
      env.invoke(one, { ms: 700 }, 'slow'),
      env.invoke(other, { ms: 10 }, 'quick'),
    ])
    assert.equal(slow.kind, 'timeout')
    assert.match(slow.text, /"Sandbox.Timedout".*slow Error: Task timed out after 0.30 seconds/)
    assert.equal(quick.kind, 'ok')
    // A worker still has it: its slot is lost until that worker comes back.
    assert.deepEqual([one.state, other.state, env.environment.freeCount], ['gone', 'ready', 1])
    while (env.environment.freeCount < 2) await setTimeout(10)
    const later = (await env.invoke(other, { ms: 0 }, 'later')).body()
    assert.deepEqual(later.late, [
      { status: 410, errorMessage: 'Invoke timeout', errorType: 'InvokeTimeout' },
    ])
    assert.equal(later.pid, quick.body().pid)
    assert.equal(env.goneCount(), 0)
  })

  test('whose workers are all stuck is replaced', async () => {
    await using env = open({ timeoutMs: 200, maxConcurrency: 2 })
    const slots = [env.environment.openSlot(), env.environment.openSlot()]
    const runs = slots.map((slot, index) => env.invoke(slot, { hang: true }, `id-${index}`))
    for (const run of await Promise.all(runs)) assert.equal(run.kind, 'timeout')
    assert.equal(env.goneCount(), 1)
    assert.equal(env.environment.freeCount, 0)
  })

  test('a crash answers all, and the environment is gone', async () => {
    await using env = open()
    const slots = [0, 1].map(() => env.environment.openSlot())
    const runs = await Promise.all([
      env.invoke(slots[0] ?? assert.fail(), { ms: 5000 }, 'one'),
      env.invoke(slots[1] ?? assert.fail(), { exit: true }, 'two'),
    ])
    for (const [index, run] of runs.entries()) {
      assert.equal(run.kind, 'crashed')
      const id = index === 0 ? 'one' : 'two'
      assert.deepEqual(run.body(), {
        errorType: 'Runtime.ExitError',
        errorMessage: `RequestId: ${id} Error: Runtime exited with error: exit status 5`,
      })
    }
    assert.equal(env.goneCount(), 1)
  })

  test('an init that fails answers all with what was posted', async () => {
    await using env = open({ environment: { INIT: 'fail' } })
    const slots = [env.environment.openSlot(), env.environment.openSlot()]
    const runs = slots.map((slot, index) => env.invoke(slot, { ms: 0 }, `id-${index}`))
    for (const run of await Promise.all(runs)) {
      assert.deepEqual(run.body(), { errorMessage: 'no', errorType: 'Runtime.Broken' })
    }
    assert.equal((await env.environment.initialised).failure?.errorType, 'Runtime.Unknown')
  })

  test('more idle workers than slots are refused; an answer is taken once', async () => {
    await using env = open({ environment: { WORKERS: '4' } })
    const slot = env.environment.openSlot()
    await env.invoke(slot, { ms: 20, twice: true }, 'twice')
    await setTimeout(100)
    const { late } = (await env.invoke(slot, { ms: 0 }, 'after')).body()
    const refused = {
      status: 400,
      errorMessage: 'Too many idle runtimes',
      errorType: 'Runtime.TooManyIdleRuntimes',
    }
    assert.equal(late.length, 2)
    assert.deepEqual(
      late.find(({ errorType }: { errorType?: string }) => errorType !== undefined),
      refused,
    )
  })

  test('a request id that is in use is refused, and lost by nobody', async () => {
    await using env = open()
    const [one, other] = [env.environment.openSlot(), env.environment.openSlot()]
    const first = env.invoke(one, { ms: 100 }, 'same')
    assert.equal((await env.invoke(other, { ms: 0 }, 'same')).kind, 'crashed')
    assert.equal((await first).kind, 'ok')
    assert.equal((await env.invoke(other, { ms: 0 }, 'same')).kind, 'ok')
  })

  test('no extension is told of each invocation', async () => {
    await using env = open({ environment: { REGISTER: 'INVOKE' } })
    const { late } = (await env.invoke(env.environment.openSlot(), { ms: 0 }, 'id')).body()
    assert.deepEqual(late, [
      {
        status: 403,
        errorMessage: 'INVOKE: ErrorInvalidEventType',
        errorType: 'Extension.InvalidEventType',
      },
    ])
  })

  test('it ends with its last slot', async () => {
    await using env = open()
    const [one, other] = [env.environment.openSlot(), env.environment.openSlot()]
    await env.environment.initialised
    await one.stop('spindown')
    assert.equal(env.environment.state, 'ready')
    await other.stop('spindown')
    assert.equal(env.environment.state, 'gone')
  })
})
