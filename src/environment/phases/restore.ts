/**
 * The restore phase: an initialised environment goes on from its snapshot, and what the function does after a restore has ten seconds
 * to end. A runtime that never asked for a restore is restored at once.
 * source: AWS Lambda dev guide "Lambda SnapStart", Restore phase; Runtime Interface Emulator, rapid.
 */
import { lambdaLimits } from '../../config.ts'
import { snapStartFailed, snapStartTimedOut } from '../../lib/errors/lambda.ts'
import type { PlatformEvent } from '../../observe/platform-events.ts'
import { type Failure, timeoutFailure } from '../failure.ts'
import type { EnvironmentOptions } from '../options.ts'
import type { RuntimeSession } from '../runtime-api/session.ts'
import { restoreEnd, restoreStart } from './announce.ts'
import { Init, type InitEnd } from './init.ts'

export type RestoreOptions = Pick<
  EnvironmentOptions,
  'clock' | 'runtime' | 'version' | 'restoreTimeoutMs'
> & {
  readonly session: RuntimeSession
  readonly say: (event: PlatformEvent) => void
  readonly onEnd: (end: InitEnd) => void
}

/** One restore. It waits as an init does: for the call of `next`, an error, an exit or its deadline. */
export class Restore {
  readonly phase = 'snap-start'
  readonly #options: RestoreOptions
  readonly #wait: Init

  constructor(options: RestoreOptions) {
    const ms = options.restoreTimeoutMs ?? lambdaLimits.restoreTimeoutMs
    this.#options = options
    this.#wait = new Init({
      phase: 'snap-start',
      clock: options.clock,
      onEnd: (_init, end) => this.#end(end),
      limit: { ms, failure: timeoutFailure(ms) },
    })
  }

  /** Let the runtime go on. */
  begin(): void {
    this.#options.say(restoreStart(this.#options))
    if (!this.#options.session.restore()) this.ready()
  }

  /** The runtime asked for its first event, or takes no part. */
  ready(): void {
    this.#wait.ready()
  }

  /** A hook failed; the exit comes next. */
  posted(failure: Failure): void {
    this.#wait.posted(failure)
  }

  /** A process ended. */
  fail(failure: Failure): void {
    this.#wait.fail(failure)
  }

  abandon(): void {
    this.#wait.abandon()
  }

  #end(end: InitEnd): void {
    for (const event of restoreEnd(end)) this.#options.say(event)
    this.#options.onEnd(end.failure ? { ...end, failure: refused(end.failure) } : end)
  }
}

/** A caller is not answered by the function then, but refused by the service.
 *  source: Lambda model, SnapStartTimeoutException, SnapStartException; dev guide "Troubleshooting SnapStart errors" */
function refused(failure: Failure): Failure {
  const refusal = failure.status === 'timeout' ? snapStartTimedOut() : snapStartFailed()
  return { ...failure, refusal }
}
