/**
 * Bodies in `aws-chunked` coding: chunks with a chain of signatures, or unsigned ones, and trailers after the last. A signed
 * chunk is withheld until its signature is checked.
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import { gatewayLimits } from '../../config.ts'
import { AwsError } from '../../lib/errors/aws-error.ts'
import { AuthFailure } from './auth-failure.ts'
import { ByteReader } from './byte-reader.ts'
import { sha256Text } from './canonical.ts'
import type { ChunkSeed } from './verify.ts'

/** The kinds of streaming payload, by the word in `x-amz-content-sha256`. */
export const chunkedPayloads = {
  'STREAMING-AWS4-HMAC-SHA256-PAYLOAD': { isSigned: true, hasTrailer: false },
  'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER': { isSigned: true, hasTrailer: true },
  'STREAMING-UNSIGNED-PAYLOAD-TRAILER': { isSigned: false, hasTrailer: true },
} as const

export type ChunkedPayload = keyof typeof chunkedPayloads

/** true for the words of `chunkedPayloads` */
export function isChunkedPayload(word: string): word is ChunkedPayload {
  return Object.hasOwn(chunkedPayloads, word)
}

export type ChunkedOptions = {
  readonly payload: ChunkedPayload
  readonly seed: ChunkSeed
  /** called for each trailing header (lower-case name) once its signature is checked */
  onTrailer(name: string, value: string): void
}

type Chain = { readonly seed: ChunkSeed; previous: string }

const emptyHash = createHash('sha256').digest('hex')

/** The decoded bytes of an `aws-chunked` body.
 *  @throws AuthFailure when a signature of the chain is another
 *  @throws AwsError IncompleteBody (400) when the coding is broken or ends early
 *  source  S3 API reference "Signature calculations for the Authorization header: transferring payload in multiple chunks",
 *          "… including trailing headers" */
export async function* decodeChunked(
  source: AsyncIterable<Uint8Array>,
  options: ChunkedOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { isSigned, hasTrailer } = chunkedPayloads[options.payload]
  const reader = new ByteReader(source)
  const chain: Chain = { seed: options.seed, previous: options.seed.signature }
  try {
    for (;;) {
      const { sizeBytes, signature } = await readChunkHead(reader, isSigned)
      if (isSigned) {
        const chunk = await readSigned(reader, sizeBytes)
        checkChunk(chain, chunk, signature)
        if (sizeBytes > 0) yield* chunk
      } else {
        yield* readUnsigned(reader, sizeBytes)
      }
      if (sizeBytes === 0) break
      if ((await reader.readLine(0)) !== '') throw incompleteBody()
    }
    if (hasTrailer) {
      const trailers = await readTrailers(reader, isSigned ? chain : undefined)
      for (const [name, value] of trailers) options.onTrailer(name, value)
    } else if ((await reader.readLine(0)) !== '') throw incompleteBody()
  } finally {
    await reader.close()
  }
}

/** What S3 answers to a body that breaks off. */
export function incompleteBody(): AwsError {
  return new AwsError({
    code: 'IncompleteBody',
    status: 400,
    message: 'The request body terminated unexpectedly',
  })
}

const plainHead = /^([0-9a-fA-F]{1,12})$/
const signedHead = /^([0-9a-fA-F]{1,12});chunk-signature=([0-9a-f]{64})$/
const maxHeadBytes = 128

async function readChunkHead(
  reader: ByteReader,
  isSigned: boolean,
): Promise<{ sizeBytes: number; signature: string }> {
  const line = await reader.readLine(maxHeadBytes)
  const match = line === undefined ? null : (isSigned ? signedHead : plainHead).exec(line)
  if (!match) throw incompleteBody()
  return { sizeBytes: Number.parseInt(match[1] ?? '', 16), signature: match[2] ?? '' }
}

async function readSigned(reader: ByteReader, sizeBytes: number): Promise<Buffer[]> {
  if (sizeBytes > gatewayLimits.maxSignedChunkBytes) {
    throw new AwsError({
      code: 'InvalidChunkSizeError',
      status: 403,
      message: `The chunk size must be at most ${gatewayLimits.maxSignedChunkBytes} bytes`,
    })
  }
  const parts: Buffer[] = []
  for await (const part of readUnsigned(reader, sizeBytes)) parts.push(part)
  return parts
}

async function* readUnsigned(
  reader: ByteReader,
  sizeBytes: number,
): AsyncGenerator<Buffer, void, undefined> {
  let left = sizeBytes
  while (left > 0) {
    const part = await reader.readSome(left)
    if (part.length === 0) throw incompleteBody()
    left -= part.length
    yield part
  }
}

function checkChunk(chain: Chain, chunk: readonly Buffer[], signature: string): void {
  const digest = createHash('sha256')
  for (const part of chunk) digest.update(part)
  advance(chain, `AWS4-HMAC-SHA256-PAYLOAD`, `${emptyHash}\n${digest.digest('hex')}`, signature)
}

function advance(chain: Chain, word: string, rest: string, signature: string): void {
  const { key, timestamp, scope } = chain.seed
  const toSign = `${word}\n${timestamp}\n${scope}\n${chain.previous}\n${rest}`
  const expected = createHmac('sha256', key).update(toSign).digest()
  const given = Buffer.from(signature, 'hex')
  if (given.length !== expected.length || !timingSafeEqual(expected, given)) {
    throw new AuthFailure('bad-signature', 'The chunk signature does not match.', {
      StringToSign: toSign,
      SignatureProvided: signature,
    })
  }
  chain.previous = signature
}

const trailerForm = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]{1,128}):[ \t]*(.{0,8192})$/
const maxTrailerBytes = 8400
const maxTrailerCount = 32

async function readTrailers(
  reader: ByteReader,
  chain: Chain | undefined,
): Promise<readonly (readonly [string, string])[]> {
  const trailers: (readonly [string, string])[] = []
  let signature = ''
  for (let count = 0; count <= maxTrailerCount; count += 1) {
    const line = await reader.readLine(maxTrailerBytes)
    if (line === undefined) throw incompleteBody()
    if (line === '') {
      if (chain) checkTrailers(chain, trailers, signature)
      return trailers
    }
    const match = trailerForm.exec(line)
    if (!match) throw incompleteBody()
    const name = (match[1] ?? '').toLowerCase()
    const value = (match[2] ?? '').trim()
    if (name === 'x-amz-trailer-signature') signature = value
    else trailers.push([name, value])
  }
  throw incompleteBody()
}

function checkTrailers(
  chain: Chain,
  trailers: readonly (readonly [string, string])[],
  signature: string,
): void {
  const canonical = trailers.map(([name, value]) => `${name}:${value}\n`).join('')
  advance(chain, 'AWS4-HMAC-SHA256-TRAILER', sha256Text(canonical), signature)
}
