/** Makes log events of what a process writes: one line is one event, and so is one frame of a runtime that frames them. What
 *  never ends is cut. */
import { StringDecoder } from 'node:string_decoder'

const newline = 0x0a
/** No text begins with this byte: in UTF-8 it only continues a character. */
const frameMark = 0xa5
const frameHeadBytes = 16

/** Splits one output stream into lines, without their newlines.
 *  source: AWS Lambda dev guide "Understanding Lambda function log formats"; `\r` does not split */
export class LineSplitter {
  readonly #onLine: (line: string) => void
  readonly #maxBytes: number
  #decoder: StringDecoder | undefined
  #rest = ''
  #restBytes = 0
  /** head of a frame whose bytes still come */
  #head: Buffer | undefined
  /** of a frame's message */
  #missingBytes = 0

  /** @param maxBytes  longer lines come in pieces of about this size */
  constructor(onLine: (line: string) => void, maxBytes: number) {
    this.#onLine = onLine
    this.#maxBytes = maxBytes
  }

  feed(chunk: Uint8Array): void {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
    let start = 0
    while (start < bytes.length) {
      if (this.#isFrame(bytes, start)) {
        start = this.#feedFrame(bytes, start)
        continue
      }
      const end = bytes.indexOf(newline, start)
      this.#add(bytes, start, end === -1 ? bytes.length : end)
      if (end === -1) break
      this.#emit()
      start = end + 1
    }
  }

  /** Give out what waits for its newline. */
  flush(): void {
    if (this.#restBytes > 0) this.#emit()
  }

  #isFrame(bytes: Buffer, start: number): boolean {
    if (this.#head !== undefined || this.#missingBytes > 0) return true
    return bytes[start] === frameMark && this.#restBytes === 0
  }

  /** A frame is one event whatever newlines it holds, but for one at its end.
   *  shape   type (4 bytes), length of the message (4), time in us (8), message; big-endian
   *  source  the contract of `_LAMBDA_TELEMETRY_LOG_FD`, as runtime interface clients write it
   *  @returns where the next line or frame begins */
  #feedFrame(bytes: Buffer, start: number): number {
    let at = start
    if (this.#missingBytes === 0) {
      const head = Buffer.concat([this.#head ?? Buffer.alloc(0), bytes.subarray(at)]).subarray(
        0,
        frameHeadBytes,
      )
      at += head.length - (this.#head?.length ?? 0)
      this.#head = head.length < frameHeadBytes ? head : undefined
      if (head.length < frameHeadBytes) return at
      this.#missingBytes = head.readUInt32BE(4)
      if (this.#missingBytes === 0) this.#emit()
    }
    const end = Math.min(bytes.length, at + this.#missingBytes)
    this.#missingBytes -= end - at
    const isComplete = this.#missingBytes === 0
    this.#add(bytes, at, isComplete && bytes[end - 1] === newline ? end - 1 : end)
    if (isComplete && end > at) this.#emit()
    return end
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
