import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { PlatformEvent } from '../../observe/platform-events.ts'
import { toDelivered } from './record.ts'
import type { SchemaVersion, TelemetryApiName } from './subscription.ts'

const timeMs = Date.UTC(2022, 9, 12, 0, 3, 50, 0)
const time = '2022-10-12T00:03:50.000Z'
const requestId = '6d68ca91-49c9-448d-89b8-7ca3e6dc66aa'
const types = ['platform', 'function', 'extension'] as const
const tracing = { spanId: '54565fb41ac79632', type: 'X-Amzn-Trace-Id', value: 'Root=1' } as const

function deliver(event: PlatformEvent, api: TelemetryApiName, schemaVersion: SchemaVersion) {
  const text = toDelivered(
    { timeMs, type: 'platform', event },
    { api, types, schemaVersion },
    false,
  )
  return text === undefined ? undefined : JSON.parse(text)
}

const runtimeDone: PlatformEvent = {
  type: 'platform.runtimeDone',
  record: {
    requestId,
    status: 'success',
    spans: [{ name: 'responseLatency', start: time, durationMs: 23.0204 }],
    metrics: { durationMs: 140.00049, producedBytes: 16 },
    tracing,
  },
}
const report: PlatformEvent = {
  type: 'platform.report',
  record: {
    requestId,
    status: 'timeout',
    metrics: { durationMs: 5000, billedDurationMs: 5000, memorySizeMB: 128, maxMemoryUsedMB: 94 },
    tracing,
  },
}
const start: PlatformEvent = {
  type: 'platform.start',
  record: { requestId, version: '$LATEST', tracing },
}

test('the Telemetry API delivers events as they are, durations with three decimals', () => {
  assert.deepEqual(deliver(runtimeDone, 'telemetry', '2022-12-13'), {
    time,
    type: 'platform.runtimeDone',
    record: {
      requestId,
      status: 'success',
      spans: [{ name: 'responseLatency', start: time, durationMs: 23.02 }],
      metrics: { durationMs: 140, producedBytes: 16 },
      tracing,
    },
  })
  assert.deepEqual(deliver(report, 'telemetry', '2022-07-01'), { time, ...report })
  const end: PlatformEvent = { type: 'platform.end', record: { requestId } }
  assert.equal(deliver(end, 'telemetry', '2022-12-13'), undefined)
})

test('the Logs API delivers fewer events with less in them', () => {
  assert.deepEqual(deliver(start, 'logs', '2020-08-15').record, { requestId, version: '$LATEST' })
  assert.deepEqual(Object.keys(deliver(report, 'logs', '2020-08-15').record), [
    'requestId',
    'metrics',
  ])
  assert.equal(deliver(runtimeDone, 'logs', '2020-08-15'), undefined)
  assert.deepEqual(deliver(runtimeDone, 'logs', '2021-03-18').record, {
    requestId,
    status: 'success',
  })
  const fault: PlatformEvent = {
    type: 'platform.fault',
    record: `RequestId: ${requestId} Error: Runtime exited\nRuntime.ExitError\n`,
  }
  assert.deepEqual(deliver(fault, 'logs', '2021-03-18'), { time, ...fault })
  const initStart: PlatformEvent = {
    type: 'platform.initStart',
    record: {
      initializationType: 'on-demand',
      phase: 'init',
      functionName: 'f',
      functionVersion: '1',
    },
  }
  assert.equal(deliver(initStart, 'logs', '2021-03-18'), undefined)
})

test('lines are strings with their newline, or objects where format and schema know them', () => {
  const lineOf = (line: string, schemaVersion: SchemaVersion, isJson: boolean) => {
    const api: TelemetryApiName = schemaVersion < '2022' ? 'logs' : 'telemetry'
    const subscription = { api, types, schemaVersion }
    return JSON.parse(toDelivered({ timeMs, type: 'function', line }, subscription, isJson) ?? '')
  }
  assert.deepEqual(lineOf('{"a":1}', '2022-12-13', true), {
    time,
    type: 'function',
    record: { a: 1 },
  })
  assert.equal(lineOf('{"a":1}', '2022-07-01', true).record, '{"a":1}\n')
  assert.equal(lineOf('{"a":1}', '2022-12-13', false).record, '{"a":1}\n')
  assert.equal(lineOf('{"a":1}', '2021-03-18', true).record, '{"a":1}\n')
  assert.equal(lineOf('{"a":', '2022-12-13', true).record, '{"a":\n')
  const only = { api: 'telemetry', types: ['platform'], schemaVersion: '2022-12-13' } as const
  assert.equal(toDelivered({ timeMs, type: 'extension', line: 'x' }, only, true), undefined)
})

test('any line is delivered as one line of JSON', () => {
  const subscription = { api: 'telemetry', types, schemaVersion: '2022-12-13' } as const
  const lines = fc
    .oneof(fc.json(), fc.string({ unit: 'binary' }))
    .map((text) => text.replaceAll('\n', ''))
  fc.assert(
    fc.property(lines, (line) => {
      const text = toDelivered({ timeMs, type: 'extension', line }, subscription, true) ?? ''
      assert.equal(JSON.parse(text).type, 'extension')
      assert.ok(!text.includes('\n'))
    }),
  )
})
