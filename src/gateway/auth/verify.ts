/**
 * Verification of Signature Version 4 in two steps: `admit` needs the head only (is it signed, when, by whom), `check` needs
 * the hash of the payload. Between them the caller reads the body of a client that is at least known.
 */
import { createHmac, timingSafeEqual } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { gatewayLimits, limits } from '../../config.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Credential, Credentials } from '../credentials.ts'
import { AuthFailure } from './auth-failure.ts'
import { formatTimestamp } from './authorization.ts'
import type { Authorization } from './authorization.ts'
import { canonicalRequest, sha256Text } from './canonical.ts'
import type { SignedParts } from './canonical.ts'
import { SigningKeys } from './signing-keys.ts'

/** A request signed by somebody we know, in time. Its signature is not checked yet. */
export type Admitted = {
  readonly authorization: Authorization
  readonly credential: Credential
  readonly isS3: boolean
}

/** What the chunks of a streaming body are signed on with. */
export type ChunkSeed = {
  readonly key: KeyObject
  /** signature of the head: what the first chunk's builds on */
  readonly signature: string
  readonly timestamp: string
  /** `<date>/<region>/<service>/aws4_request` */
  readonly scope: string
}

export type Verifier = {
  /** @throws AuthFailure when the time, the credential or the signed headers will not do */
  admit(parts: SignedParts, authorization: Authorization): Admitted
  /** @param payloadHash  lower-case hex sha256 of the body, or the fixed word that stands for it
   *  @throws AuthFailure when the signature is another */
  check(parts: SignedParts, admitted: Admitted, payloadHash: string): ChunkSeed
}

const s3Services = new Set(['s3', 's3express', 's3-object-lambda', 's3-outposts'])

/** Make the verifier of a gateway.
 *  source  AWS IAM user guide "Create a signed AWS API request"; S3 API reference "Signature Calculations" */
export function createVerifier(options: { credentials: Credentials; clock: Clock }): Verifier {
  const keys = new SigningKeys(gatewayLimits.maxSigningKeyCount)
  const { credentials, clock } = options
  return {
    admit(parts, authorization) {
      const isS3 = s3Services.has(authorization.scope.service)
      const nowMs = clock.nowMs()
      checkTime(authorization, nowMs, isS3)
      const credential = findCredential(credentials, authorization, nowMs)
      checkSignedHeaders(parts, authorization, isS3)
      return { authorization, credential, isS3 }
    },
    check(parts, admitted, payloadHash) {
      const { authorization, credential, isS3 } = admitted
      const { scope, signedHeaders, timestamp } = authorization
      const canonical = canonicalRequest(parts, { signedHeaders, payloadHash, isS3 })
      const scopeText = `${scope.date}/${scope.region}/${scope.service}/aws4_request`
      const toSign = `AWS4-HMAC-SHA256\n${timestamp}\n${scopeText}\n${sha256Text(canonical)}`
      const { key, keep } = keys.get(authorization.accessKeyId, credential.secretAccessKey, scope)
      const expected = createHmac('sha256', key).update(toSign).digest()
      if (!timingSafeEqual(expected, Buffer.from(authorization.signature, 'hex'))) {
        throw badSignature(admitted, canonical, toSign)
      }
      keep()
      return { key, signature: authorization.signature, timestamp, scope: scopeText }
    },
  }
}

/** S3 lets clocks differ more than the others do.
 *  source  S3 API reference "Error responses" (RequestTimeTooSkewed, MaxAllowedSkewMilliseconds) */
const s3SkewMs = 15 * 60_000

function checkTime(authorization: Authorization, nowMs: number, isS3: boolean): void {
  const { timestamp, signedAtMs, scope } = authorization
  if (!timestamp.startsWith(scope.date)) {
    throw new AuthFailure(
      'scope',
      `Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '${scope.date}' != '${timestamp.slice(0, 8)}', from '${timestamp}'.`,
    )
  }
  const skewMs = isS3 ? s3SkewMs : limits.maxClockSkewMs
  if (authorization.kind === 'query' && isS3) return checkS3Presigned(authorization, nowMs)
  const validMs = Math.max(skewMs, authorization.expiresMs ?? 0)
  const isLate = nowMs - signedAtMs > validMs
  const isEarly = signedAtMs - nowMs > skewMs
  if (!isLate && !isEarly) return
  const now = formatTimestamp(nowMs)
  const message = isLate
    ? `Signature expired: ${timestamp} is now earlier than ${formatTimestamp(nowMs - validMs)} (${now} - ${Math.ceil(validMs / 60_000)} min.)`
    : `Signature not yet current: ${timestamp} is still later than ${formatTimestamp(nowMs + skewMs)} (${now} + ${Math.ceil(skewMs / 60_000)} min.)`
  throw new AuthFailure('skew', message, {
    RequestTime: timestamp,
    ServerTime: new Date(nowMs).toISOString(),
    MaxAllowedSkewMilliseconds: skewMs,
  })
}

function checkS3Presigned(authorization: Authorization, nowMs: number): void {
  const { expiresMs, signedAtMs } = authorization
  if (expiresMs === undefined) {
    throw new AuthFailure(
      'incomplete-query',
      'Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.',
    )
  }
  if (signedAtMs - nowMs > s3SkewMs) {
    throw new AuthFailure('presign-expired', 'Request is not yet valid')
  }
  if (nowMs - signedAtMs > expiresMs) {
    throw new AuthFailure('presign-expired', 'Request has expired', {
      'X-Amz-Expires': expiresMs / 1000,
      Expires: new Date(signedAtMs + expiresMs).toISOString(),
      ServerTime: new Date(nowMs).toISOString(),
    })
  }
}

function findCredential(
  credentials: Credentials,
  authorization: Authorization,
  nowMs: number,
): Credential {
  const { accessKeyId, sessionToken } = authorization
  const credential = credentials.find(accessKeyId, sessionToken)
  if (!credential) {
    throw new AuthFailure(
      sessionToken === undefined ? 'unknown-key' : 'bad-token',
      'The security token included in the request is invalid.',
      { AWSAccessKeyId: accessKeyId },
    )
  }
  if (credential.expiresAtMs !== undefined && credential.expiresAtMs <= nowMs) {
    throw new AuthFailure('expired-token', 'The security token included in the request is expired')
  }
  return credential
}

/** What the service acts on must be signed: the host, the JSON target, and for S3 every x-amz- header. */
function checkSignedHeaders(parts: SignedParts, authorization: Authorization, isS3: boolean): void {
  const signed = authorization.signedHeaders
  if (!signed.includes('host') && !signed.includes(':authority')) {
    throw new AuthFailure(
      'unsigned-headers',
      "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.",
      { HeadersNotSigned: 'host' },
    )
  }
  if (parts.headers['x-amz-target'] !== undefined && !signed.includes('x-amz-target')) {
    throw new AuthFailure(
      'unsigned-headers',
      "'X-Amz-Target' must be a 'SignedHeader' in the AWS Authorization.",
    )
  }
  if (!isS3) return
  const unsigned = Object.keys(parts.headers).filter(
    (name) =>
      name.startsWith('x-amz-') && name !== 'x-amz-content-sha256' && !signed.includes(name),
  )
  if (unsigned.length > 0) {
    throw new AuthFailure(
      'unsigned-headers',
      'There were headers present in the request which were not signed',
      { HeadersNotSigned: unsigned.join(', ') },
    )
  }
}

function badSignature(admitted: Admitted, canonical: string, toSign: string): AuthFailure {
  const message =
    'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.' +
    `\n\nThe Canonical String for this request should have been\n'${canonical}'\n\nThe String-to-Sign should have been\n'${toSign}'\n`
  const { authorization, isS3 } = admitted
  if (!isS3) return new AuthFailure('bad-signature', message)
  return new AuthFailure('bad-signature', message, {
    AWSAccessKeyId: authorization.accessKeyId,
    StringToSign: toSign,
    SignatureProvided: authorization.signature,
    StringToSignBytes: hexBytes(toSign),
    CanonicalRequest: canonical,
    CanonicalRequestBytes: hexBytes(canonical),
  })
}

function hexBytes(text: string): string {
  return Buffer.from(text, 'latin1').toString('hex').replace(/../g, '$& ').trimEnd()
}
