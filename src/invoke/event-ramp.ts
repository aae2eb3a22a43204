/**
 * How many events of one function run at once: few at first, twice as many every second as long as that gets more done. Functions
 * that wait for something soon run by the hundred; those that compute stay as many as the machine can use. Pure: time is told.
 */
import { eventLimits } from '../config.ts'

/** One function's ramp. */
export class EventRamp {
  #ceiling: number = eventLimits.startConcurrency
  /** start of the window in which runs are counted */
  #sinceMs: number
  #runCount = 0
  /** runs per ms before the last step */
  #lastRate: number | undefined

  /** @param nowMs  epoch ms at which its events begin to run */
  constructor(nowMs: number) {
    this.#sinceMs = nowMs
  }

  /** how many may run at once */
  get ceiling(): number {
    return this.#ceiling
  }

  /** epoch ms at which it is worth asking again */
  get nextStepAtMs(): number {
    return this.#sinceMs + eventLimits.rampMs
  }

  /** Nothing ran until now: what was counted says nothing. */
  restart(nowMs: number): void {
    this.#sinceMs = nowMs
    this.#runCount = 0
  }

  /** A run is over. */
  ran(): void {
    this.#runCount++
  }

  /** There is more to run than may. */
  step(nowMs: number): void {
    const elapsedMs = nowMs - this.#sinceMs
    if (elapsedMs < eventLimits.rampMs) return
    const rate = this.#runCount / elapsedMs
    this.restart(nowMs)
    const gain = this.#lastRate === undefined ? Infinity : rate / this.#lastRate
    if (rate === 0 || gain >= eventLimits.minRampGain) {
      // Where no run ended yet nothing is known of what more would bring.
      this.#lastRate = rate === 0 ? undefined : rate
      this.#ceiling = Math.min(eventLimits.maxConcurrency, this.#ceiling * 2)
      return
    }
    // The last step brought nothing: back, and tried again after a while.
    this.#ceiling = Math.max(eventLimits.startConcurrency, Math.ceil(this.#ceiling / 2))
    this.#lastRate = undefined
    this.#sinceMs = nowMs + eventLimits.rampHoldMs
  }
}
