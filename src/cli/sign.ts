/**
 * The signing side of SigV4, for the command line's own requests: the canonical form that the gateway verifies, signed instead of
 * compared. The SDK's signer is the oracle of its test. source: AWS IAM guide "Create a signed AWS API request".
 */
import { createHmac, hash } from 'node:crypto'
import { formatTimestamp } from '../gateway/auth/authorization.ts'
import { canonicalRequest, sha256Text } from '../gateway/auth/canonical.ts'
import { deriveSigningKey } from '../gateway/auth/signing-keys.ts'

export type SigningRequest = {
  readonly method: string
  readonly url: URL
  /** lower-case names, `host` included */
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
  readonly service: string
  readonly region: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
  /** epoch ms */
  readonly nowMs: number
}

/** @returns the headers to send, `authorization` among them */
export function signRequest(request: SigningRequest): Record<string, string> {
  const { method, url, region, service, sessionToken } = request
  const timestamp = formatTimestamp(request.nowMs)
  const date = timestamp.slice(0, 8)
  const payloadHash = hash('sha256', request.body, 'hex')
  const headers: Record<string, string> = {
    ...request.headers,
    'x-amz-date': timestamp,
    'x-amz-content-sha256': payloadHash,
    ...(sessionToken !== undefined && { 'x-amz-security-token': sessionToken }),
  }
  const signedHeaders = Object.keys(headers).toSorted()
  const parts = { method, target: url.pathname + url.search, headers }
  const canonical = canonicalRequest(parts, { signedHeaders, payloadHash, isS3: false })
  const scope = `${date}/${region}/${service}/aws4_request`
  const toSign = `AWS4-HMAC-SHA256\n${timestamp}\n${scope}\n${sha256Text(canonical)}`
  const key = deriveSigningKey(request.secretAccessKey, { date, region, service })
  const signature = createHmac('sha256', key).update(toSign).digest('hex')
  headers['authorization'] =
    `AWS4-HMAC-SHA256 Credential=${request.accessKeyId}/${scope}, SignedHeaders=${signedHeaders.join(';')}, Signature=${signature}`
  return headers
}
