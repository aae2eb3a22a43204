/** One invocation on its way through an environment: what was told of it, and its outcome. */
import type { Clock } from '../../lib/clock.ts'
import type { Invocation, Measured, Reply } from '../../model.ts'
import type { InvocationHooks, Outcome, ResponseSink } from '../contract.ts'
import { type Failure, toReply } from '../failure.ts'
import type { EventTiming } from './runtime-done.ts'

export class Run {
  readonly invocation: Invocation
  readonly outcome: Promise<Outcome>
  /** its end is decided and on its way: nothing may fail it any more */
  isOver = false
  /** monotonic ms when the runtime asked for the next event */
  endedMs: number | undefined
  /** where somebody wants to know */
  timing: EventTiming | undefined
  /** everything that was written before its answer was read */
  isDrained = false
  readonly #hooks: InvocationHooks
  readonly #settle: (outcome: Outcome) => void
  /** monotonic ms when its time began to count: the event was handed over, or an init of its own began */
  #startedMs: number | undefined
  #isStarted = false
  #reply: Reply | undefined
  #initDurationMs: number | undefined
  #restoreDurationMs: number | undefined
  #overhead: Measured['extensionOverhead']

  constructor(invocation: Invocation, hooks: InvocationHooks) {
    this.invocation = invocation
    this.#hooks = hooks
    const { promise, resolve } = Promise.withResolvers<Outcome>()
    this.outcome = promise
    this.#settle = resolve
  }

  /** who takes a streamed response */
  get sink(): ResponseSink | undefined {
    return this.#hooks.sink
  }

  /** what the caller was told; undefined as long as it waits */
  get reply(): Reply | undefined {
    return this.#reply
  }

  /** Its time counts from now on, at most once.
   *  @returns monotonic ms when it began */
  begin(clock: Clock): number {
    this.#startedMs ??= clock.monotonicMs()
    return this.#startedMs
  }

  /** Extensions went on after the runtime was done: from `endedMs` to now. */
  extended(clock: Clock): void {
    const durationMs = clock.monotonicMs() - (this.endedMs ?? 0)
    this.#overhead = { startMs: clock.nowMs() - durationMs, durationMs }
  }

  /** The init that ran before it, for the report. */
  initialised(durationMs: number): void {
    this.#initDurationMs = durationMs
  }

  /** The restore that came before it, for the report. */
  restored(durationMs: number): void {
    this.#restoreDurationMs = durationMs
  }

  /** START: its event is handed over, or never will be. */
  start(): void {
    if (this.#isStarted) return
    this.#isStarted = true
    this.#hooks.onStart()
  }

  /** Answer the caller. Only the first answer counts. */
  answer(reply: Reply): void {
    if (this.#reply) return
    this.#reply = reply
    this.#hooks.onReply(reply)
  }

  /** What a failure says to the caller. */
  replyTo(failure: Failure): Reply {
    return toReply(failure, this.invocation.requestId)
  }

  /** A line of the function, for the tail. What an init wrote that this invocation waited for is part of it. */
  line(line: string): void {
    this.#hooks.onLine(line)
  }

  /** It is over.
   *  @param reply  what the report says, which may be worse than what the caller was told
   *  @param endedMs  monotonic ms */
  end(reply: Reply, endedMs: number, maxMemoryUsedMib: number): void {
    const measured: Measured = {
      durationMs:
        reply.kind === 'timeout'
          ? this.invocation.version.timeoutMs
          : Math.max(0, endedMs - (this.#startedMs ?? endedMs)),
      ...(this.#initDurationMs !== undefined && { initDurationMs: this.#initDurationMs }),
      ...(this.#restoreDurationMs !== undefined && { restoreDurationMs: this.#restoreDurationMs }),
      maxMemoryUsedMib,
      ...(this.#overhead !== undefined && { extensionOverhead: this.#overhead }),
    }
    this.#settle({ reply, measured })
  }
}
