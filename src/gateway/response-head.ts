/** The head of an HTTP/1.1 response on a raw socket: status line, one Date, and header fields that cannot smuggle a line. */
import { STATUS_CODES } from 'node:http'
import type { Clock } from '../lib/clock.ts'

/** Text of the Date header, made once a second. */
export function createHttpDate(clock: Clock): () => string {
  let second = -1
  let text = ''
  return () => {
    const now = Math.floor(clock.nowMs() / 1000)
    if (now !== second) {
      second = now
      text = new Date(now * 1000).toUTCString()
    }
    return text
  }
}

/** Fields that the server itself writes. */
const framing = new Set(['date', 'content-length', 'connection', 'transfer-encoding', 'keep-alive'])

/** A header's value without what would end its line; characters beyond latin1 become `?`. */
export function headerValue(value: string): string {
  return /^[\t\x20-\x7e\x80-\xff]*$/.test(value)
    ? value
    : value.replace(/[^\t\x20-\x7e\x80-\xff]/g, '?')
}

const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/

/** Hand on those of `headers` that a handler may set. */
export function eachOwnHeader(
  headers: Readonly<Record<string, string>>,
  use: (name: string, value: string) => void,
): void {
  for (const name in headers) {
    const value = headers[name]
    if (value === undefined || framing.has(name.toLowerCase()) || !token.test(name)) continue
    use(name, headerValue(value))
  }
}

export type HeadOptions = {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly contentLength: number
  readonly date: string
  readonly isKeepAlive: boolean
}

/** The whole head, blank line included; latin1. */
export function responseHead(options: HeadOptions): string {
  const { status, contentLength } = options
  let head = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Unknown'}\r\nDate: ${options.date}\r\n`
  eachOwnHeader(options.headers, (name, value) => {
    head += `${name}: ${value}\r\n`
  })
  if (status !== 204) head += `Content-Length: ${contentLength}\r\n`
  return `${head}Connection: ${options.isKeepAlive ? 'keep-alive' : 'close'}\r\n\r\n`
}
