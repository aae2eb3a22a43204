/** One deadline that moves with every invocation, on a timer that is rarely armed anew: arming one per invocation would cost more. */
import type { Clock, Timer } from '../lib/clock.ts'

export class Deadline {
  readonly #clock: Clock
  readonly #onExpire: () => void
  #timer: Timer | undefined
  /** monotonic ms */
  #timerAtMs = 0
  #expiresAtMs: number | undefined

  constructor(clock: Clock, onExpire: () => void) {
    this.#clock = clock
    this.#onExpire = onExpire
  }

  /** @param expiresAtMs  monotonic ms */
  set(expiresAtMs: number): void {
    this.#expiresAtMs = expiresAtMs
    if (this.#timer && this.#timerAtMs <= expiresAtMs) return
    this.#timer?.clear()
    this.#arm(expiresAtMs)
  }

  /** Nothing expires until it is set again. The timer, if any, finds nothing to do. */
  clear(): void {
    this.#expiresAtMs = undefined
  }

  close(): void {
    this.#expiresAtMs = undefined
    this.#timer?.clear()
    this.#timer = undefined
  }

  #arm(atMs: number): void {
    this.#timerAtMs = atMs
    this.#timer = this.#clock.after(Math.max(0, Math.ceil(atMs - this.#clock.monotonicMs())), () =>
      this.#fired(),
    )
  }

  #fired(): void {
    this.#timer = undefined
    const expiresAtMs = this.#expiresAtMs
    if (expiresAtMs === undefined) return
    // Timers may fire a little early; a later deadline was set meanwhile.
    if (expiresAtMs > this.#clock.monotonicMs()) {
      this.#arm(expiresAtMs)
      return
    }
    this.#expiresAtMs = undefined
    this.#onExpire()
  }
}
