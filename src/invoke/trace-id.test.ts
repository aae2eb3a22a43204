import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemIds } from '../lib/ids.ts'
import { traceIdFor } from './trace-id.ts'

const nowMs = 0x67_7f_af_89 * 1000

test('traceIdFor() makes an unsampled trace', () => {
  assert.match(
    traceIdFor(undefined, nowMs, systemIds),
    /^Root=1-677faf89-[0-9a-f]{24};Parent=[0-9a-f]{16};Sampled=0$/,
  )
})

test('traceIdFor() passes the caller’s trace through and replaces what is none', () => {
  const own =
    'Root=1-677faf89-09a6b95269c6e56c4d1ab356;Parent=7e44b09386b9ab35;Sampled=1;Lineage=a:0'
  assert.equal(traceIdFor(own, nowMs, systemIds), own)
  for (const wrong of ['', 'nothing', 'Self=1-2-3', 'Root=1-2\r\nX: y']) {
    assert.match(traceIdFor(wrong, nowMs, systemIds), /^Root=1-677faf89-/)
  }
})
