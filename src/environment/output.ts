/** Makes lines of what a process writes: one line is one log event. A line that never ends is cut. */
import { StringDecoder } from 'node:string_decoder'

const newline = 0x0a

/** Splits one output stream into lines, without their newlines.
 *  source: AWS Lambda dev guide "Understanding Lambda function log formats"; `\r` does not split */
export class LineSplitter {
  readonly #onLine: (line: string) => void
  readonly #maxBytes: number
  #decoder: StringDecoder | undefined
  #rest = ''
  #restBytes = 0

  /** @param maxBytes  longer lines come in pieces of about this size */
  constructor(onLine: (line: string) => void, maxBytes: number) {
    this.#onLine = onLine
    this.#maxBytes = maxBytes
  }

  feed(chunk: Uint8Array): void {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
    let start = 0
    for (let end = bytes.indexOf(newline); end !== -1; end = bytes.indexOf(newline, start)) {
      this.#add(bytes, start, end)
      this.#emit()
      start = end + 1
    }
    if (start < bytes.length) this.#add(bytes, start, bytes.length)
  }

  /** Give out what waits for its newline. */
  flush(): void {
    if (this.#restBytes > 0) this.#emit()
  }

  #add(bytes: Buffer, start: number, end: number): void {
    // A whole line in one chunk is the usual case and needs no decoder.
    const isPiecemeal = end === bytes.length || this.#restBytes + end - start > this.#maxBytes
    if (isPiecemeal) this.#decoder ??= new StringDecoder('utf8')
    for (let at = start; at < end;) {
      const to = Math.min(end, at + this.#maxBytes - this.#restBytes)
      this.#rest += this.#decoder
        ? this.#decoder.write(bytes.subarray(at, to))
        : bytes.toString('utf8', at, to)
      this.#restBytes += to - at
      at = to
      if (this.#restBytes >= this.#maxBytes && at < end) this.#cut()
    }
  }

  #cut(): void {
    this.#onLine(this.#rest)
    this.#rest = ''
    this.#restBytes = 0
  }

  #emit(): void {
    const line = this.#decoder ? this.#rest + this.#decoder.end() : this.#rest
    this.#decoder = undefined
    this.#rest = ''
    this.#restBytes = 0
    this.#onLine(line)
  }
}
