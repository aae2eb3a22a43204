/**
 * Whose turn it is among the queues of asynchronous events: one lane per function that has events. Lanes take turns; a lane whose
 * function is throttled learns how many of its events may run at once. In memory only: the queues themselves are durable.
 */
import { eventLimits } from '../config.ts'
import { EventRamp } from './event-ramp.ts'

/** One function's events. */
export type Lane = {
  /** of its queue */
  readonly name: string
  /** epoch ms at which there may be something to take */
  dueAtMs: number
  /** events that run */
  activeCount: number
  /** events that ran and whose end is being written */
  endingCount: number
  /** how many may run at once as far as throttling says: falls with a refusal, grows by one with each round of runs */
  limit: number
  /** the limit never grows beyond it: what the function reserved, or what may run in all */
  maxLimit: number
  /** how many may run at once as far as the machine says */
  readonly ramp: EventRamp
  /** pauses in a row: refusals with nothing else running, those ahead of time not counted */
  pauseCount: number
  /** epoch ms; new events end a pause early */
  pausedUntilMs: number
  /** how many more may be taken */
  readonly room: number
}

class LaneState implements Lane {
  readonly name: string
  dueAtMs: number
  activeCount = 0
  endingCount = 0
  limit: number = eventLimits.maxConcurrency
  maxLimit: number = eventLimits.maxConcurrency
  readonly ramp: EventRamp
  pauseCount = 0
  pausedUntilMs = 0

  constructor(name: string, dueAtMs: number) {
    this.name = name
    this.dueAtMs = dueAtMs
    this.ramp = new EventRamp(dueAtMs)
  }

  get room(): number {
    return Math.floor(Math.min(this.limit, this.ramp.ceiling)) - this.activeCount
  }
}

/** All lanes that have events, the one that was served longest ago first. */
export class EventLanes {
  readonly #lanes = new Map<string, Lane>()

  /** There is, or will be, something to take.
   *  @param atMs  epoch ms */
  wake(name: string, atMs: number): void {
    const lane = this.#lanes.get(name)
    if (lane === undefined) this.#lanes.set(name, new LaneState(name, atMs))
    else lane.dueAtMs = Math.min(lane.dueAtMs, atMs)
  }

  /** The lane whose turn it is; it goes to the end of the row. */
  nextDue(nowMs: number): Lane | undefined {
    for (const lane of this.#lanes.values()) {
      if (lane.dueAtMs > nowMs) continue
      if (lane.activeCount === 0 && lane.endingCount === 0) lane.ramp.restart(nowMs)
      if (isHeldByRamp(lane)) lane.ramp.step(nowMs)
      if (lane.room <= 0) continue
      this.#lanes.delete(lane.name)
      this.#lanes.set(lane.name, lane)
      return lane
    }
    return undefined
  }

  /** When the next lane is due that could take something; undefined when none will by itself. */
  nextDueAtMs(): number | undefined {
    let atMs: number | undefined
    for (const lane of this.#lanes.values()) {
      if (lane.room > 0) atMs = Math.min(atMs ?? Infinity, lane.dueAtMs)
      else if (isHeldByRamp(lane)) {
        atMs = Math.min(atMs ?? Infinity, Math.max(lane.dueAtMs, lane.ramp.nextStepAtMs))
      }
    }
    return atMs === Infinity ? undefined : atMs
  }

  /** Nothing to take before `untilMs`; undefined: nothing at all. */
  rest(lane: Lane, untilMs: number | undefined): void {
    if (untilMs !== undefined) lane.dueAtMs = untilMs
    else lane.dueAtMs = Infinity
    this.#dropIfDone(lane)
  }

  /** One of its events does not run any more; what comes of it is still to be written. */
  stopped(lane: Lane): void {
    lane.activeCount--
    lane.endingCount++
  }

  /** What came of a stopped event is written. */
  finished(lane: Lane): void {
    lane.endingCount--
    this.#dropIfDone(lane)
  }

  /** Take nothing of this lane before `untilMs`, unless something new comes. */
  pause(lane: Lane, nowMs: number, untilMs: number): void {
    if (nowMs >= lane.pausedUntilMs) lane.pauseCount++
    lane.pausedUntilMs = untilMs
    lane.dueAtMs = untilMs
  }

  /** The function reserved so much concurrency; undefined: nothing. */
  bound(lane: Lane, reservedConcurrency: number | undefined): void {
    const { maxConcurrency } = eventLimits
    // With nothing at all its events are taken all the same, to be given up.
    const maxLimit = Math.max(1, Math.min(maxConcurrency, reservedConcurrency ?? maxConcurrency))
    lane.limit = maxLimit > lane.maxLimit ? maxLimit : Math.min(lane.limit, maxLimit)
    lane.maxLimit = maxLimit
  }

  /** A run is over that was not refused. */
  ran(lane: Lane): void {
    lane.pauseCount = 0
    lane.ramp.ran()
    lane.limit = Math.min(lane.maxLimit, lane.limit + 1 / Math.max(1, lane.limit))
  }

  /** The function is throttled. */
  refused(lane: Lane): void {
    lane.limit = Math.max(1, lane.activeCount - 1)
  }

  #dropIfDone(lane: Lane): void {
    const isQuiet = lane.activeCount === 0 && lane.endingCount === 0
    if (isQuiet && lane.dueAtMs === Infinity) this.#lanes.delete(lane.name)
  }
}

/** Nothing but its ramp keeps it from running more. */
function isHeldByRamp(lane: Lane): boolean {
  const { ceiling } = lane.ramp
  return lane.room <= 0 && lane.limit > ceiling && ceiling < eventLimits.maxConcurrency
}
