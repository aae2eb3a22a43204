/** Lines and exact lengths out of a stream of byte chunks, without copying what needs no copy. */

/** Reads one source once, in order. Every read is bounded by its caller. */
export class ByteReader {
  readonly #chunks: AsyncIterator<Uint8Array>
  #current: Buffer = Buffer.alloc(0)

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#chunks = source[Symbol.asyncIterator]()
  }

  /** The next line without its CRLF, as latin1 text of at most `maxBytes`.
   *  @returns undefined when the source ends first, or the line is longer than `maxBytes` */
  async readLine(maxBytes: number): Promise<string | undefined> {
    let line = ''
    for (;;) {
      const end = this.#current.indexOf(0x0a)
      line += this.#current.toString('latin1', 0, end === -1 ? undefined : end)
      if (line.length > maxBytes + 1) return undefined
      if (end !== -1) {
        this.#current = this.#current.subarray(end + 1)
        return line.endsWith('\r') ? line.slice(0, -1) : undefined
      }
      if (!(await this.#next())) return undefined
    }
  }

  /** Up to `maxBytes` bytes, at least one; empty at the end of the source. */
  async readSome(maxBytes: number): Promise<Buffer> {
    while (this.#current.length === 0) {
      if (!(await this.#next())) return this.#current
    }
    const some = this.#current.subarray(0, maxBytes)
    this.#current = this.#current.subarray(some.length)
    return some
  }

  /** Give the source up: no more is read. */
  async close(): Promise<void> {
    await this.#chunks.return?.()
  }

  async #next(): Promise<boolean> {
    const step = await this.#chunks.next()
    if (step.done) {
      this.#current = Buffer.alloc(0)
      return false
    }
    const { buffer, byteOffset, byteLength } = step.value
    this.#current = Buffer.from(buffer, byteOffset, byteLength)
    return true
  }
}
