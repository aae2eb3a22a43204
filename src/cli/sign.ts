/** The signing side of SigV4, for the command line's own requests. source: AWS IAM guide "Create a signed AWS API request". */
import { createHash, createHmac } from 'node:crypto'

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
  readonly nowMs: number
}

/** @returns the headers to send, `authorization` among them */
export function signRequest(request: SigningRequest): Record<string, string> {
  const stamp = new Date(request.nowMs).toISOString().replace(/[:-]|\.\d{3}/g, '')
  const scope = `${stamp.slice(0, 8)}/${request.region}/${request.service}/aws4_request`
  const bodyHash = sha256(request.body)
  const headers: Record<string, string> = {
    ...request.headers,
    'x-amz-date': stamp,
    'x-amz-content-sha256': bodyHash,
    ...(request.sessionToken !== undefined && { 'x-amz-security-token': request.sessionToken }),
  }
  const names = Object.keys(headers).toSorted()
  const canonical = [
    request.method,
    request.url.pathname.split('/').map(encodeSegment).join('/'),
    canonicalQuery(request.url),
    ...names.map((name) => `${name}:${headers[name]?.trim().replace(/ +/g, ' ')}`),
    '',
    names.join(';'),
    bodyHash,
  ].join('\n')
  const toSign = ['AWS4-HMAC-SHA256', stamp, scope, sha256(canonical)].join('\n')
  let key: string | Buffer = `AWS4${request.secretAccessKey}`
  for (const part of scope.split('/')) key = hmac(key, part)
  const signature = hmac(key, toSign).toString('hex')
  headers['authorization'] =
    `AWS4-HMAC-SHA256 Credential=${request.accessKeyId}/${scope}, SignedHeaders=${names.join(';')}, Signature=${signature}`
  return headers
}

/** RFC 3986: everything but unreserved characters; an already encoded path is encoded once more. */
function encodeSegment(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}

function canonicalQuery(url: URL): string {
  return [...url.searchParams]
    .map(([name, value]) => `${encodeSegment(name)}=${encodeSegment(value)}`)
    .toSorted()
    .join('&')
}

const sha256 = (bytes: string | Uint8Array) => createHash('sha256').update(bytes).digest('hex')
const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest()
