/**
 * The fleet: all execution environments of this machine. It leases one per invocation: the one that was used last, else a new
 * one; it accounts for concurrency, limits how many start at once and stops what is idle. What to do is decided in plan.ts.
 * The trunk (invoke/run.ts) is the caller. Nothing above knows on which machine an environment is.
 */
import { fleetLimits } from '../config.ts'
import type { Clock, Timer } from '../lib/clock.ts'
import { serviceException } from '../lib/errors/lambda.ts'
import type { ExecutionEnvironment } from '../environment/contract.ts'
import type { FunctionVersion } from '../model.ts'
import { Concurrency, giveSlot, takeSlot, throttled } from './concurrency.ts'
import type { SlotKind } from './concurrency.ts'
import { withDefaults } from './fleet-options.ts'
import type {
  FleetCounts,
  FleetLimits,
  FleetOptions,
  Launch,
  LeaseRequest,
} from './fleet-options.ts'
import { Freezer } from './freezer.ts'
import { Member, newGroup, oldestIdle, remove, takeDead } from './member.ts'
import type { Group, Lease, Owner, Waiter } from './member.ts'
import { plan } from './plan.ts'
import { Provisioner } from './provisioner.ts'
import type { ProvisionedState } from './provision.ts'
import { Roster } from './roster.ts'
import { TenantIdle } from './tenant-idle.ts'
import { Waiting } from './waiting.ts'

/** All environments of this machine. */
export class Fleet {
  readonly #clock: Clock
  readonly #launch: Launch
  readonly #limits: FleetLimits
  readonly #concurrency = new Concurrency()
  readonly #owner: Owner
  /** version ARN, followed by the tenant if there is one -> the group of the newest revision */
  readonly #groups = new Map<string, Group>()
  readonly #waiting: Waiting
  readonly #freezer: Freezer | undefined
  readonly #provisioner: Provisioner
  readonly #tenantIdle = new TenantIdle()
  readonly #roster: Roster
  #sweep: Timer | undefined
  #isClosed = false

  constructor(options: FleetOptions) {
    this.#clock = options.clock
    this.#launch = options.launch
    this.#limits = withDefaults(options.limits)
    this.#roster = new Roster(options, this.#limits)
    this.#waiting = new Waiting({
      clock: this.#clock,
      act: (dueMs) => this.#act(dueMs),
      onGiveUp: (group, slot) => {
        giveSlot(group.counters, slot)
        this.#dropIfUnused(group)
      },
    })
    if (options.isFreezing !== false) {
      this.#freezer = new Freezer(this.#clock, () => this.#groups.values())
    }
    this.#provisioner = new Provisioner({
      clock: this.#clock,
      waiting: this.#waiting,
      hasRoom: () => this.#hasRoom(),
      launch: (version) => this.#launch(version, 'provisioned-concurrency'),
      enlist: (environment, group) => this.#enlist(environment, group, true),
      grant: (member) => this.#grant(member, 'provisioned'),
      noteIdle: () => this.#freezer?.note(),
      endStart: (member) => this.#endStart(member),
      stop: (member) => this.#stop(member),
      forget: (member) => this.#forget(member),
    })
    this.#owner = {
      memberStarted: (member) => this.#noteStarted(member),
      memberReplied: (member) => this.#settle(member),
      memberReleased: (member) => this.#takeBack(member),
    }
  }

  /** Lease an environment for one invocation: at once when one is idle, else when one was started.
   *  The lease of a new environment is granted while it still starts; its init is awaited by `invoke`.
   *  @param tenantId  gets environments of its own, that served no other tenant and will serve none
   *  @throws AwsError TooManyRequestsException (429) when concurrency is spent, or no environment could be had in time
   *  @throws AwsError InvalidRuntimeException (502) when nothing here can run it
   *  shape   waiting: Set per version, FIFO, at most maxWaitingCount in all, each for at most leaseWaitMs */
  lease(
    version: FunctionVersion,
    request: LeaseRequest,
    tenantId?: string,
  ): Lease | Promise<Lease> {
    if (this.#isClosed) throw serviceException('The service is shutting down.')
    const group = this.#group(version, tenantId)
    if (group.provision !== undefined) {
      const member = this.#popAlive(group.provision.idle)
      if (member !== undefined) return this.#grant(member, 'provisioned')
    }
    let slot: SlotKind
    try {
      slot = takeSlot(group.counters, request)
    } catch (error) {
      this.#dropIfUnused(group)
      throw error
    }
    if (!group.pace.isCrowded(group)) {
      const member = this.#popAlive(group.idle)
      if (member !== undefined) return this.#grant(member, slot)
    }
    return this.#waiting.join(group, slot, request.signal)
  }

  /** Have so many environments of a published version initialised ahead from now on; 0 ends it. They are started one after the
   *  other, taken first, never stopped for being idle, and replaced when they die. Saying it again tries again what failed. */
  provision(version: FunctionVersion, count: number): void {
    if (this.#isClosed) return
    const group = this.#group(version, undefined)
    if (count > 0) this.#provisioner.set(group, count)
    else this.#provisioner.drop(group)
    this.#dropIfUnused(group)
    this.#armSweep()
  }

  /** What there is of a version's provisioned environments; undefined when it has none. */
  provisioned(versionArn: string): ProvisionedState | undefined {
    return this.#groups.get(versionArn)?.provision?.state()
  }

  /** Stop the environments of a version, or of all versions of a function: idle ones now, others after their run.
   *  @param arn  of the version, or of the function (unqualified)
   *  @returns when the idle ones are gone */
  async retire(arn: string): Promise<void> {
    const before = new Set(this.#roster.stopping)
    for (const group of this.#groups.values()) {
      if (`${group.version.arn}:`.startsWith(`${arn}:`)) this.#retireGroup(group)
    }
    await Promise.allSettled(new Set(this.#roster.stopping).difference(before))
  }

  counts(): FleetCounts {
    let idleCount = 0
    for (const { idle, provision } of this.#groups.values()) {
      idleCount += idle.length + (provision?.idle.length ?? 0)
    }
    return {
      environmentCount: this.#roster.size,
      idleCount,
      startingCount: this.#roster.startingCount,
      waitingCount: this.#waiting.count,
    }
  }

  /** Refuse new leases, let what runs finish for up to `drainMs`, then stop everything. Idempotent. */
  async close(options: { drainMs: number }): Promise<void> {
    this.#isClosed = true
    this.#sweep?.clear()
    this.#freezer?.close()
    this.#waiting.rejectAll(() => serviceException('The service is shutting down.'))
    for (const group of this.#groups.values()) this.#retireGroup(group)
    for (const member of await this.#roster.drained(options.drainMs)) this.#stop(member)
    await Promise.allSettled(this.#roster.stopping)
  }

  #group(version: FunctionVersion, tenantId: string | undefined): Group {
    const key = tenantId === undefined ? version.arn : `${version.arn} ${tenantId}`
    const old = this.#groups.get(key)
    if (old?.version.revisionId === version.revisionId) return old
    if (old !== undefined) this.#retireGroup(old)
    const counters = this.#concurrency.enter(version)
    const group = newGroup({ key, tenantId, version, counters }, this.#limits.fewRunCount)
    this.#groups.set(key, group)
    return group
  }

  #popAlive(idle: Member[]): Member | undefined {
    let member = idle.pop()
    for (; member?.isAlive === false; member = idle.pop()) this.#discard(member)
    return member
  }

  #grant(member: Member, slot: SlotKind): Lease {
    if (member.group.tenantId !== undefined) this.#tenantIdle.delete(member)
    member.isLeased = true
    member.slot = slot
    member.leasedAtMs = this.#clock.monotonicMs()
    return member
  }

  /** Do what the plan says.
   *  @param dueMs  monotonic ms that a timer was set for: timers may fire a little early */
  #act(dueMs = 0): void {
    const view = {
      groups: [...this.#groups.values()],
      waitingGroups: this.#waiting.groups,
      environmentCount: this.#roster.size,
      startingCount: this.#roster.startingCount,
    }
    let foundDead = false
    for (const action of plan<Member, Waiter, Group>(
      view,
      this.#limits,
      Math.max(dueMs, this.#clock.monotonicMs()),
    )) {
      if (action.kind === 'start') {
        this.#waiting.end(action.waiter)
        this.#start(action.waiter)
        continue
      }
      remove(action.group.idle, action.idle)
      if (action.kind === 'stop') {
        this.#stop(action.idle)
      } else if (action.idle.isAlive) {
        this.#waiting.end(action.waiter)
        action.waiter.resolve(this.#grant(action.idle, action.waiter.slot))
      } else {
        this.#forget(action.idle)
        foundDead = true
      }
    }
    // Each round forgets at least one, so this ends.
    if (foundDead) this.#act(dueMs)
    this.#armSweep()
  }

  #start(waiter: Waiter): void {
    const { group } = waiter
    let environment: ExecutionEnvironment
    try {
      if (!group.counters.starts.take(this.#clock.monotonicMs())) {
        throw throttled('ConcurrentInvocationLimitExceeded')
      }
      environment = this.#launch(group.version)
    } catch (error) {
      giveSlot(group.counters, waiter.slot)
      this.#dropIfUnused(group)
      waiter.reject(error)
      return
    }
    waiter.resolve(this.#grant(this.#enlist(environment, group, false), waiter.slot))
  }

  #enlist(environment: ExecutionEnvironment, group: Group, isProvisioned: boolean): Member {
    const member = new Member(environment, group, this.#owner, isProvisioned)
    if (!isProvisioned) group.memberCount++
    this.#roster.add(member, () => this.#endStart(member))
    return member
  }

  #hasRoom(): boolean {
    if (this.#isClosed || this.#roster.isStartingFull) return false
    if (!this.#roster.isFull) return true
    const oldest = oldestIdle(this.#groups.values())
    if (oldest !== undefined) this.#evict(oldest)
    return oldest !== undefined
  }

  #noteStarted(member: Member): void {
    member.leasedAtMs = this.#clock.monotonicMs()
    this.#endStart(member)
  }

  #endStart(member: Member): void {
    if (!this.#roster.endStart(member)) return
    if (this.#waiting.count > 0) this.#act()
    if (this.#provisioner.size > 0) this.#provisioner.fill()
  }

  #settle(member: Member): void {
    if (member.slot === undefined) return
    giveSlot(member.group.counters, member.slot)
    member.slot = undefined
    member.group.settlingCount++
  }

  #takeBack(member: Member): void {
    const { group } = member
    this.#settle(member)
    group.settlingCount--
    member.isLeased = false
    member.isCold = false
    const nowMs = this.#clock.monotonicMs()
    if (member.isProvisioned) return this.#provisioner.takeBack(member)
    member.lastRunMs = nowMs - member.leasedAtMs
    group.pace.note(member.lastRunMs, group, nowMs)
    member.idleSinceMs = nowMs
    if (!member.isAlive) this.#forget(member)
    else if (group.isRetired || nowMs - member.bornAtMs > fleetLimits.maxAgeMs) this.#stop(member)
    else {
      this.#rest(member)
      group.isHeldBack = group.waiting.size > 0 && group.pace.isCrowded(group)
      const isStarting = member.startTimer !== undefined
      if (group.isHeldBack && !isStarting && this.#waiting.groups.size === 1) return
      if (this.#passOn(member)) return
    }
    if (member.startTimer !== undefined) this.#endStart(member)
    else if (this.#waiting.count > 0) this.#act()
  }

  #rest(member: Member): void {
    member.group.idle.push(member)
    this.#freezer?.note()
    const displaced = this.#tenantIdle.add(member)
    if (displaced !== undefined) this.#evict(displaced)
  }

  #evict(idle: Member): void {
    remove(idle.group.idle, idle)
    this.#stop(idle)
  }

  /** What the plan would say, without asking it, when nobody else waits: the first of this group takes what it waited for. */
  #passOn(member: Member): boolean {
    const { group } = member
    if (member.startTimer !== undefined) return false
    const waiter = this.#waiting.nextInLine(group)
    if (waiter === undefined) return false
    group.idle.pop()
    this.#waiting.end(waiter)
    waiter.resolve(this.#grant(member, waiter.slot))
    return true
  }

  #retireGroup(group: Group): void {
    group.isRetired = true
    if (this.#groups.get(group.key) === group) this.#groups.delete(group.key)
    this.#provisioner.drop(group)
    for (const member of group.idle.splice(0)) this.#stop(member)
    this.#dropIfUnused(group)
  }

  #stop(member: Member): void {
    if (!this.#roster.has(member)) return
    this.#forget(member)
    this.#roster.end(member)
  }

  #forget(member: Member): void {
    if (this.#discard(member)) this.#dropIfUnused(member.group)
  }

  /** Its group stays, for whoever is about to use it. */
  #discard(member: Member): boolean {
    if (!this.#roster.delete(member)) return false
    const { group } = member
    if (group.tenantId !== undefined) this.#tenantIdle.delete(member)
    if (member.isProvisioned) {
      group.provision?.forget(member)
      this.#provisioner.fill()
    } else {
      group.memberCount--
    }
    return true
  }

  #dropIfUnused(group: Group): void {
    if (group.memberCount > 0 || group.waiting.size > 0 || group.isDropped) return
    if (group.provision !== undefined) return
    group.isDropped = true
    if (this.#groups.get(group.key) === group) this.#groups.delete(group.key)
    this.#concurrency.leave(group.counters)
  }

  #armSweep(): void {
    if (this.#sweep !== undefined || this.#isClosed) return
    if (this.#roster.size === 0 && this.#provisioner.size === 0) return
    this.#sweep = this.#clock.after(Math.min(fleetLimits.sweepMs, this.#limits.idleMs), () => {
      this.#sweep = undefined
      for (const group of this.#groups.values()) {
        for (const member of takeDead(group)) this.#forget(member)
      }
      this.#provisioner.fill()
      this.#act()
    })
  }
}
