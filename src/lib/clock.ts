/** Time, handed in: rooms never read it from the platform, so that tests can run on a virtual clock. */

export type Timer = { clear(): void }

export type Clock = {
  /** wall clock, epoch ms */
  nowMs(): number
  /** monotonic ms with microseconds as fraction; only differences mean anything */
  monotonicMs(): number
  /** Call `run` once after `delayMs`; never keeps the process alive. */
  after(delayMs: number, run: () => void): Timer
}

/** The platform's clock. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  after: (delayMs, run) => {
    const timer = setTimeout(run, delayMs)
    timer.unref()
    return { clear: () => clearTimeout(timer) }
  },
}
