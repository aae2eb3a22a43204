/** What becomes of an asynchronous event after an attempt: decided here, carried out by events.ts. Pure. */
import { eventLimits } from '../config.ts'
import { AwsError } from '../lib/errors/aws-error.ts'
import type { AsyncSettings } from './async-settings.ts'
import type { RunResult } from './run.ts'

/** How an attempt ended: with a reply, refused before it ran, or not tried since the event was too old. */
export type Attempt =
  | ({ readonly kind: 'ran' } & Pick<RunResult, 'reply' | 'executedVersion'>)
  | { readonly kind: 'refused'; readonly error: unknown }
  | { readonly kind: 'expired' }

/** Why an event is given up. source: AWS Lambda dev guide, destination record `condition`; recorded answers. `NotInvocable` is
 *  ours and told to nobody: the function is gone. */
export type DiscardCondition =
  | 'RetriesExhausted'
  | 'EventAgeExceeded'
  | 'ZeroReservedConcurrency'
  | 'RecursiveInvocation'
  | 'NotInvocable'

export type Verdict =
  | { readonly kind: 'done' }
  /** try again; `isFailure`: the function ran and failed, which is counted */
  | { readonly kind: 'retry'; readonly delayMs: number; readonly isFailure: boolean }
  | { readonly kind: 'discard'; readonly condition: DiscardCondition }

export type EventHistory = {
  readonly settings: Pick<AsyncSettings, 'maxRetryCount' | 'maxAgeMs'>
  /** function errors before this attempt */
  readonly failureCount: number
  /** refusals in a row, this one included */
  readonly refusalCount: number
  readonly ageMs: number
  readonly reservedConcurrency: number | undefined
}

/** Decide. After a function error the age that counts is that at the next attempt: what would be too old then is given up now.
 *  @source AWS Lambda dev guide "How Lambda handles errors and retries with asynchronous invocation": two retries after one and
 *  two minutes on function errors; throttles and system errors for up to six hours, 1 s to 5 min apart; recorded records of an
 *  age of 60 s: given up after the first attempt, of 120 s after the second */
export function judge(attempt: Attempt, history: EventHistory): Verdict {
  const { settings, failureCount, refusalCount, ageMs } = history
  switch (attempt.kind) {
    case 'ran': {
      if (attempt.reply.kind === 'ok') return { kind: 'done' }
      const delayMs = eventLimits.retryDelaysMs[failureCount]
      if (delayMs === undefined || failureCount >= settings.maxRetryCount) {
        return discard('RetriesExhausted')
      }
      if (ageMs + delayMs >= settings.maxAgeMs) return discard('EventAgeExceeded')
      return { kind: 'retry', delayMs, isFailure: true }
    }
    case 'refused': {
      if (history.reservedConcurrency === 0) return discard('ZeroReservedConcurrency')
      if (isRecursion(attempt.error)) return discard('RecursiveInvocation')
      if (isFinal(attempt.error)) return discard('NotInvocable')
      if (ageMs >= settings.maxAgeMs) return discard('EventAgeExceeded')
      const backOffMs = Math.min(
        eventLimits.minThrottleDelayMs * 2 ** Math.max(0, refusalCount - 1),
        eventLimits.maxThrottleDelayMs,
      )
      const delayMs = Math.min(backOffMs, settings.maxAgeMs - ageMs)
      return { kind: 'retry', delayMs, isFailure: false }
    }
    case 'expired':
      return discard('EventAgeExceeded')
  }
}

function discard(condition: DiscardCondition): Verdict {
  return { kind: 'discard', condition }
}

function isRecursion(error: unknown): boolean {
  return error instanceof AwsError && error.code === 'RecursiveInvocationException'
}

/** Refusals that no waiting changes: the function is gone, the request is wrong. A conflict (409) passes: it is being made; so may a
 *  restore that failed. */
function isFinal(error: unknown): boolean {
  if (!(error instanceof AwsError) || error.code.startsWith('SnapStart')) return false
  return error.status < 500 && error.status !== 429 && error.status !== 409
}
