import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { FunctionVersion } from '../model.ts'
import { initReportLine, initStartLine } from './log-lines.ts'

const version = {
  functionName: 'fn',
  version: '7',
  memoryMib: 128,
  logFormat: 'Text',
} as FunctionVersion
const json: FunctionVersion = { ...version, logFormat: 'JSON' }
const start = {
  runtimeVersion: 'python:3.12.v38',
  runtimeVersionArn: 'arn:x',
  phase: 'init',
} as const
const nowMs = Date.UTC(2026, 10, 20, 1, 2, 3, 4)

test('initStartLine() is AWS text, or its event in JSON', () => {
  assert.equal(
    initStartLine({ ...start, version }, nowMs),
    'INIT_START Runtime Version: python:3.12.v38\tRuntime Version ARN: arn:x',
  )
  assert.deepEqual(JSON.parse(initStartLine({ ...start, version: json }, nowMs)), {
    time: '2026-11-20T01:02:03.004Z',
    type: 'platform.initStart',
    record: {
      initializationType: 'on-demand',
      phase: 'init',
      runtimeVersion: 'python:3.12.v38',
      runtimeVersionArn: 'arn:x',
      functionName: 'fn',
      functionVersion: '7',
      instanceMaxMemory: 134217728,
    },
  })
})

test('initReportLine() names phase, status and error type', () => {
  const error = {
    durationMs: 150.789,
    phase: 'init',
    status: 'error',
    errorType: 'Runtime.X',
  } as const
  assert.equal(
    initReportLine(error, version, nowMs),
    'INIT_REPORT Init Duration: 150.79 ms\tPhase: init\tStatus: error\tError Type: Runtime.X',
  )
  assert.equal(
    initReportLine({ durationMs: 9999.79, phase: 'invoke', status: 'timeout' }, version, nowMs),
    'INIT_REPORT Init Duration: 9999.79 ms\tPhase: invoke\tStatus: timeout',
  )
  assert.deepEqual(JSON.parse(initReportLine(error, json, nowMs)).record, {
    initializationType: 'on-demand',
    phase: 'init',
    status: 'error',
    errorType: 'Runtime.X',
    metrics: { durationMs: 150.789 },
  })
})
