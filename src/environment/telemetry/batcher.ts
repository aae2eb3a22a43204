/** Records that wait for one subscriber, cut into batches. Bounded: what does not fit is dropped and counted. No clock, no network. */
import { telemetryLimits } from '../../config.ts'
import type { Dropped } from './history.ts'
import type { Buffering } from './subscription.ts'

type Waiting = { readonly text: string; readonly bytes: number }

/** What goes out at once. */
export type Batch = { readonly texts: readonly string[]; readonly bytes: number }

export class Batcher {
  readonly #buffering: Buffering
  #waiting: Waiting[] = []
  #bytes = 0
  readonly #dropped: Dropped

  /** @param dropped  what was lost before it began */
  constructor(buffering: Buffering, dropped: Readonly<Dropped>) {
    this.#buffering = buffering
    this.#dropped = { ...dropped }
  }

  get isEmpty(): boolean {
    return this.#waiting.length === 0
  }

  /** There is enough for a batch that need not wait for its time. */
  get isFull(): boolean {
    const { maxItems, maxBytes } = this.#buffering
    return this.#waiting.length >= maxItems || this.#bytes >= maxBytes
  }

  /** @param text  a record as JSON */
  add(text: string): void {
    const bytes = Buffer.byteLength(text) + 1
    const { maxPendingBytes, maxPendingCount } = telemetryLimits
    if (this.#waiting.length >= maxPendingCount || this.#bytes + bytes > maxPendingBytes) {
      this.drop(1, bytes)
      return
    }
    this.#waiting.push({ text, bytes })
    this.#bytes += bytes
  }

  /** Records are lost: to be said with the next batch. */
  drop(records: number, bytes: number): void {
    this.#dropped.records += records
    this.#dropped.bytes += bytes
  }

  /** @returns what was dropped since this was asked last; undefined when nothing was */
  takeDropped(): Readonly<Dropped> | undefined {
    if (this.#dropped.records === 0) return undefined
    const dropped = { ...this.#dropped }
    this.#dropped.records = 0
    this.#dropped.bytes = 0
    return dropped
  }

  /** The oldest records, as many as one batch may have; at least one. */
  take(): Batch {
    const { maxItems, maxBytes } = this.#buffering
    let count = 0
    let bytes = 0
    for (const waiting of this.#waiting) {
      if (count > 0 && (count >= maxItems || bytes + waiting.bytes > maxBytes)) break
      count += 1
      bytes += waiting.bytes
    }
    const taken = this.#waiting.splice(0, count)
    this.#bytes -= bytes
    return { texts: taken.map(({ text }) => text), bytes }
  }
}
