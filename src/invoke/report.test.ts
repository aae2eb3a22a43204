import assert from 'node:assert/strict'
import { test } from 'node:test'
import { versionOf } from '../../test/support/version.ts'
import type { Invocation, Measured, Reply } from '../model.ts'
import { toLogLine } from '../observe/platform-lines.ts'
import { toReport, toReportRecord, toStartRecord } from './report.ts'

const requestId = '6d68ca91-49c9-448d-89b8-7ca3e6dc66aa'
const nowMs = Date.UTC(2026, 10, 20, 12, 0, 0, 64)

function invocation(logFormat: 'Text' | 'JSON' = 'Text'): Invocation {
  const version = versionOf({ memoryMib: 1024, logFormat })
  return { requestId, version, invokedArn: version.arn, payload: [], traceId: 'Root=1-0-0' }
}

const ok: Reply = { kind: 'ok', payload: [], contentType: 'application/json' }

function line(reply: Reply, measured: Measured, logFormat: 'Text' | 'JSON' = 'Text'): string {
  const run = invocation(logFormat)
  const record = toReportRecord(toReport(run, reply, measured), run)
  return toLogLine({ type: 'platform.report', record }, logFormat, nowMs) ?? ''
}

test('REPORT of a warm success ends with a tab', () => {
  assert.equal(
    line(ok, { durationMs: 3.0142, maxMemoryUsedMib: 36 }),
    `REPORT RequestId: ${requestId}\tDuration: 3.01 ms\tBilled Duration: 4 ms\tMemory Size: 1024 MB\tMax Memory Used: 36 MB\t`,
  )
})

test('REPORT of a cold start bills init and duration together', () => {
  assert.equal(
    line(ok, { durationMs: 2.46, initDurationMs: 413.61, maxMemoryUsedMib: 95 }),
    `REPORT RequestId: ${requestId}\tDuration: 2.46 ms\tBilled Duration: 417 ms\tMemory Size: 1024 MB\tMax Memory Used: 95 MB\tInit Duration: 413.61 ms\t`,
  )
})

test('REPORT of a crash and of a timeout have a status and no tab at the end', () => {
  const crashed: Reply = { kind: 'crashed', payload: [], errorType: 'Runtime.ExitError' }
  assert.equal(
    line(crashed, { durationMs: 133.61, initDurationMs: 80, maxMemoryUsedMib: 31 }),
    `REPORT RequestId: ${requestId}\tDuration: 133.61 ms\tBilled Duration: 214 ms\tMemory Size: 1024 MB\tMax Memory Used: 31 MB\tInit Duration: 80.00 ms\tStatus: error\tError Type: Runtime.ExitError`,
  )
  const timeout: Reply = { kind: 'timeout', payload: [], errorType: 'Sandbox.Timedout' }
  assert.equal(
    line(timeout, { durationMs: 3000, maxMemoryUsedMib: 64 }),
    `REPORT RequestId: ${requestId}\tDuration: 3000.00 ms\tBilled Duration: 3000 ms\tMemory Size: 1024 MB\tMax Memory Used: 64 MB\tStatus: timeout`,
  )
})

test('a handler error is a success of the platform, and at least 1 ms is billed', () => {
  const thrown: Reply = {
    kind: 'function-error',
    payload: [],
    contentType: 'application/json',
    errorType: 'Error',
  }
  const report = toReport(invocation(), thrown, { durationMs: 0, maxMemoryUsedMib: 1 })
  assert.equal(report.status, 'success')
  assert.equal(report.isFunctionError, true)
  assert.equal(report.billedDurationMs, 1)
})

test('the report of a function that logs in JSON is the event of the platform', () => {
  assert.equal(
    line(ok, { durationMs: 693.92, initDurationMs: 397.68, maxMemoryUsedMib: 84 }, 'JSON'),
    `{"time":"2026-11-20T12:00:00.064Z","type":"platform.report","record":{"requestId":"${requestId}","status":"success","metrics":{"durationMs":693.92,"billedDurationMs":1092,"memorySizeMB":1024,"maxMemoryUsedMB":84,"initDurationMs":397.68}}}`,
  )
})

test('start and report name the tenant, and the trace when it is sampled', () => {
  const traceId = 'Root=1-0-0;Parent=7e44b09386b9ab35;Sampled=1'
  const plain = toStartRecord({ ...invocation(), traceId: 'Root=1-0-0;Sampled=0' })
  assert.deepEqual(plain, { requestId, version: '$LATEST' })
  const passed = { ...invocation(), traceId, tenantId: 't' }
  const tracing = { type: 'X-Amzn-Trace-Id', value: traceId }
  assert.deepEqual(toStartRecord(passed), { requestId, version: '$LATEST', tenantId: 't', tracing })
  const version = { ...passed.version, isTracingActive: true as const }
  const active = { ...passed, version }
  const measured: Measured = { durationMs: 1, maxMemoryUsedMib: 1 }
  const record = toReportRecord(toReport(active, ok, measured), active)
  assert.deepEqual(record.tracing, { spanId: '7e44b09386b9ab35', ...tracing })
  assert.equal(record.tenantId, 't')
})
