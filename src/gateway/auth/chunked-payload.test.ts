import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { AwsError } from '../../lib/errors/aws-error.ts'
import { AuthFailure } from './auth-failure.ts'
import { decodeChunked } from './chunked-payload.ts'
import type { ChunkedPayload } from './chunked-payload.ts'
import { deriveSigningKey } from './signing-keys.ts'
import type { ChunkSeed } from './verify.ts'

const scope = { date: '20130524', region: 'us-east-1', service: 's3' }
const key = deriveSigningKey('wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY', scope)

function seed(signature: string): ChunkSeed {
  const text = '20130524/us-east-1/s3/aws4_request'
  return { key, signature, timestamp: '20130524T000000Z', scope: text }
}

type Vector = { payload: ChunkedPayload; seed: ChunkSeed; wire: string }

const kib = 'a'.repeat(1024)

/** source: S3 API reference, the two examples of chunked uploads (65 KiB of "a") */
const signedVector: Vector = {
  payload: 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD',
  seed: seed('4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9'),
  wire:
    `10000;chunk-signature=ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648\r\n${kib.repeat(64)}\r\n` +
    `400;chunk-signature=0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497\r\n${kib}\r\n` +
    '0;chunk-signature=b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9\r\n\r\n',
}
const trailerVector: Vector = {
  payload: 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER',
  seed: seed('106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e'),
  wire:
    `10000;chunk-signature=b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2\r\n${kib.repeat(64)}\r\n` +
    `400;chunk-signature=1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7\r\n${kib}\r\n` +
    '0;chunk-signature=2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992\r\n' +
    'x-amz-checksum-crc32c:sOO8/Q==\r\n' +
    'x-amz-trailer-signature:d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435\r\n\r\n',
}
const unsignedVector: Vector = {
  payload: 'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
  seed: seed(''),
  wire: `10000\r\n${kib.repeat(64)}\r\n400\r\n${kib}\r\n0\r\nx-amz-checksum-crc32c:sOO8/Q==\r\n\r\n`,
}
const vectors = [signedVector, trailerVector, unsignedVector]

async function* inPieces(wire: string, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(wire, 'latin1')
  let at = 0
  for (let turn = 0; at < bytes.length; turn += 1) {
    const size = sizes[turn % sizes.length] ?? 1
    yield bytes.subarray(at, at + size)
    at += size
  }
}

async function decode(vector: Vector, sizes: readonly number[] = [100_000]) {
  const trailers: Record<string, string> = {}
  const parts: Uint8Array[] = []
  const { payload, seed: from } = vector
  const onTrailer = (name: string, value: string): void => {
    trailers[name] = value
  }
  const decoded = decodeChunked(inPieces(vector.wire, sizes), { payload, seed: from, onTrailer })
  for await (const part of decoded) parts.push(part)
  return { text: Buffer.concat(parts).toString('latin1'), trailers }
}

test('decodeChunked() reads the published examples, however they arrive', async () => {
  for (const vector of vectors) {
    const expected = {
      text: kib.repeat(65),
      trailers: vector === signedVector ? {} : { 'x-amz-checksum-crc32c': 'sOO8/Q==' },
    }
    assert.deepEqual(await decode(vector), expected)
    const sizes = fc.array(fc.integer({ min: 1, max: 70_000 }), { minLength: 1, maxLength: 5 })
    await fc.assert(
      fc.asyncProperty(sizes, async (given) => {
        const coarse = given.map((size, index) => (index === 0 ? size + 500 : size))
        assert.deepEqual(await decode(vector, coarse), expected)
      }),
      { numRuns: 15 },
    )
  }
})

test('decodeChunked() gives nothing of a chunk that was tampered with', async () => {
  const tampered = {
    ...signedVector,
    wire: signedVector.wire.replace('aaaa\r\n400', 'aaab\r\n400'),
  }
  const parts: Uint8Array[] = []
  const options = { payload: tampered.payload, seed: tampered.seed, onTrailer: () => {} }
  await assert.rejects(async () => {
    for await (const part of decodeChunked(inPieces(tampered.wire, [9000]), options)) {
      parts.push(part)
    }
  }, AuthFailure)
  assert.equal(parts.length, 0)
  const trailer = { ...trailerVector, wire: trailerVector.wire.replace('sOO8', 'sOO9') }
  await assert.rejects(decode(trailer), AuthFailure)
})

test('decodeChunked() takes no body that breaks off', async () => {
  for (const vector of vectors) {
    for (const length of [0, 5, 200, 66_000, vector.wire.length - 2]) {
      await assert.rejects(
        decode({ ...vector, wire: vector.wire.slice(0, length) }),
        (error) => error instanceof AwsError && error.code === 'IncompleteBody',
        `${vector.payload} at ${length}`,
      )
    }
  }
})

test('decodeChunked() on any bytes ends, with bytes or with our errors', async () => {
  const piece = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 20 }),
    fc.constantFrom('\r\n', '0', '5', 'ffffffffffff', ';chunk-signature=', 'a:b\r\n', '\n'),
  )
  await fc.assert(
    fc.asyncProperty(
      fc.array(piece, { maxLength: 12 }),
      fc.constantFrom(...vectors),
      fc.integer({ min: 1, max: 9 }),
      async (pieces, vector, size) => {
        try {
          await decode({ ...vector, wire: pieces.join('') }, [size])
        } catch (error) {
          assert.ok(error instanceof AuthFailure || error instanceof AwsError, String(error))
        }
      },
    ),
    { numRuns: 100 },
  )
})
