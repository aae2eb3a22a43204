/**
 * A small, quick SigV4 signer for requests that no SDK would send: fuzzed ones, and the one request a load generator repeats. The
 * correctness of Lair's verifier is tested elsewhere, against the official signer.
 * source: AWS General Reference "Signing AWS API requests".
 */
import { createHash, createHmac } from 'node:crypto'

export type SignedHeaders = Record<string, string>

const region = 'us-east-1'
const sha256 = (bytes: string | Uint8Array) => createHash('sha256').update(bytes).digest('hex')
const hmac = (key: string | Uint8Array, text: string) =>
  createHmac('sha256', key).update(text).digest()

const keys = new Map<string, Buffer>()

/** Headers that sign a request, those given included.
 *  @param target  path and query as on the wire, percent-encoded
 *  @param nowMs   epoch ms of the signature */
export function signed(request: {
  method: string
  target: string
  headers: Readonly<Record<string, string>>
  body: string | Uint8Array
  service: string
  nowMs: number
  accessKeyId?: string
}): SignedHeaders {
  const { accessKeyId = 'test', service } = request
  const stamp = `${new Date(request.nowMs).toISOString().replaceAll(/[-:]/g, '').slice(0, 15)}Z`
  const scope = `${stamp.slice(0, 8)}/${region}/${service}/aws4_request`
  const bodyHash = sha256(request.body)
  const headers: SignedHeaders = {
    ...request.headers,
    'x-amz-date': stamp,
    'x-amz-content-sha256': bodyHash,
  }
  const names = Object.keys(headers).toSorted()
  const [path = '/', query = ''] = splitOnce(request.target, '?')
  const canonical = [
    request.method,
    service === 's3' ? path : path.split('/').map(encodeURIComponent).join('/'),
    canonicalQuery(query),
    ...names.map((name) => `${name}:${headers[name]?.trim()}`),
    '',
    names.join(';'),
    bodyHash,
  ].join('\n')
  const text = ['AWS4-HMAC-SHA256', stamp, scope, sha256(canonical)].join('\n')
  const signature = hmac(signingKey(scope), text).toString('hex')
  headers['authorization'] =
    `AWS4-HMAC-SHA256 Credential=${accessKeyId}/${scope}, SignedHeaders=${names.join(';')}, Signature=${signature}`
  return headers
}

function signingKey(scope: string): Buffer {
  const known = keys.get(scope)
  if (known) return known
  const [date = '', place = '', service = ''] = scope.split('/')
  const key = hmac(hmac(hmac(hmac('AWS4test', date), place), service), 'aws4_request')
  if (keys.size > 1000) keys.clear()
  keys.set(scope, key)
  return key
}

function canonicalQuery(query: string): string {
  if (query === '') return ''
  const pairs = query.split('&').map((pair) => {
    const [name = '', value = ''] = splitOnce(pair, '=')
    return `${name}=${value}`
  })
  return pairs.toSorted().join('&')
}

function splitOnce(text: string, separator: string): string[] {
  const at = text.indexOf(separator)
  return at === -1 ? [text] : [text.slice(0, at), text.slice(at + 1)]
}
