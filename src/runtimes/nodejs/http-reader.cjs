'use strict'
// Reads HTTP/1.1 responses off a byte stream: as many as arrive, in order, with a body by length, in chunks or none.
// It serves the Runtime API's client only: no compression, no trailers, no interim responses but those it skips.

const MAX_HEAD_BYTES = (1024 + 64) * 1024
const MAX_BODY_BYTES = 64 * 1024 * 1024
const EMPTY = Buffer.alloc(0)

/** shape  pending: Buffer   bytes of a head (or of a chunk's frame) that is not complete yet
 *  shape  body: Buffer      allocated at its full length once the head is known, filled as bytes arrive */
class ResponseReader {
  /** @param onResponse  called with {status, headers, body}; header names in lower case */
  constructor(onResponse) {
    this.onResponse = onResponse
    this.pending = EMPTY
    this.head = undefined
    this.body = undefined
    this.filled = 0
    this.chunks = undefined
  }

  /** Take the next bytes of the stream; throws when they are not HTTP. */
  push(bytes) {
    let rest = bytes
    if (this.pending.length > 0) {
      rest = Buffer.concat([this.pending, bytes])
      this.pending = EMPTY
    }
    while (rest.length > 0) {
      const taken = this.step(rest)
      if (taken === 0) {
        if (rest.length > MAX_HEAD_BYTES) throw new Error('Runtime API response head is too large')
        this.pending = rest
        return
      }
      rest = rest.subarray(taken)
    }
  }

  step(bytes) {
    if (this.head === undefined) return this.readHead(bytes)
    if (this.chunks !== undefined) return this.readChunk(bytes)
    const count = Math.min(bytes.length, this.body.length - this.filled)
    bytes.copy(this.body, this.filled, 0, count)
    this.filled += count
    if (this.filled === this.body.length) this.finish(this.body)
    return count
  }

  readHead(bytes) {
    const end = bytes.indexOf('\r\n\r\n')
    if (end < 0) return 0
    const head = parseHead(bytes.toString('utf8', 0, end))
    const taken = end + 4
    if (head.status < 200) return taken
    this.head = head
    if (/\bchunked\b/i.test(head.headers['transfer-encoding'] || '')) {
      this.chunks = { parts: [], left: 0, size: 0, isLast: false }
      return taken
    }
    const length = bodyLength(head)
    if (bytes.length - taken >= length) {
      this.finish(bytes.subarray(taken, taken + length))
      return taken + length
    }
    this.body = Buffer.allocUnsafe(length)
    this.filled = 0
    return taken
  }

  readChunk(bytes) {
    const chunks = this.chunks
    if (chunks.left > 0) return this.takeChunkBytes(bytes)
    const end = bytes.indexOf('\r\n')
    if (end < 0) return 0
    const line = bytes.toString('latin1', 0, end)
    if (chunks.isLast) {
      // Trailers are skipped; the empty line ends the response.
      if (line === '') this.finish(Buffer.concat(chunks.parts, chunks.size))
      return end + 2
    }
    if (line === '') return end + 2
    const hex = line.split(';', 1)[0].trim()
    if (!/^[0-9a-fA-F]{1,8}$/.test(hex)) throw new Error(`Bad chunk size: ${JSON.stringify(line)}`)
    chunks.left = Number.parseInt(hex, 16)
    chunks.size += chunks.left
    if (chunks.size > MAX_BODY_BYTES) throw new Error('Runtime API response is too large')
    chunks.isLast = chunks.left === 0
    return end + 2
  }

  takeChunkBytes(bytes) {
    const count = Math.min(bytes.length, this.chunks.left)
    this.chunks.parts.push(Buffer.from(bytes.subarray(0, count)))
    this.chunks.left -= count
    return count
  }

  finish(body) {
    const { status, headers } = this.head
    this.head = undefined
    this.body = undefined
    this.chunks = undefined
    this.onResponse({ status, headers, body })
  }
}

function bodyLength(head) {
  const value = head.headers['content-length']
  if (value === undefined) return 0
  const length = Number(value)
  if (!/^\d{1,10}$/.test(value) || length > MAX_BODY_BYTES)
    throw new Error(`Bad Content-Length: ${value}`)
  return length
}

function parseHead(text) {
  const lines = text.split('\r\n')
  const match = /^HTTP\/1\.[01] (\d{3})(?: |$)/.exec(lines[0])
  if (match === null) throw new Error(`Bad status line: ${JSON.stringify(lines[0].slice(0, 80))}`)
  const headers = Object.create(null)
  for (let i = 1; i < lines.length; i += 1) {
    const line = lines[i]
    const colon = line.indexOf(':')
    if (colon > 0) headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim()
  }
  return { status: Number(match[1]), headers }
}

module.exports = { ResponseReader }
