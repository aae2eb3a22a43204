/** Reads a chunked body with trailers, piece by piece. source: RFC 9112 section 7.1. */
import { limits } from '../../config.ts'
import { BadRequestHead, parseFields } from '../../lib/http/head.ts'

const newline = 0x0a
const maxSizeLineBytes = 4096
const sizeLine = /^([0-9a-fA-F]{1,8})[ \t]*(?:;.*)?$/

type Part = 'size' | 'content' | 'content-end' | 'trailers' | 'done'

export class ChunkedBody {
  #part: Part = 'size'
  #remaining = 0
  #line = ''
  readonly #trailerLines: string[] = ['']
  #trailerBytes = 0
  /** lower-case names; complete when `isDone` */
  trailers: Readonly<Record<string, string>> = {}

  get isDone(): boolean {
    return this.#part === 'done'
  }

  /** Read from `offset`; content goes to `onContent` as views of `bytes`.
   *  @returns where it stopped: the end of `bytes`, or what follows the body
   *  @throws BadRequestHead when the framing is broken */
  feed(bytes: Buffer, offset: number, onContent: (content: Buffer) => void): number {
    let at = offset
    while (at < bytes.length && this.#part !== 'done') {
      if (this.#part === 'content') {
        const end = Math.min(bytes.length, at + this.#remaining)
        onContent(bytes.subarray(at, end))
        this.#remaining -= end - at
        if (this.#remaining === 0) this.#part = 'content-end'
        at = end
      } else {
        at = this.#readLine(bytes, at)
      }
    }
    return at
  }

  #readLine(bytes: Buffer, offset: number): number {
    const end = bytes.indexOf(newline, offset)
    const stop = end === -1 ? bytes.length : end
    const maxBytes = this.#part === 'trailers' ? limits.maxHeaderBytes : maxSizeLineBytes
    if (this.#line.length + stop - offset > maxBytes) throw new BadRequestHead('Line is too long')
    this.#line += bytes.toString('latin1', offset, stop)
    if (end === -1) return stop
    if (!this.#line.endsWith('\r')) throw new BadRequestHead('Line does not end with CRLF')
    const line = this.#line.slice(0, -1)
    this.#line = ''
    this.#takeLine(line)
    return end + 1
  }

  #takeLine(line: string): void {
    if (this.#part === 'size') {
      const match = sizeLine.exec(line)
      if (!match) throw new BadRequestHead('Chunk size is malformed')
      this.#remaining = Number.parseInt(match[1] ?? '', 16)
      this.#part = this.#remaining === 0 ? 'trailers' : 'content'
    } else if (this.#part === 'content-end') {
      if (line !== '') throw new BadRequestHead('Chunk does not end where it should')
      this.#part = 'size'
    } else if (line === '') {
      this.trailers = parseFields(this.#trailerLines)
      this.#part = 'done'
    } else {
      this.#trailerBytes += line.length
      if (this.#trailerBytes > limits.maxHeaderBytes)
        throw new BadRequestHead('Trailers are too long')
      this.#trailerLines.push(line)
    }
  }
}
