/** What the fleet holds: environments with their place in it, grouped by the revision of a version. A member is the lease that the trunk gets. */
import { assert } from '../lib/assert.ts'
import type { Timer } from '../lib/clock.ts'
import type { ExecutionEnvironment } from '../environment/contract.ts'
import type { FunctionVersion } from '../model.ts'
import { Pace } from './pace.ts'
import type { Provision } from './provision.ts'
import type { Counters, SlotKind } from './concurrency.ts'

/** An environment that is ours for one invocation. */
export type Lease = {
  readonly environment: ExecutionEnvironment
  /** it was started for this lease */
  readonly isCold: boolean
  /** The environment has initialised: the next one may start. Idempotent. */
  started(): void
  /** The caller has its answer: the concurrency slot is free, the environment is not yet. Idempotent. */
  replied(): void
  /** Give the environment and the concurrency slot back. Exactly once. */
  release(): void
}

/** The environments of one revision of one version. */
export type Group = {
  readonly key: string
  /** whose environments they are; absent when the function does not tell tenants apart */
  readonly tenantId: string | undefined
  readonly pace: Pace
  readonly version: FunctionVersion
  readonly counters: Counters
  /** a stack: the newest last */
  readonly idle: Member[]
  readonly waiting: Set<Waiter>
  /** environments that live, without provisioned ones */
  memberCount: number
  provision: Provision | undefined
  /** environments whose caller was answered and that are about to become free */
  settlingCount: number
  /** waiters that count on one of those */
  expectingCount: number
  /** what became free is left idle for now, although there is somebody who waits: more at once would not be done sooner */
  isHeldBack: boolean
  /** superseded or deleted: what becomes free is stopped */
  isRetired: boolean
  /** nothing refers to it any more: its counters were left */
  isDropped: boolean
}

/** A group without environments yet. @param fewRunCount  tiny runs at once that are few */
export function newGroup(
  group: Pick<Group, 'key' | 'tenantId' | 'version' | 'counters'>,
  fewRunCount: number,
): Group {
  return {
    ...group,
    version: group.tenantId === undefined ? group.version : oneAtATime(group.version),
    pace: new Pace(fewRunCount),
    idle: [],
    waiting: new Set(),
    memberCount: 0,
    provision: undefined,
    settlingCount: 0,
    expectingCount: 0,
    isHeldBack: false,
    isRetired: false,
    isDropped: false,
  }
}

/** No tenant runs beside another. */
function oneAtATime(version: FunctionVersion): FunctionVersion {
  const { maxConcurrency: _ignored, ...rest } = version
  return rest
}

/** An invocation that waits for an environment; it has its concurrency slot already. */
export type Waiter = {
  readonly group: Group
  readonly slot: SlotKind
  readonly startNotBeforeMs: number | undefined
  readonly resolve: (lease: Lease) => void
  readonly reject: (error: unknown) => void
  /** stop waiting: clears the deadline and the listener of the signal */
  readonly disarm: () => void
}

/** What a member tells its fleet. */
export type Owner = {
  memberStarted(member: Member): void
  memberReplied(member: Member): void
  memberReleased(member: Member): void
}

/** One environment of the fleet; it is its own lease, since it serves one invocation at a time. */
export class Member implements Lease {
  readonly environment: ExecutionEnvironment
  readonly group: Group
  readonly #owner: Owner
  isLeased = false
  readonly isProvisioned: boolean
  /** set while leased and not yet answered */
  slot: SlotKind | undefined
  isCold: boolean
  /** set while it counts among those that start; the end of its slot */
  startTimer: Timer | undefined
  /** monotonic ms when it was made */
  bornAtMs = 0
  /** monotonic ms when its run began */
  leasedAtMs = 0
  idleSinceMs = 0
  lastRunMs: number | undefined

  constructor(
    environment: ExecutionEnvironment,
    group: Group,
    owner: Owner,
    isProvisioned = false,
  ) {
    this.isProvisioned = isProvisioned
    this.isCold = !isProvisioned
    this.environment = environment
    this.group = group
    this.#owner = owner
  }

  started(): void {
    if (this.isCold) this.#owner.memberStarted(this)
  }

  replied(): void {
    if (this.slot !== undefined) this.#owner.memberReplied(this)
  }

  release(): void {
    assert(this.isLeased, 'a lease is released once')
    this.#owner.memberReleased(this)
  }

  /** It can still run something. */
  get isAlive(): boolean {
    const state = this.environment.state
    return state !== 'gone' && state !== 'failed' && state !== 'draining'
  }
}

/** The one that was used longest ago, of those that nobody uses; provisioned ones are left out. */
export function oldestIdle(groups: Iterable<Group>): Member | undefined {
  let oldest: Member | undefined
  for (const { idle } of groups) {
    const [first] = idle
    if (first !== undefined && first.idleSinceMs < (oldest?.idleSinceMs ?? Infinity)) oldest = first
  }
  return oldest
}

/** Take idle ones out of a group that cannot run anything any more. */
export function takeDead({ idle, provision }: Group): readonly Member[] {
  const dead = [...idle, ...(provision?.idle ?? [])].filter(({ isAlive }) => !isAlive)
  for (const member of dead) remove(member.isProvisioned ? (provision?.idle ?? []) : idle, member)
  return dead
}

/** Take one out of a short ordered list, looked for from the end. */
export function remove(members: Member[], member: Member): void {
  const index = members.lastIndexOf(member)
  if (index !== -1) members.splice(index, 1)
}
