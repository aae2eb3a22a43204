import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { AwsError } from '../lib/errors/aws-error.ts'
import { BytesInFlight, bodyTooLarge, collect, joined, unpackGzip } from './body.ts'

async function* stream(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks
}

const limit = (maxBytes: number, inFlight = new BytesInFlight(1_000_000)) => ({
  maxBytes,
  inFlight,
  tooLarge: bodyTooLarge,
})
const isTooLarge = (error: unknown): boolean => error instanceof AwsError && error.status === 413

test('collect() keeps the chunks and hashes them as one', async () => {
  const chunks = fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 6 })
  await fc.assert(
    fc.asyncProperty(chunks, async (given) => {
      const whole = Buffer.concat(given)
      const body = await collect(stream(given), limit(1000))
      assert.deepEqual(joined(body.chunks), whole)
      assert.equal(body.sha256, createHash('sha256').update(whole).digest('hex'))
    }),
  )
})

test('collect() stops reading at its limit', async () => {
  let readCount = 0
  async function* endless(): AsyncGenerator<Uint8Array> {
    for (;;) {
      readCount += 1
      yield Buffer.alloc(10)
    }
  }
  await assert.rejects(collect(endless(), limit(100)), isTooLarge)
  assert.equal(readCount, 11)
})

test('collect() refuses what is too much at once, counts tiny chunks for what they cost, and gives back', async () => {
  const inFlight = new BytesInFlight(10_000)
  const drops = Array.from({ length: 100 }, () => Buffer.alloc(1))
  const isBusy = (error: unknown): boolean => error instanceof AwsError && error.status === 503
  await assert.rejects(collect(stream(drops), limit(1000, inFlight)), isBusy)
  await assert.rejects(collect(stream([Buffer.alloc(9_800)]), limit(20_000, inFlight)), isBusy)
  assert.equal(
    (await collect(stream([Buffer.alloc(9_700)]), limit(20_000, inFlight))).chunks.length,
    1,
  )
  assert.equal(inFlight.tryAdd(9_744), 10_000)
})

test('unpackGzip() unpacks, but no bomb', async () => {
  const packed = gzipSync(Buffer.alloc(1_000_000))
  assert.equal((await unpackGzip(packed, limit(1_000_000))).length, 1_000_000)
  await assert.rejects(unpackGzip(packed, limit(999_999)), isTooLarge)
  const isBad = (error: unknown): boolean =>
    error instanceof AwsError && error.code === 'SerializationException'
  await assert.rejects(unpackGzip(packed.subarray(0, 50), limit(1_000_000)), isBad)
  await assert.rejects(unpackGzip(Buffer.from('no gzip'), limit(1000)), isBad)
})
