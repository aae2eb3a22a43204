import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { InitEnded, InitStart } from './platform-events.ts'
import { toLogLine } from './platform-lines.ts'

const nowMs = Date.UTC(2026, 10, 20, 1, 2, 3, 4)
const requestId = '6d68ca91-49c9-448d-89b8-7ca3e6dc66aa'
const initStart: InitStart = {
  initializationType: 'on-demand',
  phase: 'init',
  runtimeVersion: 'python:3.12.v38',
  runtimeVersionArn: 'arn:x',
  functionName: 'fn',
  functionVersion: '7',
  instanceMaxMemory: 134217728,
}

test('toLogLine() gives INIT_START, or the event itself in JSON', () => {
  const event = { type: 'platform.initStart', record: initStart } as const
  assert.equal(
    toLogLine(event, 'Text', nowMs),
    'INIT_START Runtime Version: python:3.12.v38\tRuntime Version ARN: arn:x',
  )
  assert.deepEqual(JSON.parse(toLogLine(event, 'JSON', nowMs) ?? ''), {
    time: '2026-11-20T01:02:03.004Z',
    type: 'platform.initStart',
    record: initStart,
  })
})

test('toLogLine() names phase, status and error type of an init that failed', () => {
  const initReport = (record: Partial<InitEnded>, durationMs: number) =>
    ({
      type: 'platform.initReport',
      record: {
        initializationType: 'on-demand',
        phase: 'init',
        status: 'error',
        ...record,
        metrics: { durationMs },
      },
    }) as const
  const error = initReport({ errorType: 'Runtime.X' }, 150.7891)
  assert.equal(
    toLogLine(error, 'Text', nowMs),
    'INIT_REPORT Init Duration: 150.79 ms\tPhase: init\tStatus: error\tError Type: Runtime.X',
  )
  assert.equal(
    toLogLine(initReport({ phase: 'invoke', status: 'timeout' }, 9999.79), 'Text', nowMs),
    'INIT_REPORT Init Duration: 9999.79 ms\tPhase: invoke\tStatus: timeout',
  )
  assert.equal(toLogLine(initReport({ status: 'success' }, 1), 'Text', nowMs), undefined)
  assert.deepEqual(JSON.parse(toLogLine(error, 'JSON', nowMs) ?? '').record, {
    initializationType: 'on-demand',
    phase: 'init',
    status: 'error',
    errorType: 'Runtime.X',
    metrics: { durationMs: 150.789 },
  })
})

test('START and END name the request; JSON has no event for END', () => {
  const start = { type: 'platform.start', record: { requestId, version: '$LATEST' } } as const
  const end = { type: 'platform.end', record: { requestId } } as const
  assert.equal(toLogLine(start, 'Text', nowMs), `START RequestId: ${requestId} Version: $LATEST`)
  assert.equal(toLogLine(end, 'Text', nowMs), `END RequestId: ${requestId}`)
  assert.equal(
    toLogLine(start, 'JSON', nowMs),
    `{"time":"2026-11-20T01:02:03.004Z","type":"platform.start","record":{"requestId":"${requestId}","version":"$LATEST"}}`,
  )
  assert.equal(toLogLine(end, 'JSON', nowMs), undefined)
})
