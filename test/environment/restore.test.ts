/** Environments that are made for a snapshot, with real processes: initialised ahead, restored for their first invocation. */
import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { openDriver, openEnvironment, nodeRuntime } from './support.ts'
import { telemetryLayer } from './telemetry-layer.ts'

const driver = await openDriver()
after(() => driver[Symbol.asyncDispose]())

const arn = `arn:aws:lambda:eu-west-1::runtime:${'0'.repeat(64)}`
const version = `Runtime Version: nodejs:24.v21\tRuntime Version ARN: ${arn}`

function openSnapshot(environment: Record<string, string> = {}, restoreTimeoutMs?: number) {
  let issuedCount = 0
  return openEnvironment(driver, {
    runtime: nodeRuntime('restoring.mjs'),
    initializationType: 'snap-start',
    version: { environment, memoryMib: 256 },
    restoreTimeoutMs,
    credentials: () => ({
      accessKeyId: `A${++issuedCount}`,
      secretAccessKey: 'S',
      sessionToken: 'T',
      expiresAtMs: Date.parse('2026-11-20T12:00:00Z'),
    }),
  })
}

describe('an environment made for a snapshot', { concurrency: 3 }, () => {
  test('is initialised ahead, waits, and goes on from there for its first invocation', async () => {
    await using env = openSnapshot()
    const streams: string[] = [env.environment.logStream]
    const { failure, durationMs } = await env.environment.initialised
    assert.deepEqual([failure, durationMs > 1, env.environment.state], [undefined, true, 'ready'])
    assert.equal(env.log[0], `INIT_START ${version}`)
    assert.equal(env.log[1], 'before the snapshot')
    assert.match(env.log[2] ?? '', /^INIT_REPORT Init Duration: \d+\.\d\d ms\tPhase: snap-start$/)
    assert.equal(env.log.length, 3)
    const first = await env.invoke({})
    streams.push(env.environment.logStream)
    const { released } = JSON.parse(first.text)
    assert.deepEqual(released, { status: 200, body: '' })
    const { measured } = first.outcome
    assert.equal(measured.initDurationMs, undefined)
    assert.ok((measured.restoreDurationMs ?? 0) > 0)
    assert.equal(env.log[3], `RESTORE_START ${version}`)
    const rest = env.log.slice(4).map((line) => line.replace(/\d+\.\d\d/, 'n'))
    assert.deepEqual(rest, ['after the restore', 'RESTORE_REPORT Restore Duration: n ms', 'START'])
    assert.notEqual(streams[0], streams[1])
    const second = await env.invoke({})
    assert.equal(JSON.parse(second.text).started, JSON.parse(first.text).started)
    assert.equal(second.outcome.measured.restoreDurationMs, undefined)
  })

  test('tells a telemetry extension of its init and of its restore, in order', async () => {
    using layer = telemetryLayer()
    {
      await using env = openEnvironment(driver, {
        runtime: nodeRuntime('restoring.mjs'),
        initializationType: 'snap-start',
        version: { ...layer, memoryMib: 256 },
      })
      assert.equal((await env.environment.initialised).failure, undefined)
      await env.invoke({})
    }
    const platform = layer.types().filter((type) => /^(init|restore|runtime)/.test(type))
    assert.deepEqual(platform, [
      'initStart',
      'initRuntimeDone',
      'initReport',
      'restoreStart',
      'restoreRuntimeDone',
      'restoreReport',
      'runtimeDone',
    ])
    const records = layer.events().filter(({ type }) => type.startsWith('platform.restore'))
    assert.equal(records[0]?.record.functionVersion, '$LATEST')
    assert.equal(records[1]?.record.status, 'success')
    assert.ok(records[2]?.record.metrics.durationMs >= 0)
  })

  test('has no variables that a snapshot would remember wrongly, and fresh credentials after the restore', async () => {
    await using env = openSnapshot()
    await env.environment.initialised
    const { environment, credentials } = JSON.parse((await env.invoke({})).text)
    assert.equal(environment.AWS_LAMBDA_INITIALIZATION_TYPE, 'snap-start')
    const absent = ['LOG_GROUP_NAME', 'LOG_STREAM_NAME'].map((name) => `AWS_LAMBDA_${name}`)
    absent.push('AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN')
    for (const name of absent) assert.equal(environment[name], undefined, name)
    assert.equal(credentials.status, 200)
    assert.deepEqual(JSON.parse(credentials.text), {
      AccessKeyId: 'A2',
      SecretAccessKey: 'S',
      Token: 'T',
      Expiration: '2026-11-20T12:00:00.000Z',
    })
    const stranger = JSON.parse((await env.invoke({ token: 'x' })).text).credentials
    assert.equal(stranger.status, 404)
    assert.equal(stranger.text, 'cannot get credentials for the provided token\n')
  })

  test('whose invocation comes while it initialises is restored all the same', async () => {
    await using env = openSnapshot()
    const { outcome } = await env.invoke({})
    assert.equal(outcome.reply.kind, 'ok')
    assert.equal(outcome.measured.initDurationMs, undefined)
    assert.ok((outcome.measured.restoreDurationMs ?? 0) > 0)
  })

  test('whose runtime takes no part is restored at once', async () => {
    await using env = openEnvironment(driver, { initializationType: 'snap-start' })
    await env.environment.initialised
    const { outcome } = await env.invoke({ do: 'file' })
    assert.equal(outcome.reply.kind, 'ok')
    assert.ok((outcome.measured.restoreDurationMs ?? 99) < 20)
    assert.ok(env.log.some((line) => line.startsWith('RESTORE_REPORT ')))
  })

  test('that fails its init says why, and is gone', async () => {
    await using env = openSnapshot({ INIT: 'fail' })
    const { failure } = await env.environment.initialised
    assert.equal(failure?.errorType, 'Runtime.BeforeSnapshotError')
    assert.match(
      env.log.at(-1) ?? '',
      /^INIT_REPORT Init Duration: .* ms\tPhase: snap-start\tStatus: error\tError Type: Runtime.BeforeSnapshotError$/,
    )
  })

  const failures = [
    ['fail', 'SnapStartException', 'Status: error\tError Type: Runtime.AfterRestoreError'],
    ['init-error', 'SnapStartException', 'Status: error\tError Type: Runtime.Unknown'],
    ['exit', 'SnapStartException', 'Status: error\tError Type: Runtime.ExitError'],
    ['slow', 'SnapStartTimeoutException', 'Status: timeout'],
  ] as const
  for (const [kind, name, status] of failures) {
    test(`whose restore ends in "${kind}" refuses its caller, and is gone`, async () => {
      await using env = openSnapshot({ RESTORE: kind }, 500)
      await env.environment.initialised
      const { outcome, replies } = await env.invoke({})
      const [reply] = replies
      assert.ok(reply && 'refusal' in reply)
      assert.equal(reply.refusal?.name, name)
      assert.ok(outcome.measured.restoreDurationMs !== undefined)
      assert.ok(env.log.some((line) => line.startsWith('RESTORE_REPORT ') && line.endsWith(status)))
      await env.environment.stop('failure')
      assert.equal(env.environment.state, 'gone')
    })
  }

  test('is not initialised again when it fails later: it is gone', async () => {
    await using env = openSnapshot()
    await env.environment.initialised
    const { outcome } = await env.invoke({ exit: true })
    assert.equal(outcome.reply.kind, 'crashed')
    assert.notEqual(env.environment.state, 'ready')
  })
})
