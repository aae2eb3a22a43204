/**
 * Invocations that wait for an environment: first come, first served within a version, versions in turn. Whom to serve with what
 * is decided in plan.ts; here they only stand, each with a deadline and the caller's signal. Used by fleet.ts.
 */
import { fleetLimits, limits } from '../config.ts'
import type { Clock } from '../lib/clock.ts'
import { throttled } from './concurrency.ts'
import type { SlotKind } from './concurrency.ts'
import type { Group, Lease, Waiter } from './member.ts'

export type WaitingOptions = {
  readonly clock: Clock
  /** Look for something to be done: somebody came, or its patience has ended.
   *  @param dueMs  monotonic ms that a timer was set for; timers may fire a little early */
  readonly act: (dueMs?: number) => void
  /** Somebody leaves without an environment: its concurrency slot is free. */
  readonly onGiveUp: (group: Group, slot: SlotKind) => void
}

/** All that wait.
 *  shape   at most maxWaitingCount, each for at most leaseWaitMs */
export class Waiting {
  /** groups with at least one waiter, the one that was served longest ago first */
  readonly groups = new Set<Group>()
  readonly #options: WaitingOptions
  #count = 0

  constructor(options: WaitingOptions) {
    this.#options = options
  }

  /** how many wait, all groups together */
  get count(): number {
    return this.#count
  }

  /** Wait for an environment of a group.
   *  @param signal  ends the wait
   *  @throws AwsError TooManyRequestsException (429) when too many wait, or none could be had in time */
  join(group: Group, slot: SlotKind, signal: AbortSignal | undefined): Promise<Lease> {
    const { clock, act, onGiveUp } = this.#options
    const { promise, resolve, reject } = Promise.withResolvers<Lease>()
    const giveUp = (error: unknown): void => {
      onGiveUp(group, slot)
      reject(error)
    }
    if (signal?.aborted === true) giveUp(signal.reason)
    else if (this.#count >= limits.maxWaitingCount) {
      giveUp(throttled('ConcurrentInvocationLimitExceeded'))
    } else {
      const onAbort = (): void => leave(signal?.reason)
      const timers = [
        clock.after(fleetLimits.leaseWaitMs, () =>
          leave(throttled('ConcurrentInvocationLimitExceeded')),
        ),
      ]
      let startNotBeforeMs: number | undefined
      const patienceMs = group.pace.patienceOf(group)
      if (patienceMs > 0) {
        const dueMs = clock.monotonicMs() + patienceMs
        startNotBeforeMs = dueMs
        timers.push(clock.after(patienceMs, () => act(dueMs)))
      }
      const disarm = (): void => {
        for (const timer of timers) timer.clear()
        signal?.removeEventListener('abort', onAbort)
      }
      const waiter: Waiter = { group, slot, startNotBeforeMs, resolve, reject, disarm }
      const leave = (error: unknown): void => {
        this.end(waiter)
        giveUp(error)
      }
      signal?.addEventListener('abort', onAbort)
      this.#begin(waiter)
    }
    return promise
  }

  /** It waits no longer, whatever it got. */
  end(waiter: Waiter): void {
    const { group } = waiter
    waiter.disarm()
    group.waiting.delete(waiter)
    if (waiter.startNotBeforeMs !== undefined) group.expectingCount--
    this.#count--
    // A group that was served goes to the end of the queue of groups.
    this.groups.delete(group)
    if (group.waiting.size > 0) this.groups.add(group)
  }

  /** Send everybody away. */
  rejectAll(error: () => Error): void {
    for (const group of this.groups) {
      for (const waiter of group.waiting) {
        this.end(waiter)
        waiter.reject(error())
      }
    }
  }

  /** The waiter of this group that counts on the environment that becomes free now, when nobody else waits. */
  nextInLine(group: Group): Waiter | undefined {
    if (this.groups.size !== 1) return undefined
    const [waiter] = group.waiting
    return waiter?.startNotBeforeMs === undefined ? undefined : waiter
  }

  #begin(waiter: Waiter): void {
    const { group } = waiter
    group.waiting.add(waiter)
    if (waiter.startNotBeforeMs !== undefined) group.expectingCount++
    this.groups.add(group)
    this.#count++
    // One that counts on an environment that is about to become free: nothing can be done for it now.
    if (waiter.startNotBeforeMs === undefined) this.#options.act()
  }
}
