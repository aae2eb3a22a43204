/** What becomes of an asynchronous event after an attempt: decided here, carried out by events.ts. Pure. */
import { eventLimits } from '../config.ts'
import { AwsError } from '../lib/errors/aws-error.ts'
import type { Reply } from '../model.ts'

/** How an attempt ended: with a reply, or refused before it ran. */
export type Attempt =
  | { readonly kind: 'ran'; readonly reply: Reply }
  | { readonly kind: 'refused'; readonly error: unknown }

/** Why an event is given up. source: AWS Lambda dev guide, destination record `condition`; `NotInvocable` is ours: the function
 *  is gone or refuses every call. */
export type DiscardCondition =
  | 'RetriesExhausted'
  | 'EventAgeExceeded'
  | 'ZeroReservedConcurrency'
  | 'NotInvocable'

export type Verdict =
  | { readonly kind: 'done' }
  /** try again; `isFailure`: the function ran and failed, which is counted */
  | { readonly kind: 'retry'; readonly delayMs: number; readonly isFailure: boolean }
  | { readonly kind: 'discard'; readonly condition: DiscardCondition }

export type EventHistory = {
  /** function errors before this attempt */
  readonly failureCount: number
  /** refusals in a row, this one included */
  readonly refusalCount: number
  readonly ageMs: number
  readonly reservedConcurrency: number | undefined
}

/** Decide.
 *  @source AWS Lambda dev guide "How Lambda handles errors and retries with asynchronous invocation": two retries after one and
 *  two minutes on function errors; throttles and system errors for up to six hours, 1 s to 5 min apart */
export function judge(attempt: Attempt, history: EventHistory): Verdict {
  if (attempt.kind === 'ran') {
    if (attempt.reply.kind === 'ok') return { kind: 'done' }
    const delayMs = eventLimits.retryDelaysMs[history.failureCount]
    if (delayMs === undefined) return { kind: 'discard', condition: 'RetriesExhausted' }
    return aged({ kind: 'retry', delayMs, isFailure: true }, history)
  }
  if (history.reservedConcurrency === 0) {
    return { kind: 'discard', condition: 'ZeroReservedConcurrency' }
  }
  if (isFinal(attempt.error)) return { kind: 'discard', condition: 'NotInvocable' }
  const delayMs = Math.min(
    eventLimits.minThrottleDelayMs * 2 ** Math.max(0, history.refusalCount - 1),
    eventLimits.maxThrottleDelayMs,
  )
  return aged({ kind: 'retry', delayMs, isFailure: false }, history)
}

function aged(verdict: Verdict, history: EventHistory): Verdict {
  return history.ageMs < eventLimits.maxAgeMs
    ? verdict
    : { kind: 'discard', condition: 'EventAgeExceeded' }
}

/** Refusals that no waiting changes: the function is gone, the request is wrong. A conflict (409) passes: it is being made. */
function isFinal(error: unknown): boolean {
  if (!(error instanceof AwsError)) return false
  return error.status < 500 && error.status !== 429 && error.status !== 409
}
