import assert from 'node:assert/strict'
import { test } from 'node:test'
import { versionOf } from '../../test/support/version.ts'
import { systemIds } from '../lib/ids.ts'
import type { Invocation } from '../model.ts'
import { enterSegment } from './tracing.ts'

const version = versionOf()
const invocation = (traceId: string): Invocation => ({
  requestId: 'r',
  version,
  invokedArn: version.arn,
  payload: [],
  traceId,
})

test('enterSegment() leaves traces alone unless tracing is active', () => {
  const passed = invocation('Root=1-0-0;Parent=1;Sampled=1')
  assert.equal(enterSegment(passed, systemIds), passed)
})

test('enterSegment() makes the segment of the function the parent', () => {
  const enter = (traceId: string) => {
    const passed = invocation(traceId)
    const active = { ...passed, version: { ...version, isTracingActive: true as const } }
    return enterSegment(active, systemIds).traceId
  }
  assert.match(
    enter('Root=1-0-0;Parent=1;Sampled=1;Lineage=a:0'),
    /^Root=1-0-0;Parent=[0-9a-f]{16};Sampled=1;Lineage=a:0$/,
  )
  assert.match(enter('Sampled=1;Root=1-0-0'), /^Sampled=1;Root=1-0-0;Parent=[0-9a-f]{16}$/)
})
