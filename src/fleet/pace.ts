/**
 * How fast the invocations of a version run, and what follows: where runs take a moment only, waiting for one is sooner over than a
 * start, and more of them at once than the cores can serve only fight for the cores. Used by fleet.ts.
 */
import { fleetLimits } from '../config.ts'

export type Pace = {
  /** how long the run that ended last took, ms; infinite before the first */
  lastRunMs: number
  /** how long quick runs take, ms: falls at once, rises slowly */
  tinyRunMs: number
}

type Crowd = Pace & {
  readonly memberCount: number
  readonly idle: readonly unknown[]
  readonly settlingCount: number
  readonly expectingCount: number
}

/** how fast a function that has become slower is seen to be so */
const riseWeight = 0.01

/** Before the first run; nothing is tiny then. */
export const unknownPace: Pace = { lastRunMs: Infinity, tinyRunMs: 900_000 }

/** A run has ended. */
export function notePace(pace: Pace, runMs: number): void {
  pace.lastRunMs = runMs
  pace.tinyRunMs = Math.min(runMs, pace.tinyRunMs + (runMs - pace.tinyRunMs) * riseWeight)
}

/** So many tiny runs are under way that one more would not be done sooner.
 *  @param maxTinyRunCount  on this machine */
export function isCrowded(
  { tinyRunMs, memberCount, idle }: Crowd,
  maxTinyRunCount: number,
): boolean {
  return tinyRunMs < fleetLimits.maxTinyRunMs && memberCount - idle.length >= maxTinyRunCount
}

/** How long a new invocation counts on the environments that run before it takes an idle one or has one started, ms. */
export function patienceOf(crowd: Crowd): number {
  if (crowd.idle.length > 0) return fleetLimits.crowdWaitMs
  if (crowd.settlingCount > crowd.expectingCount) return fleetLimits.settleMs
  const isQuick = crowd.memberCount > 0 && crowd.lastRunMs < fleetLimits.maxQuickRunMs
  return isQuick ? fleetLimits.quickWaitMs : 0
}
