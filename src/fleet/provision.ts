/**
 * Provisioned concurrency of one version: environments that are initialised before anybody asks and kept as long as they are
 * provisioned, whether they are used or not. Which are there, which are idle, and what to say of them; the fleet starts and stops them.
 * source: AWS Lambda dev guide "Configuring provisioned concurrency for a function"
 */
import { fleetLimits } from '../config.ts'
import type { Member } from './member.ts'

/** What a client is told of it. */
export type ProvisionedState = {
  /** environments that are initialised, in use or not */
  readonly allocatedCount: number
  readonly status: 'IN_PROGRESS' | 'READY' | 'FAILED'
}

/** The environments provisioned for one version. */
export class Provision {
  /** how many there should be */
  count: number
  /** a stack of those that nobody uses: the newest last */
  readonly idle: Member[] = []
  /** those that start included */
  readonly members = new Set<Member>()
  readonly #initialised = new Set<Member>()
  #failureCount = 0
  #retryAtMs = 0

  constructor(count: number) {
    this.count = count
  }

  /** Another number is wanted, or the same once more: what failed is tried again. */
  resize(count: number): void {
    this.count = count
    this.#failureCount = 0
  }

  /** @param nowMs  monotonic */
  isLacking(nowMs: number): boolean {
    return this.members.size < this.count && (!this.#hasFailed || nowMs >= this.#retryAtMs)
  }

  /** There are more than wanted. */
  get isOver(): boolean {
    return this.members.size > this.count
  }

  /** The init of one succeeded. */
  initialised(member: Member): void {
    this.#failureCount = 0
    this.#initialised.add(member)
  }

  /** An init failed, or could not even begin. @param nowMs  monotonic */
  failed(nowMs: number): void {
    this.#failureCount += 1
    this.#retryAtMs = nowMs + fleetLimits.provisionRetryMs
  }

  /** One is gone. */
  forget(member: Member): void {
    this.members.delete(member)
    this.#initialised.delete(member)
  }

  state(): ProvisionedState {
    const allocatedCount = Math.min(this.count, this.#initialised.size)
    if (allocatedCount === this.count) return { allocatedCount, status: 'READY' }
    return { allocatedCount, status: this.#hasFailed ? 'FAILED' : 'IN_PROGRESS' }
  }

  get #hasFailed(): boolean {
    return this.#failureCount >= fleetLimits.maxProvisionFailureCount
  }
}
