/**
 * The canonical request of Signature Version 4, rebuilt from the wire: what the client signed and what we verify.
 * Text here is latin1: each character is one byte of the wire, so that a header in UTF-8 hashes as it was sent.
 */
import { hash } from 'node:crypto'

/** The parts of a request that a signature covers. */
export type SignedParts = {
  readonly method: string
  /** as on the wire, with the query */
  readonly target: string
  /** lower-case names */
  readonly headers: Readonly<Record<string, string>>
}

export type CanonicalOptions = {
  readonly signedHeaders: readonly string[]
  /** lower-case hex sha256, or one of the fixed words (`UNSIGNED-PAYLOAD`, `STREAMING-…`) */
  readonly payloadHash: string
  /** S3 signs the path as it is; everything else normalises and encodes it once more */
  readonly isS3: boolean
}

const plainPath = /^[A-Za-z0-9\-._~/]*$/
const unreserved = /^[A-Za-z0-9\-._~]*$/

/** The canonical request.
 *  source  AWS IAM user guide "Create a signed AWS API request", step 1 */
export function canonicalRequest(parts: SignedParts, options: CanonicalOptions): string {
  const { path, query } = splitTarget(parts.target)
  let headers = ''
  for (const name of options.signedHeaders) {
    headers += `${name}:${canonicalValue(parts.headers[name] ?? '')}\n`
  }
  return (
    `${parts.method}\n${options.isS3 ? s3Path(path) : encodedPath(path)}\n${canonicalQuery(query)}\n` +
    `${headers}\n${options.signedHeaders.join(';')}\n${options.payloadHash}`
  )
}

/** Lower-case hex sha256 of latin1 text. */
export function sha256Text(text: string): string {
  return hash('sha256', Buffer.from(text, 'latin1'), 'hex')
}

/** Path and query of a request target; the query without its `?`. */
export function splitTarget(target: string): { path: string; query: string } {
  const mark = target.indexOf('?')
  if (mark === -1) return { path: target, query: '' }
  return { path: target.slice(0, mark), query: target.slice(mark + 1) }
}

/** Percent-encode all but unreserved characters.
 *  source  RFC 3986 section 2.3 */
export function uriEncode(text: string): string {
  if (unreserved.test(text)) return text
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}

/** Decode `%XX`; undefined when it is not the encoding of UTF-8 text. */
export function uriDecode(text: string): string | undefined {
  if (!text.includes('%')) return text
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}

function reEncode(wire: string): string {
  if (unreserved.test(wire)) return wire
  const decoded = uriDecode(wire)
  // What is no UTF-8 was signed as the bytes that were sent.
  return decoded === undefined ? wire : uriEncode(decoded)
}

function s3Path(path: string): string {
  if (plainPath.test(path)) return path
  return path.split('/').map(reEncode).join('/')
}

function encodedPath(path: string): string {
  const normal = path.includes('//') || path.includes('/.') ? normalizePath(path) : path
  if (plainPath.test(normal)) return normal
  return normal.split('/').map(uriEncode).join('/')
}

/** Remove empty and dot segments.
 *  source  RFC 3986 section 6 */
function normalizePath(path: string): string {
  const kept: string[] = []
  for (const segment of path.split('/')) {
    if (segment === '..') kept.pop()
    else if (segment !== '' && segment !== '.') kept.push(segment)
  }
  const tail = kept.length > 0 && path.endsWith('/') ? '/' : ''
  return `/${kept.join('/')}${tail}`
}

/** Sorted by encoded name, then value; without the signature itself. */
function canonicalQuery(query: string): string {
  if (query === '') return ''
  const pairs: [string, string][] = []
  for (const part of query.split('&')) {
    if (part === '') continue
    const equals = part.indexOf('=')
    const name = equals === -1 ? part : part.slice(0, equals)
    if (name === 'X-Amz-Signature') continue
    pairs.push([queryPart(name), equals === -1 ? '' : queryPart(part.slice(equals + 1))])
  }
  if (pairs.length > 1) pairs.sort(byNameThenValue)
  return pairs.map(([name, value]) => `${name}=${value}`).join('&')
}

function queryPart(wire: string): string {
  return reEncode(wire.includes('+') ? wire.replaceAll('+', '%20') : wire)
}

function byNameThenValue(a: [string, string], b: [string, string]): number {
  const first = a[0] === b[0] ? a[1] : a[0]
  const second = a[0] === b[0] ? b[1] : b[0]
  if (first === second) return 0
  return first < second ? -1 : 1
}

function canonicalValue(value: string): string {
  return value.includes('  ') ? value.replace(/ +/g, ' ').trim() : value
}
