/**
 * How fast the invocations of a version run, and what follows: where runs take a moment only, waiting for one is sooner over than a
 * start, and more of them at once than the cores can serve may only fight for the cores. Whether they do is tried out: few at once
 * against as many as there are, and what gets more of them done goes on. Used by fleet.ts.
 */
import { fleetLimits } from '../config.ts'

/** How many invocations run and wait. */
export type Crowd = {
  readonly memberCount: number
  readonly idle: readonly unknown[]
  readonly waiting: { readonly size: number }
  readonly settlingCount: number
  readonly expectingCount: number
}

/** The pace of one version on this machine. Times are monotonic ms, handed in. */
export class Pace {
  /** so many at once are few */
  readonly #fewCount: number
  /** how long the run that ended last took, ms; infinite before the first */
  #lastRunMs = Infinity
  /** the quickest run of this period and of the one before, ms */
  #bestRunMs = Infinity
  #lastBestRunMs = Infinity
  #mode: 'few' | 'many' = 'many'
  #isTrial = false
  /** the longer the mode has won, the rarer the trials */
  #periodMs: number = fleetLimits.minPacePeriodMs
  /** end of the trial or of the period that follows it */
  #endMs = 0
  /** runs that ended in the last moments of the trial or period, and since when they are counted */
  #count = 0
  #sinceMs = 0
  /** what the mode before the trial got done, runs per ms */
  #rivalRate = 0

  constructor(fewCount: number) {
    this.#fewCount = fewCount
  }

  /** A run has ended. */
  note(runMs: number, crowd: Crowd, nowMs: number): void {
    this.#lastRunMs = runMs
    if (runMs < this.#bestRunMs) this.#bestRunMs = runMs
    if (nowMs >= this.#endMs) this.#turn(crowd, nowMs)
    else if (nowMs >= this.#sinceMs) this.#count++
  }

  /** So many tiny runs are under way that one more would not be done sooner. */
  isCrowded(crowd: Crowd): boolean {
    return this.#mode === 'few' && this.#runningIn(crowd) >= this.#fewCount && this.#isTiny
  }

  /** How long a new invocation counts on the environments that run before it takes an idle one or has one started, ms. */
  patienceOf(crowd: Crowd): number {
    if (crowd.idle.length > 0) return fleetLimits.crowdWaitMs
    if (crowd.settlingCount > crowd.expectingCount) return fleetLimits.settleMs
    const isQuick = crowd.memberCount > 0 && this.#lastRunMs < fleetLimits.maxQuickRunMs
    return isQuick ? fleetLimits.quickWaitMs : 0
  }

  get #isTiny(): boolean {
    return Math.min(this.#bestRunMs, this.#lastBestRunMs) < fleetLimits.maxTinyRunMs
  }

  #runningIn(crowd: Crowd): number {
    return crowd.memberCount - crowd.idle.length
  }

  #turn(crowd: Crowd, nowMs: number): void {
    const { paceTrialMs, minPacePeriodMs, maxPacePeriodMs } = fleetLimits
    // A gap: what was counted says nothing.
    const isStale = nowMs > this.#endMs + paceTrialMs
    const rate = this.#count / Math.max(1, nowMs - this.#sinceMs)
    if (this.#isTrial) {
      // In doubt few: they leave more of the machine to others.
      const isWon = !isStale && rate >= this.#rivalRate * (this.#mode === 'few' ? 0.9 : 1.2)
      if (!isWon) this.#switch()
      this.#periodMs = isWon ? minPacePeriodMs : Math.min(maxPacePeriodMs, this.#periodMs * 2)
      this.#isTrial = false
    } else if (
      !isStale &&
      this.#isTiny &&
      this.#runningIn(crowd) + crowd.waiting.size > this.#fewCount
    ) {
      this.#rivalRate = rate
      this.#switch()
      this.#isTrial = true
    }
    if (!this.#isTrial) {
      this.#lastBestRunMs = this.#bestRunMs
      this.#bestRunMs = Infinity
    }
    this.#endMs = nowMs + (this.#isTrial ? paceTrialMs : this.#periodMs)
    this.#sinceMs = this.#endMs - paceTrialMs / 2
    this.#count = 0
  }

  #switch(): void {
    this.#mode = this.#mode === 'few' ? 'many' : 'few'
  }
}
