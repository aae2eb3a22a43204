/** The trunk over real processes: replies, log lines, tails, concurrency. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { answerOf, openRunner, scripted, textOf } from './runner.ts'
import { until } from '../support/until.ts'

test('an environment is reused, and its lines go to its stream', async () => {
  await using runner = await openRunner()
  const version = scripted()
  const first = await runner.invoke(version, { log: 'hello' }, { wantsTail: true })
  const second = await runner.invoke(version, {})
  assert.equal(first.reply.kind, 'ok')
  assert.equal(first.executedVersion, '$LATEST')
  assert.deepEqual([answerOf(first).count, answerOf(second).count], [1, 2])
  assert.equal(answerOf(first).stream, answerOf(second).stream)
  const [report] = runner.reports
  assert.ok(report)
  assert.match(
    first.tail?.toString() ?? '',
    new RegExp(
      `^START RequestId: ${report.requestId} Version: \\$LATEST\nhello\nEND RequestId: ${report.requestId}\n` +
        `REPORT RequestId: ${report.requestId}\tDuration: \\d+\\.\\d\\d ms\tBilled Duration: \\d+ ms\tMemory Size: 128 MB\tMax Memory Used: \\d+ MB\tInit Duration: \\d+\\.\\d\\d ms\t\n$`,
    ),
  )
  await until(() => runner.reports.length === 2)
  const events = await runner.logs.read(version, version.logGroup)
  assert.deepEqual([...new Set(events.map(({ stream }) => stream))], [answerOf(first).stream])
  assert.deepEqual(
    events.map(({ message }) => message.split(/[ :]/)[0]),
    ['INIT_START', 'START', 'hello', 'END', 'REPORT', 'START', 'END', 'REPORT'],
  )
})

test('where tenants are kept apart nothing runs without one, however it came', async () => {
  await using runner = await openRunner()
  const version = scripted({ isTenantIsolated: true })
  await assert.rejects(runner.invoke(version, {}), { code: 'InvalidParameterValueException' })
  assert.equal(runner.fleet.counts().environmentCount, 0)
})

test('a function error, a crash and a timeout are answers, and the next invocation works', async () => {
  await using runner = await openRunner()
  const version = scripted({ timeoutMs: 1000 })
  const failed = await runner.invoke(version, { fail: 'no luck' })
  assert.equal(failed.reply.kind, 'function-error')
  assert.equal(textOf(failed), '{"errorType":"Test.Error","errorMessage":"no luck"}\n')
  const crashed = await runner.invoke(version, { exit: 3 }, { wantsTail: true })
  assert.equal(crashed.reply.kind, 'crashed')
  assert.match(textOf(crashed), /Runtime exited with error: exit status 3/)
  assert.match(crashed.tail?.toString() ?? '', /\tStatus: error\tError Type: Runtime\.ExitError\n$/)
  const late = await runner.invoke(version, { sleep: 5 }, { wantsTail: true })
  assert.equal(late.reply.kind, 'timeout')
  assert.match(
    late.tail?.toString() ?? '',
    /\tDuration: 1000\.00 ms\tBilled Duration: 1000 ms\t.*\tStatus: timeout\n$/,
  )
  const next = await runner.invoke(version, {})
  assert.equal(answerOf(next).count, 1)
  assert.deepEqual(
    runner.reports.slice(0, 3).map(({ status, isFunctionError }) => [status, isFunctionError]),
    [
      ['success', true],
      ['error', true],
      ['timeout', true],
    ],
  )
  assert.equal(runner.fleet.counts().environmentCount, 1)
})

test('the tail is the last 4,096 bytes of one invocation', async () => {
  await using runner = await openRunner()
  const { tail } = await runner.invoke(
    scripted(),
    { log: `begin${'x'.repeat(5000)}` },
    { wantsTail: true },
  )
  assert.equal(tail?.length, 4096)
  assert.match(tail.toString(), /^x+\nEND RequestId: \S+\nREPORT RequestId: .*\t\n$/)
})

test('100 invocations at once run in 100 environments', async () => {
  await using runner = await openRunner()
  const version = scripted()
  const startedMs = performance.now()
  const results = await Promise.all(
    Array.from({ length: 100 }, () => runner.invoke(version, { sleep: 1 })),
  )
  const tookMs = performance.now() - startedMs
  assert.equal(new Set(results.map((result) => answerOf(result).stream)).size, 100)
  // Side by side, not in turns; how fast is for the benchmarks to say.
  assert.ok(tookMs < 20_000, `took ${tookMs} ms`)
})

test('reserved concurrency 10 lets 10 of 100 run and throttles exactly 90', async () => {
  await using runner = await openRunner()
  const version = scripted()
  const results = await Promise.allSettled(
    Array.from({ length: 100 }, () =>
      runner.invoke(version, { sleep: 0.3 }, { reservedConcurrency: 10 }),
    ),
  )
  const refused = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []))
  assert.equal(refused.length, 90)
  for (const { code, status, message, fields } of refused) {
    assert.deepEqual([code, status, message], ['TooManyRequestsException', 429, 'Rate Exceeded.'])
    assert.equal(fields.Reason, 'ReservedFunctionConcurrentInvocationLimitExceeded')
  }
})

test('a short burst is served by few environments, one after the other', async () => {
  const counts: number[] = []
  // Where other tests take their share of the machine starts are slow, and more are made: one undisturbed burst must do.
  while (counts.length < 3 && !counts.some((count) => count < 30)) {
    await using runner = await openRunner({ limits: { maxStartingCount: 2 } })
    const version = scripted()
    const results = await Promise.all(Array.from({ length: 60 }, () => runner.invoke(version, {})))
    counts.push(new Set(results.map((result) => answerOf(result).stream)).size)
  }
  assert.ok(Math.min(...counts) < 30, `${counts.join()} environments`)
})

test('one caller after the other needs one environment only, without pauses', async () => {
  await using runner = await openRunner()
  const version = scripted()
  for (let count = 1; count <= 30; count++) {
    assert.equal(
      answerOf(await runner.invoke(version, {}, { reservedConcurrency: 1 })).count,
      count,
    )
  }
  assert.equal(runner.fleet.counts().environmentCount, 1)
})

test('a caller that gave up leaves its environment to the next', async () => {
  await using runner = await openRunner()
  const version = scripted({ environment: { INIT_SLEEP: '0.2' } })
  const signal = AbortSignal.abort(new Error('gone'))
  await assert.rejects(runner.invoke(version, {}, { signal }), /gone/)
  const abort = new AbortController()
  const given = runner.invoke(version, {}, { signal: abort.signal })
  abort.abort(new Error('gave up'))
  await assert.rejects(given, /gave up/)
  assert.equal(runner.fleet.counts().environmentCount, 1)
  assert.equal(answerOf(await runner.invoke(version, {})).count, 1)
  assert.equal(runner.fleet.counts().environmentCount, 1)
})

test('idle environments go, and a new one serves the next', async () => {
  await using runner = await openRunner({ limits: { idleMs: 100 } })
  const first = answerOf(await runner.invoke(scripted(), {}))
  await until(() => runner.fleet.counts().environmentCount === 0)
  const second = answerOf(await runner.invoke(scripted(), {}))
  assert.notEqual(first.stream, second.stream)
})

test('a new revision runs in a new environment', async () => {
  await using runner = await openRunner()
  const first = answerOf(await runner.invoke(scripted(), {}))
  const second = answerOf(await runner.invoke(scripted({ revisionId: 'second' }), {}))
  assert.notEqual(first.stream, second.stream)
})

test('a runtime that is not here is refused with what to do', async () => {
  await using runner = await openRunner()
  await assert.rejects(runner.invoke(scripted({ runtime: 'dotnet8' }), {}), {
    code: 'InvalidRuntimeException',
    status: 502,
    message: /^The runtime dotnet8 is not available here\. /,
  })
})
