/**
 * Bodies and signatures together: where the head declares the payload (S3), the signature is checked before the body is read
 * and the body while it is read; elsewhere the body is read first, because its hash is what was signed.
 */
import { AwsError } from '../../lib/errors/aws-error.ts'
import { BodyHash, collect } from '../body.ts'
import type { BodyLimit, BodySource } from '../body.ts'
import { AuthFailure } from './auth-failure.ts'
import { splitTarget, uriDecode } from './canonical.ts'
import type { SignedParts } from './canonical.ts'
import { decodeChunked, isChunkedPayload } from './chunked-payload.ts'
import type { Admitted, Verifier } from './verify.ts'

export type SignedBody = {
  readonly parts: SignedParts
  readonly admitted: Admitted
  readonly source: BodySource
  readonly limit: BodyLimit
  /** trailing headers are put here as the body ends */
  readonly trailers: Record<string, string>
}

/** Check a signed request and give its body.
 *  @returns chunks when the body had to be read, a stream (which fails at its end if the body was another) when not
 *  @throws AuthFailure, AwsError */
export async function openSignedBody(
  verifier: Verifier,
  signed: SignedBody,
): Promise<readonly Uint8Array[] | AsyncIterable<Uint8Array>> {
  const { parts, admitted, source, limit } = signed
  const declared = admitted.isS3 ? declaredPayload(parts, admitted) : undefined
  if (declared === undefined) {
    const { chunks, sha256 } = await collect(source.stream(), limit)
    verifier.check(parts, admitted, sha256)
    return chunks
  }
  const seed = verifier.check(parts, admitted, declared)
  if (declared === 'UNSIGNED-PAYLOAD') return source.stream()
  if (!isChunkedPayload(declared)) return checkedStream(source.stream(), declared)
  const onTrailer = announcedTrailers(signed)
  return decodeChunked(source.stream(), { payload: declared, seed, onTrailer })
}

const hashForm = /^[0-9a-f]{64}$/

/** What the head of an S3 request says of its payload; undefined when it says nothing. */
function declaredPayload(parts: SignedParts, { authorization }: Admitted): string | undefined {
  const header = parts.headers['x-amz-content-sha256']
  const isQuery = authorization.kind === 'query'
  const word = header ?? (isQuery ? (presignedPayload(parts) ?? 'UNSIGNED-PAYLOAD') : undefined)
  if (word === undefined) return undefined
  if (word === 'UNSIGNED-PAYLOAD' || isChunkedPayload(word)) return word
  if (hashForm.test(word)) return word
  throw new AwsError({
    code: 'InvalidArgument',
    status: 400,
    message:
      'x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, STREAMING-AWS4-HMAC-SHA256-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER or a valid sha256 value.',
  })
}

function presignedPayload(parts: SignedParts): string | undefined {
  const { query } = splitTarget(parts.target)
  const value = /(?:^|&)X-Amz-Content-Sha256=([^&]*)/i.exec(query)?.[1]
  return value === undefined ? undefined : uriDecode(value)
}

async function* checkedStream(
  source: AsyncIterable<Uint8Array>,
  sha256: string,
): AsyncGenerator<Uint8Array, void, undefined> {
  const digest = new BodyHash()
  for await (const chunk of source) {
    digest.add(chunk)
    yield chunk
  }
  const computed = digest.hex()
  if (computed === sha256) return
  throw new AuthFailure('payload-mismatch', 'The payload is not the one that was signed.', {
    ClientComputedContentSHA256: sha256,
    S3ComputedContentSHA256: computed,
  })
}

/** Only trailers that the (signed) head announces become headers.
 *  source  S3 API reference "Signature calculations … including trailing headers" (x-amz-trailer) */
function announcedTrailers({ parts, trailers }: SignedBody): (name: string, value: string) => void {
  const names = (parts.headers['x-amz-trailer'] ?? '').split(',')
  const announced = new Set(names.map((name) => name.trim().toLowerCase()))
  return (name, value) => {
    if (announced.has(name)) trailers[name] = value
  }
}
