/**
 * What the platform says when a runtime is done with an event, or ended over it: when what happened, measured only where somebody
 * wants to know.
 * source: AWS Lambda dev guide "Lambda Telemetry API Event schema reference"; Runtime Interface Emulator, rapid/handlers.go.
 */
import type { Clock } from '../../lib/clock.ts'
import type { Invocation, Reply } from '../../model.ts'
import type { PlatformEvent, Span } from '../../observe/platform-events.ts'
import { toTracing } from '../../observe/tracing.ts'
import type { Failure } from '../failure.ts'
import type { RuntimeCall } from '../states.ts'

/** The times of one event, monotonic ms. */
export class EventTiming {
  readonly #clock: Clock
  readonly #handedMs: number
  #answeredMs: number | undefined
  #sentMs: number | undefined
  #producedBytes = 0

  constructor(clock: Clock) {
    this.#clock = clock
    this.#handedMs = clock.monotonicMs()
  }

  /** The runtime's call was allowed. */
  note(call: RuntimeCall): void {
    if (call === 'response' || call === 'error') this.#answeredMs ??= this.#clock.monotonicMs()
    else if (call === 'sent') this.#sentMs ??= this.#clock.monotonicMs()
  }

  /** What it said is read. */
  answered({ payload }: Reply): void {
    for (const chunk of payload) this.#producedBytes += chunk.byteLength
  }

  /** @param endedMs  the runtime's next `next`, or its end; monotonic ms
   *  @param failure  why there is no `next` */
  toEvent(invocation: Invocation, endedMs: number, failure?: Failure): PlatformEvent {
    const { tenantId } = invocation
    const tracing = toTracing(invocation)
    const spans = this.#spans(endedMs)
    return {
      type: 'platform.runtimeDone',
      record: {
        requestId: invocation.requestId,
        ...statusOf(failure),
        ...(spans.length > 0 && { spans }),
        metrics: {
          durationMs: endedMs - this.#handedMs,
          producedBytes: this.#producedBytes,
        },
        ...(tenantId !== undefined && { tenantId }),
        ...(tracing !== undefined && { tracing }),
      },
    }
  }

  #spans(endedMs: number): readonly Span[] {
    const [answeredMs, sentMs] = [this.#answeredMs, this.#sentMs]
    if (answeredMs === undefined) return []
    const spans = [this.#span('responseLatency', this.#handedMs, answeredMs)]
    if (sentMs === undefined) return spans
    spans.push(this.#span('responseDuration', answeredMs, sentMs))
    spans.push(this.#span('runtimeOverhead', sentMs, endedMs))
    return spans
  }

  #span(name: string, fromMs: number, toMs: number): Span {
    const epochMs = this.#clock.nowMs() - (this.#clock.monotonicMs() - fromMs)
    return { name, start: new Date(epochMs).toISOString(), durationMs: toMs - fromMs }
  }
}

/** An error of the handler is none of the platform's: that is a success. */
function statusOf(failure: Failure | undefined) {
  if (!failure) return { status: 'success' } as const
  if (failure.status === 'timeout') return { status: 'timeout' } as const
  const { errorType } = failure
  const status = errorType.startsWith('Sandbox.') ? 'failure' : 'error'
  return { status, errorType } as const
}
