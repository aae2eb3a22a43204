/**
 * A streamed response on its way from the environment to whoever asked: written on one side, iterated on the other, with a small
 * buffer between them. When the reader is slow the writer is told to wait; when the reader has gone, the rest is dropped and the
 * function runs on.
 */
import { streamLimits } from '../config.ts'
import type { ResponseSink } from '../environment/contract.ts'
import { bytesPassed } from '../lib/passing-bytes.ts'

/** One response. Iterate it once. */
export class ResponseStream implements ResponseSink, AsyncIterable<Uint8Array> {
  /** content type of the response, when its first bytes are here */
  readonly begun: Promise<string>
  readonly #begin: (contentType: string) => void
  #chunks: Uint8Array[] = []
  #bytes = 0
  /** nothing more comes, or nothing more is wanted */
  #isOver = false
  #failure: Error | undefined
  #waiting: (() => void)[] = []
  #wake: (() => void) | undefined

  constructor() {
    const { promise, resolve } = Promise.withResolvers<string>()
    this.begun = promise
    this.#begin = resolve
  }

  begin(contentType: string): void {
    this.#begin(contentType)
  }

  write(chunk: Uint8Array): boolean {
    if (this.#isOver) return true
    if (chunk.byteLength > 0) {
      this.#chunks.push(chunk)
      this.#bytes += chunk.byteLength
      this.#stir()
    }
    return this.#bytes < streamLimits.bufferBytes
  }

  onDrain(resume: () => void): void {
    if (this.#isOver || this.#bytes < streamLimits.bufferBytes) resume()
    else this.#waiting.push(resume)
  }

  /** That was all.
   *  @param failure  thrown to the reader after the last chunk */
  end(failure?: Error): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#failure = failure
    this.#release()
    this.#stir()
  }

  /** Abandon it with the request it answers, which may be over already.
   *  @param signal  aborted when whoever asked has gone */
  abandonOn(signal: AbortSignal): void {
    if (signal.aborted) this.abandon()
    else signal.addEventListener('abort', () => this.abandon(), { once: true })
  }

  /** Nobody reads on. */
  abandon(): void {
    this.end()
    this.#chunks = []
    this.#bytes = 0
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      for (;;) {
        const chunk = this.#chunks.shift()
        if (chunk !== undefined) {
          this.#bytes -= chunk.byteLength
          if (this.#bytes < streamLimits.bufferBytes) this.#release()
          bytesPassed(chunk.byteLength)
          yield chunk
        } else if (this.#isOver) {
          break
        } else {
          await new Promise<void>((resolve) => (this.#wake = resolve))
        }
      }
    } finally {
      this.abandon()
    }
    if (this.#failure) throw this.#failure
  }

  #release(): void {
    const waiting = this.#waiting
    if (waiting.length === 0) return
    this.#waiting = []
    for (const resume of waiting) resume()
  }

  #stir(): void {
    const wake = this.#wake
    this.#wake = undefined
    wake?.()
  }
}
