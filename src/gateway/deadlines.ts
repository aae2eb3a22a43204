/** Deadlines of many connections looked at together, once a second: cheaper than a timer armed and cleared by each request. */
import { gatewayLimits } from '../config.ts'
import type { Clock, Timer } from '../lib/clock.ts'

/** Something that may take too long. */
export type Expirable = {
  /** monotonic ms; Infinity = nothing is waited for */
  readonly deadlineMs: number
  /** Called once a sweep from then on, until it is removed or has another deadline. */
  expire(): void
}

/** A set of deadlines. Late by up to `sweepMs`, never early. */
export class Deadlines {
  readonly #clock: Clock
  readonly #watched = new Set<Expirable>()
  #timer: Timer | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  add(item: Expirable): void {
    this.#watched.add(item)
    this.#timer ??= this.#clock.after(gatewayLimits.sweepMs, () => this.#sweep())
  }

  delete(item: Expirable): void {
    this.#watched.delete(item)
  }

  close(): void {
    this.#timer?.clear()
    this.#timer = undefined
    this.#watched.clear()
  }

  #sweep(): void {
    const now = this.#clock.monotonicMs()
    for (const item of this.#watched) if (item.deadlineMs <= now) item.expire()
    this.#timer =
      this.#watched.size > 0
        ? this.#clock.after(gatewayLimits.sweepMs, () => this.#sweep())
        : undefined
  }
}
