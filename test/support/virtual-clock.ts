/** A clock that stands still until a test moves it. */
import type { Clock } from '../../src/lib/clock.ts'

export type VirtualClock = Clock & {
  /** Move on by `ms`, running what falls due on the way, in order. */
  advance(ms: number): void
  /** timers that wait */
  readonly timerCount: number
}

/** A clock that starts at `startMs`. */
export function createVirtualClock(startMs = 1_000_000): VirtualClock {
  let nowMs = startMs
  let waiting: { atMs: number; run: () => void }[] = []
  return {
    get timerCount() {
      return waiting.length
    },
    nowMs: () => nowMs,
    monotonicMs: () => nowMs,
    after(delayMs, run) {
      const timer = { atMs: nowMs + delayMs, run }
      waiting.push(timer)
      return { clear: () => void (waiting = waiting.filter((other) => other !== timer)) }
    },
    advance(ms) {
      const endMs = nowMs + ms
      for (;;) {
        const next = waiting
          .filter((timer) => timer.atMs <= endMs)
          .toSorted((a, b) => a.atMs - b.atMs)[0]
        if (!next) break
        waiting = waiting.filter((timer) => timer !== next)
        nowMs = next.atMs
        next.run()
      }
      nowMs = endMs
    },
  }
}
