/** Log events between append and file: a bounded queue that counts what it refuses. */
import { logLimits } from '../config.ts'
import { sizeOf } from './log-page.ts'
import type { AppendedEvent } from './log-page.ts'

/** First in, first out, at most maxBufferedBytes. */
export class LogBuffer {
  #events: AppendedEvent[] = []
  #sizeBytes = 0
  #addedCount = 0
  #droppedCount = 0

  /** Events ever added; those not kept yet are the newest of them. */
  get addedCount(): number {
    return this.#addedCount
  }

  /** Events added and taken out for good. */
  get keptCount(): number {
    return this.#addedCount - this.#events.length
  }

  get droppedCount(): number {
    return this.#droppedCount
  }

  get isEmpty(): boolean {
    return this.#events.length === 0
  }

  /** There is enough for a slice of its own. */
  get isSliceFull(): boolean {
    return (
      this.#events.length >= logLimits.sliceEventCount || this.#sizeBytes >= logLimits.sliceBytes
    )
  }

  /** Queue an event, or drop it when there is no room. */
  add(event: AppendedEvent): void {
    const sizeBytes = sizeOf(event)
    if (this.#sizeBytes + sizeBytes > logLimits.maxBufferedBytes) {
      this.#droppedCount++
      return
    }
    this.#events.push(event)
    this.#sizeBytes += sizeBytes
    this.#addedCount++
  }

  /** Count an event that cannot be queued any more. */
  drop(): void {
    this.#droppedCount++
  }

  /** The oldest events, as many as one turn of the event loop may write; they stay until `remove`. */
  peekSlice(): readonly AppendedEvent[] {
    let count = 0
    let sizeBytes = 0
    for (const event of this.#events) {
      if (count >= logLimits.sliceEventCount || sizeBytes >= logLimits.sliceBytes) break
      sizeBytes += sizeOf(event)
      count++
    }
    return this.#events.slice(0, count)
  }

  /** Take the oldest `count` events out: they are kept elsewhere. */
  remove(count: number): void {
    for (const event of this.#events.splice(0, count)) this.#sizeBytes -= sizeOf(event)
  }
}
