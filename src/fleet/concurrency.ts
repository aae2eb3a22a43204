/**
 * Concurrency accounting: how many invocations of a function and of an account's region run now, and which of them may still
 * begin. Counts only; nothing waits here. The fleet calls it with every lease.
 */
import { tooManyRequests } from '../lib/errors/lambda.ts'
import type { AwsError } from '../lib/errors/aws-error.ts'
import type { FunctionVersion } from '../model.ts'
import { StartAllowance } from './burst.ts'

/** What a caller may use. */
export type ConcurrencyLimits = {
  /** of the function; 0 blocks it. Absent: the function shares the unreserved pool */
  readonly reservedConcurrency?: number | undefined
  /** of the account in the region, less all that is reserved: what functions without a reservation share */
  readonly unreservedConcurrency: number
}

/** Invocations of one function (all its versions), and the pool its account shares. */
export type Counters = {
  readonly key: string
  functionCount: number
  /** environments and waiters that still refer to these counters */
  userCount: number
  /** environments that are provisioned for versions of the function: part of its reservation, and nobody else's */
  provisionedCount: number
  readonly starts: StartAllowance
  readonly account: AccountCounters
}

/** Of an account in a region. */
type AccountCounters = {
  readonly key: string
  unreservedCount: number
  /** functions that refer to these counters */
  functionCount: number
}

/** One place of the shared or the reserved concurrency that is taken; that of a provisioned environment was taken with it. */
export type SlotKind = 'reserved' | 'unreserved' | 'provisioned'

/** Take a slot or refuse.
 *  @throws AwsError TooManyRequestsException (429) with the reason
 *  @source AWS Lambda dev guide "Understanding Lambda function scaling"; Lambda model, enum ThrottleReason */
export function takeSlot(counters: Counters, limits: ConcurrencyLimits): SlotKind {
  const reserved = limits.reservedConcurrency
  if (reserved !== undefined) {
    if (counters.functionCount >= reserved - counters.provisionedCount) {
      throw throttled('ReservedFunctionConcurrentInvocationLimitExceeded')
    }
    counters.functionCount++
    return 'reserved'
  }
  if (counters.account.unreservedCount >= limits.unreservedConcurrency) {
    throw throttled('ConcurrentInvocationLimitExceeded')
  }
  counters.functionCount++
  counters.account.unreservedCount++
  return 'unreserved'
}

/** Give a slot back, of the kind that was taken. */
export function giveSlot(counters: Counters, kind: SlotKind): void {
  if (kind === 'provisioned') return
  counters.functionCount--
  if (kind === 'unreserved') counters.account.unreservedCount--
}

/** The 429 of Lambda, as its clients know it. */
export function throttled(reason: string): AwsError {
  return tooManyRequests('Rate Exceeded.', { Reason: reason, retryAfterSeconds: '1' })
}

/** All counters, made when first needed and dropped when nobody uses them. */
export class Concurrency {
  readonly #functions = new Map<string, Counters>()
  readonly #accounts = new Map<string, AccountCounters>()

  /** The counters of a version's function; pair with `leave`. */
  enter(version: FunctionVersion): Counters {
    const place = `${version.accountId}/${version.region}`
    const key = `${place}/${version.functionName}`
    let counters = this.#functions.get(key)
    if (counters === undefined) {
      let account = this.#accounts.get(place)
      if (account === undefined) {
        account = { key: place, unreservedCount: 0, functionCount: 0 }
        this.#accounts.set(place, account)
      }
      account.functionCount++
      const starts = new StartAllowance()
      counters = { key, functionCount: 0, userCount: 0, provisionedCount: 0, starts, account }
      this.#functions.set(key, counters)
    }
    counters.userCount++
    return counters
  }

  leave(counters: Counters): void {
    if (--counters.userCount > 0) return
    this.#functions.delete(counters.key)
    const { account } = counters
    if (--account.functionCount === 0) this.#accounts.delete(account.key)
  }

  /** how many counters are kept, of functions and of accounts */
  get size(): number {
    return this.#functions.size + this.#accounts.size
  }
}
