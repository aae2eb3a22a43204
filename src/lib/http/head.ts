/**
 * A strict parser for the head of an HTTP/1.1 request on a raw socket: the hot paths (Invoke on the public port, the Runtime API)
 * read requests without node:http. What it does not accept is an error, never a guess.
 * source: RFC 9112 sections 2-6.
 */

export type RequestHead = {
  readonly method: string
  /** request target as on the wire */
  readonly target: string
  /** lower-case names; repeated fields joined by `, ` */
  readonly headers: Readonly<Record<string, string>>
  /** false for HTTP/1.0 and for `Connection: close` */
  readonly isKeepAlive: boolean
  /** offset of the first body byte in the buffer that was parsed */
  readonly bodyOffset: number
}

/** The bytes are no HTTP/1.1 request head. */
export class BadRequestHead extends Error {
  override readonly name = 'BadRequestHead'
}

const headEnd = Buffer.from('\r\n\r\n')
const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
const requestLine = /^([A-Z]{1,20}) ([!-~]+) HTTP\/1\.([01])$/

/** Parse the head at `offset` of `bytes`.
 *  @param maxBytes  longest head accepted, bytes
 *  @returns the head, or undefined when more bytes are needed
 *  @throws BadRequestHead */
export function parseRequestHead(
  bytes: Buffer,
  offset: number,
  maxBytes: number,
): RequestHead | undefined {
  const end = bytes.indexOf(headEnd, offset)
  if (end === -1) {
    if (bytes.length - offset > maxBytes) throw new BadRequestHead('Head is too long')
    return undefined
  }
  if (end - offset > maxBytes) throw new BadRequestHead('Head is too long')
  const lines = bytes.toString('latin1', offset, end).split('\r\n')
  const line = requestLine.exec(lines[0] ?? '')
  if (!line) throw new BadRequestHead('Request line is malformed')
  const [, method = '', target = '', minor] = line
  const headers = parseFields(lines)
  const connection = headers['connection']?.toLowerCase()
  const isKeepAlive = minor === '1' ? connection !== 'close' : connection === 'keep-alive'
  return { method, target, headers, isKeepAlive, bodyOffset: end + headEnd.length }
}

/** Parse header or trailer fields, one a line; the first line is skipped. @throws BadRequestHead */
export function parseFields(lines: readonly string[]): Record<string, string> {
  const headers: Record<string, string> = Object.create(null)
  for (let index = 1; index < lines.length; index += 1) {
    const line = lines[index] ?? ''
    const colon = line.indexOf(':')
    const name = line.slice(0, colon)
    if (colon < 1 || !token.test(name)) throw new BadRequestHead('Header field is malformed')
    const value = withoutBlanks(line, colon + 1)
    if (hasControl(value)) throw new BadRequestHead('Header value has a control character')
    const key = name.toLowerCase()
    const earlier = headers[key]
    if (earlier !== undefined && (key === 'content-length' || key === 'host')) {
      throw new BadRequestHead(`Header field "${key}" is repeated`)
    }
    headers[key] = earlier === undefined ? value : `${earlier}, ${value}`
  }
  return headers
}

/** What follows `from`, without the spaces and tabs around it: trim() would also take away bytes of the value, such as the last
 *  one of `à`, and control characters. */
function withoutBlanks(line: string, from: number): string {
  let start = from
  let end = line.length
  while (start < end && isBlank(line.charCodeAt(start))) start += 1
  while (end > start && isBlank(line.charCodeAt(end - 1))) end -= 1
  return line.slice(start, end)
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09
}

function hasControl(value: string): boolean {
  for (let index = 0; index < value.length; index += 1) {
    const code = value.charCodeAt(index)
    if ((code < 0x20 && code !== 0x09) || code === 0x7f) return true
  }
  return false
}

/** The body's length by the head: a byte count, or `chunked`; 0 when there is none.
 *  @throws BadRequestHead when both are given, or either is malformed (request smuggling) */
export function bodyFraming(head: Pick<RequestHead, 'headers'>): number | 'chunked' {
  const coding = head.headers['transfer-encoding']
  const length = head.headers['content-length']
  if (coding !== undefined) {
    if (length !== undefined || coding.toLowerCase() !== 'chunked') {
      throw new BadRequestHead('Transfer-Encoding is not understood')
    }
    return 'chunked'
  }
  if (length === undefined) return 0
  if (!/^\d{1,15}$/.test(length)) throw new BadRequestHead('Content-Length is malformed')
  return Number(length)
}
