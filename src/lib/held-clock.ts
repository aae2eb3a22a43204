/**
 * A clock that can be held: as long as it is, no monotonic time passes and no timer fires; then both go on where they were. The wall
 * clock is nobody's to hold. What is being debugged runs on it, so that no deadline passes while somebody thinks.
 */
import type { Clock, Timer } from './clock.ts'

type HeldTimer = {
  readonly run: () => void
  /** on this clock */
  readonly dueMs: number
  timer: Timer | undefined
}

export class HeldClock implements Clock {
  readonly #clock: Clock
  readonly #timers = new Set<HeldTimer>()
  /** of the clock below */
  #heldSinceMs: number | undefined
  #lostMs = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  nowMs(): number {
    return this.#clock.nowMs()
  }

  monotonicMs(): number {
    return (this.#heldSinceMs ?? this.#clock.monotonicMs()) - this.#lostMs
  }

  after(delayMs: number, run: () => void): Timer {
    const held: HeldTimer = { run, dueMs: this.monotonicMs() + delayMs, timer: undefined }
    this.#timers.add(held)
    if (this.#heldSinceMs === undefined) this.#arm(held)
    return {
      clear: () => {
        held.timer?.clear()
        this.#timers.delete(held)
      },
    }
  }

  /** Time stands still from now on. Idempotent. */
  hold(): void {
    if (this.#heldSinceMs !== undefined) return
    this.#heldSinceMs = this.#clock.monotonicMs()
    for (const held of this.#timers) held.timer?.clear()
  }

  /** Time goes on. Idempotent. */
  release(): void {
    if (this.#heldSinceMs === undefined) return
    this.#lostMs += this.#clock.monotonicMs() - this.#heldSinceMs
    this.#heldSinceMs = undefined
    for (const held of this.#timers) this.#arm(held)
  }

  #arm(held: HeldTimer): void {
    const leftMs = Math.max(0, Math.ceil(held.dueMs - this.monotonicMs()))
    held.timer = this.#clock.after(leftMs, () => {
      this.#timers.delete(held)
      held.run()
    })
  }
}
