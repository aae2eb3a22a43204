/** What the platform says of an init, by the type of the environment and by how the init ends; and what it says of an event in detail. */
import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { openExtended, plain } from './extension-support.ts'
import { openDriver, openEnvironment } from './support.ts'

const driver = await openDriver()
after(() => driver[Symbol.asyncDispose]())

const debug = { logFormat: 'JSON', systemLogLevel: 'DEBUG' } as const

type Logged = { readonly type: string; readonly record: Readonly<Record<string, unknown>> }

function eventsOf(log: readonly string[]): readonly Logged[] {
  return log.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line) as Logged)
}

describe('init', { concurrency: 3 }, () => {
  test('an environment that is provisioned reports its init, and has its type', async () => {
    const initializationType = 'provisioned-concurrency'
    await using env = openEnvironment(driver, { initializationType })
    const { failure } = await env.environment.initialised
    assert.equal(failure, undefined)
    assert.equal(env.environment.state, 'ready')
    assert.deepEqual(plain(env.log.slice(2)), ['INIT_REPORT Init Duration: N\tPhase: init'])
    const { text, outcome } = await env.invoke({ do: 'environment' })
    assert.equal(JSON.parse(text).AWS_LAMBDA_INITIALIZATION_TYPE, initializationType)
    assert.equal(outcome.measured.initDurationMs, undefined)
  })

  test('on demand a good init has no line of its own', async () => {
    await using env = openEnvironment(driver)
    await env.invoke({})
    assert.doesNotMatch(env.log.join('\n'), /INIT_REPORT/)
  })

  test('all events of a cold start come in AWS’s order', async () => {
    await using env = openExtended(driver, { one: {} }, { version: debug })
    await env.invoke({})
    const events = eventsOf(env.log)
    assert.deepEqual(
      events.map((event) => event.type),
      [
        'platform.initStart',
        'platform.initRuntimeDone',
        'platform.extension',
        'platform.initReport',
        'platform.runtimeDone',
      ],
    )
    assert.deepEqual(events[2]?.record, {
      name: 'one',
      state: 'Ready',
      events: ['INVOKE', 'SHUTDOWN'],
    })
    const done = events[4]?.record as {
      status: string
      spans: { name: string; durationMs: number }[]
      metrics: { durationMs: number; producedBytes: number }
    }
    assert.equal(done.status, 'success')
    assert.deepEqual(
      done.spans.map((span) => span.name),
      ['responseLatency', 'responseDuration', 'runtimeOverhead'],
    )
    const spentMs = done.spans.reduce((sum, span) => sum + span.durationMs, 0)
    assert.ok(Math.abs(spentMs - done.metrics.durationMs) < 0.01)
    assert.equal(done.metrics.producedBytes, '{"count":1,"event":{}}'.length)
  })

  test('what went well is told at level DEBUG alone', async () => {
    await using env = openEnvironment(driver, { version: { logFormat: 'JSON' } })
    await env.invoke({})
    const types = eventsOf(env.log).map((event) => event.type)
    assert.deepEqual(types, ['platform.initStart'])
  })

  test('a runtime that ends over an event is done with status and error type', async () => {
    await using env = openEnvironment(driver, { version: { ...debug, timeoutMs: 1000 } })
    await env.invoke({ do: 'exit', code: 1 })
    await env.invoke({ do: 'sleep', ms: 5000 })
    const done = eventsOf(env.log).filter((event) => event.type === 'platform.runtimeDone')
    assert.deepEqual(
      done.map(({ record }) => [record['status'], record['errorType']]),
      [
        ['error', 'Runtime.ExitError'],
        ['timeout', undefined],
      ],
    )
  })
})
