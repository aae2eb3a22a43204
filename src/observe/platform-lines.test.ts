import assert from 'node:assert/strict'
import { test } from 'node:test'
import type {
  InitEnded,
  InitStart,
  InvocationReport,
  PlatformEvent,
  PlatformStatus,
} from './platform-events.ts'
import { mayShow, toLogLine } from './platform-lines.ts'

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

const report: InvocationReport = {
  requestId,
  status: 'success',
  metrics: {
    durationMs: 2338.66,
    billedDurationMs: 2521,
    memorySizeMB: 3009,
    maxMemoryUsedMB: 173,
  },
}

test('lines of a restore say how long it took and what of it is billed', () => {
  const record = {
    functionName: 'fn',
    functionVersion: '7',
    runtimeVersion: 'java:11.v21',
    runtimeVersionArn: 'arn:y',
  }
  assert.equal(
    toLogLine({ type: 'platform.restoreStart', record }, 'Text', nowMs),
    'RESTORE_START Runtime Version: java:11.v21\tRuntime Version ARN: arn:y',
  )
  const restored = (ended: { status: PlatformStatus; errorType?: string }) =>
    toLogLine(
      { type: 'platform.restoreReport', record: { ...ended, metrics: { durationMs: 511.251 } } },
      'Text',
      nowMs,
    )
  assert.equal(restored({ status: 'success' }), 'RESTORE_REPORT Restore Duration: 511.25 ms')
  assert.equal(
    restored({ status: 'error', errorType: 'Runtime.ExitError' }),
    'RESTORE_REPORT Restore Duration: 511.25 ms\tStatus: error\tError Type: Runtime.ExitError',
  )
  const metrics = { ...report.metrics, restoreDurationMs: 398.97, billedRestoreDurationMs: 182 }
  assert.equal(
    toLogLine({ type: 'platform.report', record: { ...report, metrics } }, 'Text', nowMs),
    `REPORT RequestId: ${requestId}\tDuration: 2338.66 ms\tBilled Duration: 2521 ms\tMemory Size: 3009 MB\tMax Memory Used: 173 MB\tRestore Duration: 398.97 ms\tBilled Restore Duration: 182 ms\t`,
  )
})

test('the REPORT of a traced invocation has a second line for X-Ray', () => {
  const tracing = {
    spanId: '7e44b09386b9ab35',
    type: 'X-Amzn-Trace-Id',
    value: 'Root=1-677faf89-09a6b95269c6e56c4d1ab356;Parent=1;Sampled=1',
  } as const
  const line = toLogLine({ type: 'platform.report', record: { ...report, tracing } }, 'Text', nowMs)
  assert.equal(
    line?.slice(line.indexOf('\n')),
    '\nXRAY TraceId: 1-677faf89-09a6b95269c6e56c4d1ab356\tSegmentId: 7e44b09386b9ab35\tSampled: true\t',
  )
})

test('EXTENSION, TELEMETRY and LOGS name what was registered and subscribed', () => {
  const extension = { name: 'a', state: 'Ready', events: ['SHUTDOWN', 'INVOKE'] }
  const lineOf = (event: PlatformEvent) => toLogLine(event, 'Text', nowMs)
  assert.equal(
    lineOf({ type: 'platform.extension', record: extension }),
    'EXTENSION\tName: a\tState: Ready\tEvents: [SHUTDOWN, INVOKE]',
  )
  const failed = { name: 'a', state: 'LaunchError', events: [], errorType: 'PermissionDenied' }
  assert.equal(
    lineOf({ type: 'platform.extension', record: failed }),
    'EXTENSION\tName: a\tState: LaunchError\tEvents: []\tError Type: PermissionDenied',
  )
  const forged = 'a\tState: Ready\r\n\u2028\u0085\u001b[2JREPORT'
  assert.equal(
    lineOf({ type: 'platform.extension', record: { ...failed, name: forged, errorType: forged } }),
    'EXTENSION\tName: a?State: Ready?????[2JREPORT\tState: LaunchError\tEvents: []\tError Type: a?State: Ready?????[2JREPORT',
  )
  const record = { name: 'a', state: 'Subscribed', types: ['platform', 'function'] } as const
  assert.equal(
    lineOf({ type: 'platform.telemetrySubscription', record }),
    'TELEMETRY\tName: a\tState: Subscribed\tTypes: [Platform, Function]',
  )
  assert.equal(
    lineOf({ type: 'platform.logsSubscription', record: { ...record, types: ['extension'] } }),
    'LOGS\tName: a\tState: Subscribed\tTypes: [Extension]',
  )
})

test('the system log level chooses the events of a JSON log', () => {
  const done = { requestId, status: 'success' } as const
  const { runtimeVersion: _version, ...ownRuntime } = initStart
  const onDemand = { initializationType: 'on-demand', phase: 'init', status: 'success' } as const
  const metrics = { durationMs: 1 }
  const events: readonly (readonly [least: string, PlatformEvent])[] = [
    ['DEBUG', { type: 'platform.initStart', record: ownRuntime }],
    ['INFO', { type: 'platform.initStart', record: initStart }],
    ['DEBUG', { type: 'platform.initRuntimeDone', record: onDemand }],
    ['DEBUG', { type: 'platform.initReport', record: { ...onDemand, metrics } }],
    [
      'INFO',
      {
        type: 'platform.initReport',
        record: { ...onDemand, initializationType: 'provisioned-concurrency', metrics },
      },
    ],
    ['WARN', { type: 'platform.initReport', record: { ...onDemand, status: 'timeout', metrics } }],
    ['INFO', { type: 'platform.start', record: { requestId, version: '1' } }],
    ['DEBUG', { type: 'platform.runtimeDone', record: done }],
    ['WARN', { type: 'platform.runtimeDone', record: { ...done, status: 'error' } }],
    ['INFO', { type: 'platform.report', record: report }],
    ['WARN', { type: 'platform.report', record: { ...report, status: 'timeout' } }],
    ['INFO', { type: 'platform.extension', record: { name: 'a', state: 'Ready', events: [] } }],
    [
      'WARN',
      {
        type: 'platform.logsDropped',
        record: { droppedBytes: 1, droppedRecords: 1, reason: 'slow' },
      },
    ],
  ]
  const order = ['DEBUG', 'INFO', 'WARN']
  for (const [least, event] of events) {
    assert.ok(mayShow(event.type, 'JSON'))
    for (const level of order) {
      const isShown = toLogLine(event, 'JSON', nowMs, level) !== undefined
      assert.equal(isShown, order.indexOf(least) >= order.indexOf(level), `${event.type} ${level}`)
    }
  }
  assert.ok(!mayShow('platform.end', 'JSON') && !mayShow('platform.runtimeDone', 'Text'))
})
