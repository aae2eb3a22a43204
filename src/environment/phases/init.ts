/**
 * The init phase: processes were started and have until its deadline to ask for their first events. An init of an environment's own has
 * ten seconds; one that is repeated inside an invocation has what that invocation has.
 * source: AWS Lambda dev guide "Understanding the Lambda execution environment lifecycle", failures during the init phase.
 */
import { lambdaLimits } from '../../config.ts'
import type { Clock, Timer } from '../../lib/clock.ts'
import { type Failure, platformFailure, timeoutFailure } from '../failure.ts'
import type { InitPhase } from '../../observe/platform-events.ts'
import type { EnvironmentOptions } from '../options.ts'

/** A runtime that posted its error is about to exit: its last lines are waited for this long. */
const lastWordsMs = 300

export type InitEnd = {
  readonly durationMs: number
  /** absent when the runtime is ready */
  readonly failure?: Failure
}

export type InitLimit = { readonly ms: number; readonly failure: Failure }

/** How long an init that no invocation waits for may take.
 *  source: AWS Lambda dev guide "Understanding the Lambda execution environment lifecycle": on demand ten seconds; ahead of time 130
 *  seconds or the function's timeout, whichever is longer */
export function initLimit(options: EnvironmentOptions): InitLimit {
  const { initializationType = 'on-demand', version } = options
  const isAhead = initializationType !== 'on-demand'
  const aheadMs = Math.max(lambdaLimits.aheadInitTimeoutMs, version.timeoutMs)
  const ms = options.initTimeoutMs ?? (isAhead ? aheadMs : lambdaLimits.initTimeoutMs)
  return { ms, failure: timeoutFailure(ms) }
}

/** The end of an init that was given up since nobody needs the environment. */
export const stoppedInit: InitEnd = {
  durationMs: 0,
  failure: platformFailure('Sandbox.Failure', 'The environment was stopped'),
}

export type InitOptions = {
  readonly phase: InitPhase
  readonly clock: Clock
  readonly onEnd: (init: Init, end: InitEnd) => void
  /** ends with this failure when so much time has passed */
  readonly limit?: InitLimit
}

export class Init {
  readonly phase: InitPhase
  readonly #clock: Clock
  readonly #onEnd: InitOptions['onEnd']
  readonly #startedMs: number
  readonly #limit: Timer | undefined
  #lastWords: Timer | undefined
  #failure: Failure | undefined
  #isOver = false

  constructor(options: InitOptions) {
    const { clock, limit } = options
    this.phase = options.phase
    this.#clock = clock
    this.#onEnd = options.onEnd
    this.#startedMs = clock.monotonicMs()
    this.#limit = limit && clock.after(limit.ms, () => this.fail(limit.failure))
  }

  /** it ended, or was given up */
  get isOver(): boolean {
    return this.#isOver
  }

  /** The runtime and all extensions asked for their first event. */
  ready(): void {
    this.#end(undefined)
  }

  /** The runtime posted what is wrong; its exit comes next. */
  posted(failure: Failure): void {
    this.#failure ??= failure
    this.#lastWords ??= this.#clock.after(lastWordsMs, () => this.#end(this.#failure))
  }

  /** It is over for another reason: a process ended, or time is up. What the runtime posted before counts more. */
  fail(failure: Failure): void {
    this.#end(this.#failure ?? failure)
  }

  /** Nobody waits for its end any more. */
  abandon(): void {
    this.#isOver = true
    this.#clearTimers()
  }

  #end(failure: Failure | undefined): void {
    if (this.#isOver) return
    this.abandon()
    const durationMs = this.#clock.monotonicMs() - this.#startedMs
    this.#onEnd(this, failure ? { durationMs, failure } : { durationMs })
  }

  #clearTimers(): void {
    this.#limit?.clear()
    this.#lastWords?.clear()
  }
}
