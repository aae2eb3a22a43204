import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { telemetryLimits } from '../../config.ts'
import { Batcher } from './batcher.ts'

const nothing = { records: 0, bytes: 0 }

test('Batcher gives every record once, in order, in batches within both limits', () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ maxLength: 40 })),
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 1, max: 100 }),
      (texts, maxItems, maxBytes) => {
        const batcher = new Batcher({ maxItems, maxBytes, timeoutMs: 25 }, nothing)
        for (const text of texts) batcher.add(text)
        const given: string[] = []
        while (!batcher.isEmpty) {
          const batch = batcher.take()
          const bytes = batch.texts.reduce((sum, text) => sum + Buffer.byteLength(text) + 1, 0)
          assert.equal(batch.bytes, bytes)
          assert.ok(batch.texts.length <= maxItems)
          assert.ok(bytes <= maxBytes || batch.texts.length === 1)
          given.push(...batch.texts)
        }
        assert.deepEqual(given, texts)
        assert.ok(!batcher.isFull)
      },
    ),
  )
})

test('Batcher is full at its number of records or bytes', () => {
  const batcher = new Batcher({ maxItems: 3, maxBytes: 10, timeoutMs: 25 }, nothing)
  batcher.add('a')
  batcher.add('b')
  assert.ok(!batcher.isFull)
  batcher.add('c')
  assert.ok(batcher.isFull)
  batcher.take()
  batcher.add('123456789')
  assert.ok(batcher.isFull)
})

test('Batcher drops and counts what is beyond its bounds, and says so once', () => {
  const batcher = new Batcher(
    { maxItems: 1000, maxBytes: 262_144, timeoutMs: 25 },
    { records: 2, bytes: 20 },
  )
  const text = 'x'.repeat(1024 * 1024 - 1)
  for (let count = 0; count < 6; count += 1) batcher.add(text)
  const kept = telemetryLimits.maxPendingBytes / (1024 * 1024)
  assert.deepEqual(batcher.takeDropped(), {
    records: 2 + 6 - kept,
    bytes: 20 + (6 - kept) * 1024 * 1024,
  })
  assert.equal(batcher.takeDropped(), undefined)
  const many = new Batcher({ maxItems: 1000, maxBytes: 262_144, timeoutMs: 25 }, nothing)
  for (let count = 0; count < telemetryLimits.maxPendingCount + 3; count += 1) many.add('')
  assert.deepEqual(many.takeDropped(), { records: 3, bytes: 3 })
})
