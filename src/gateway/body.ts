/** Request bodies: read as a stream of chunks, collected and hashed within a limit, unpacked within a limit. */
import { createHash, hash } from 'node:crypto'
import type { Hash } from 'node:crypto'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { AwsError } from '../lib/errors/aws-error.ts'

/** The body of a request, not read yet. */
export type BodySource = {
  /** as Content-Length says; undefined when the body is chunked */
  readonly declaredBytes: number | undefined
  /** Read it, once. Ends with ClientGone when the client leaves. */
  stream(): AsyncIterable<Uint8Array>
}

/** The client left before its request was whole: there is nobody to answer. */
export class ClientGone extends Error {
  override readonly name = 'ClientGone'
}

/** A response that has begun cannot be brought to its end: the connection is cut, so that the client notices. */
export class BrokenResponse extends Error {
  override readonly name = 'BrokenResponse'
}

/** sha256 of a body as it arrives: a large one must not be hashed in one go. */
export class BodyHash {
  #only: Uint8Array | undefined
  #hash: Hash | undefined

  add(chunk: Uint8Array): void {
    if (this.#hash) {
      this.#hash.update(chunk)
    } else if (this.#only) {
      this.#hash = createHash('sha256').update(this.#only).update(chunk)
    } else {
      this.#only = chunk
    }
  }

  /** Lower-case hex of all that was added; call it once. */
  hex(): string {
    return this.#hash?.digest('hex') ?? hash('sha256', this.#only ?? '', 'hex')
  }
}

/** a chunk of one byte is kept as an object too */
const chunkCostBytes = 256

/** How much of bodies is on its way, all connections together: who knows a key's name, but not its secret, could have any number
 *  of them kept until they are whole. */
export class BytesInFlight {
  readonly #maxBytes: number
  #bytes = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /** Count a chunk, and what it costs to keep one.
   *  @returns what to remove later; 0 when that would be too much, and nothing is counted */
  tryAdd(byteCount: number): number {
    const cost = byteCount + chunkCostBytes
    if (this.#bytes + cost > this.#maxBytes) return 0
    this.#bytes += cost
    return cost
  }

  remove(byteCount: number): void {
    this.#bytes -= byteCount
  }
}

export type BodyLimit = {
  readonly maxBytes: number
  readonly inFlight: BytesInFlight
  /** makes the error that is thrown beyond `maxBytes` */
  tooLarge(): AwsError
}

export type CollectedBody = {
  /** as they came in */
  readonly chunks: readonly Uint8Array[]
  /** lower-case hex */
  readonly sha256: string
}

/** Read a body to its end, or to its limit.
 *  @throws AwsError `limit.tooLarge()`, or 503 when too much comes in at once; no more is read then */
export async function collect(
  source: AsyncIterable<Uint8Array>,
  limit: BodyLimit,
): Promise<CollectedBody> {
  const chunks: Uint8Array[] = []
  const digest = new BodyHash()
  let size = 0
  let countedBytes = 0
  try {
    for await (const chunk of source) {
      size += chunk.length
      if (size > limit.maxBytes) throw limit.tooLarge()
      const cost = limit.inFlight.tryAdd(chunk.length)
      if (cost === 0) throw tooMuchAtOnce()
      countedBytes += cost
      chunks.push(chunk)
      digest.add(chunk)
    }
  } finally {
    limit.inFlight.remove(countedBytes)
  }
  return { chunks, sha256: digest.hex() }
}

/** The chunks as one buffer; copied only when there are several. */
export function joined(chunks: readonly Uint8Array[]): Buffer {
  const [first] = chunks
  if (first !== undefined && chunks.length === 1) {
    return Buffer.from(first.buffer, first.byteOffset, first.byteLength)
  }
  return Buffer.concat(chunks)
}

const unzip = promisify(gunzip)

/** Unpack a gzip body.
 *  @throws AwsError SerializationException (400) for what is no gzip
 *  source  SDK reference guide "Request compression" */
export async function unpackGzip(bytes: Uint8Array, limit: BodyLimit): Promise<Buffer> {
  try {
    return await unzip(bytes, { maxOutputLength: limit.maxBytes })
  } catch (error) {
    if (error instanceof RangeError) throw limit.tooLarge()
    throw new AwsError({
      code: 'SerializationException',
      status: 400,
      message: 'The request body is not valid gzip',
    })
  }
}

/** The body is larger than anything we take. */
export function bodyTooLarge(): AwsError {
  return new AwsError({
    code: 'RequestEntityTooLargeException',
    status: 413,
    message: 'Request body is too large',
  })
}

/** More comes in at once than there is memory for. */
export function tooMuchAtOnce(): AwsError {
  return new AwsError({
    code: 'ServiceUnavailableException',
    status: 503,
    message: 'Too many large requests are being received. Please try again.',
  })
}
