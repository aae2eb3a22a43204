/**
 * The fleet: all execution environments of this machine. It leases one per invocation: the one that was used last, else a new
 * one; it accounts for concurrency, limits how many start at once and stops what is idle. What to do is decided in plan.ts.
 * The trunk (invoke/run.ts) is the caller. Nothing above knows on which machine an environment is.
 */
import { availableParallelism } from 'node:os'
import { fleetLimits, limits as lairLimits } from '../config.ts'
import { background } from '../lib/background.ts'
import type { Clock, Timer } from '../lib/clock.ts'
import { serviceException } from '../lib/errors/lambda.ts'
import type { ExecutionEnvironment } from '../environment/contract.ts'
import type { FunctionVersion } from '../model.ts'
import { Concurrency, giveSlot, takeSlot } from './concurrency.ts'
import type { ConcurrencyLimits, SlotKind } from './concurrency.ts'
import { Member } from './member.ts'
import type { Group, Lease, Owner, Waiter } from './member.ts'
import { Pace } from './pace.ts'
import { plan } from './plan.ts'
import type { PlanLimits } from './plan.ts'
import { Waiting } from './waiting.ts'

/** Make an environment whose init begins at once. @throws AwsError when its runtime cannot be had */
export type Launch = (version: FunctionVersion) => ExecutionEnvironment

export type FleetLimits = PlanLimits & {
  /** tiny runs of one version at once, before further ones wait a moment */
  readonly fewRunCount: number
}

export type FleetOptions = {
  readonly clock: Clock
  readonly launch: Launch
  readonly limits?: Partial<FleetLimits>
}

export type LeaseRequest = ConcurrencyLimits & {
  /** aborts the wait; the lease is then never granted */
  readonly signal?: AbortSignal | undefined
}

export type FleetCounts = {
  readonly environmentCount: number
  readonly idleCount: number
  readonly startingCount: number
  readonly waitingCount: number
}

/** All environments of this machine. */
export class Fleet {
  readonly #clock: Clock
  readonly #launch: Launch
  readonly #limits: FleetLimits
  readonly #concurrency = new Concurrency()
  readonly #owner: Owner
  /** version ARN -> the group of its newest revision */
  readonly #groups = new Map<string, Group>()
  readonly #waiting: Waiting
  readonly #members = new Set<Member>()
  readonly #stopping = new Set<Promise<void>>()
  #startingCount = 0
  #sweep: Timer | undefined
  #isClosed = false
  #onEmpty: (() => void) | undefined

  constructor(options: FleetOptions) {
    this.#clock = options.clock
    this.#launch = options.launch
    this.#limits = {
      maxEnvironmentCount: lairLimits.maxEnvironmentCount,
      maxStartingCount: Math.max(4, availableParallelism() * fleetLimits.startsPerCore),
      fewRunCount: Math.max(2, availableParallelism() * fleetLimits.tinyRunsPerCore),
      idleMs: lairLimits.idleEnvironmentMs,
      maxHandoverRunMs: fleetLimits.maxHandoverRunMs,
      ...options.limits,
    }
    this.#waiting = new Waiting({
      clock: this.#clock,
      act: (dueMs) => this.#act(dueMs),
      onGiveUp: (group, slot) => {
        giveSlot(group.counters, slot)
        this.#dropIfUnused(group)
      },
    })
    this.#owner = {
      memberStarted: (member) => this.#noteStarted(member),
      memberReplied: (member) => this.#settle(member),
      memberReleased: (member) => this.#takeBack(member),
    }
  }

  /** Lease an environment for one invocation: at once when one is idle, else when one was started.
   *  The lease of a new environment is granted while it still starts; its init is awaited by `invoke`.
   *  @throws AwsError TooManyRequestsException (429) when concurrency is spent, or no environment could be had in time
   *  @throws AwsError InvalidRuntimeException (502) when nothing here can run it
   *  shape   waiting: Set per version, FIFO, at most maxWaitingCount in all, each for at most leaseWaitMs */
  lease(version: FunctionVersion, request: LeaseRequest): Lease | Promise<Lease> {
    if (this.#isClosed) throw serviceException('The service is shutting down.')
    let group = this.#groups.get(version.arn)
    if (group === undefined || group.version.revisionId !== version.revisionId) {
      group = this.#openGroup(version, group)
    }
    let slot: SlotKind
    try {
      slot = takeSlot(group.counters, request)
    } catch (error) {
      this.#dropIfUnused(group)
      throw error
    }
    if (!group.pace.isCrowded(group)) {
      for (let member = group.idle.pop(); member !== undefined; member = group.idle.pop()) {
        if (member.isAlive) return this.#grant(member, slot)
        this.#forget(member)
      }
    }
    return this.#waiting.join(group, slot, request.signal)
  }

  /** Stop the environments of a version, or of all versions of a function: idle ones now, others after their run.
   *  @param arn  of the version, or of the function (unqualified)
   *  @returns when the idle ones are gone */
  async retire(arn: string): Promise<void> {
    const before = new Set(this.#stopping)
    for (const [key, group] of this.#groups) {
      if (key === arn || key.startsWith(`${arn}:`)) this.#retireGroup(group)
    }
    await Promise.allSettled(this.#stopping.difference(before))
  }

  counts(): FleetCounts {
    let idleCount = 0
    for (const group of this.#groups.values()) idleCount += group.idle.length
    return {
      environmentCount: this.#members.size,
      idleCount,
      startingCount: this.#startingCount,
      waitingCount: this.#waiting.count,
    }
  }

  /** Refuse new leases, let what runs finish for up to `drainMs`, then stop everything. Idempotent. */
  async close(options: { drainMs: number }): Promise<void> {
    this.#isClosed = true
    this.#sweep?.clear()
    this.#waiting.rejectAll(() => serviceException('The service is shutting down.'))
    for (const group of this.#groups.values()) this.#retireGroup(group)
    if (this.#members.size > 0) {
      await new Promise<void>((resolve) => {
        const timer = this.#clock.after(options.drainMs, resolve)
        this.#onEmpty = () => {
          timer.clear()
          resolve()
        }
      })
    }
    for (const member of this.#members) this.#stop(member)
    await Promise.allSettled(this.#stopping)
  }

  #openGroup(version: FunctionVersion, old: Group | undefined): Group {
    if (old !== undefined) this.#retireGroup(old)
    const group: Group = {
      version,
      counters: this.#concurrency.enter(version),
      idle: [],
      waiting: new Set(),
      memberCount: 0,
      pace: new Pace(this.#limits.fewRunCount),
      settlingCount: 0,
      expectingCount: 0,
      isHeldBack: false,
      isRetired: false,
      isDropped: false,
    }
    this.#groups.set(version.arn, group)
    return group
  }

  #grant(member: Member, slot: SlotKind): Lease {
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
      environmentCount: this.#members.size,
      startingCount: this.#startingCount,
    }
    let foundDead = false
    for (const action of plan<Member, Waiter, Group>(
      view,
      this.#limits,
      this.#clock.monotonicMs(),
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
      environment = this.#launch(group.version)
    } catch (error) {
      giveSlot(group.counters, waiter.slot)
      this.#dropIfUnused(group)
      waiter.reject(error)
      return
    }
    const member = new Member(environment, group, this.#owner)
    member.bornAtMs = this.#clock.monotonicMs()
    this.#members.add(member)
    group.memberCount++
    this.#startingCount++
    member.startTimer = this.#clock.after(fleetLimits.startSlotMs, () => this.#endStart(member))
    waiter.resolve(this.#grant(member, waiter.slot))
  }

  #noteStarted(member: Member): void {
    member.leasedAtMs = this.#clock.monotonicMs()
    this.#endStart(member)
  }

  #endStart(member: Member): void {
    if (member.startTimer === undefined) return
    member.startTimer.clear()
    member.startTimer = undefined
    this.#startingCount--
    if (this.#waiting.count > 0) this.#act()
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
    member.lastRunMs = nowMs - member.leasedAtMs
    group.pace.note(member.lastRunMs, group, nowMs)
    member.idleSinceMs = nowMs
    if (!member.isAlive) this.#forget(member)
    else if (group.isRetired || nowMs - member.bornAtMs > fleetLimits.maxAgeMs) this.#stop(member)
    else {
      group.idle.push(member)
      group.isHeldBack = group.waiting.size > 0 && group.pace.isCrowded(group)
      const isStarting = member.startTimer !== undefined
      if (group.isHeldBack && !isStarting && this.#waiting.groups.size === 1) return
      if (this.#passOn(member)) return
    }
    if (member.startTimer !== undefined) this.#endStart(member)
    else if (this.#waiting.count > 0) this.#act()
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
    if (this.#groups.get(group.version.arn) === group) this.#groups.delete(group.version.arn)
    for (const member of group.idle.splice(0)) this.#stop(member)
    this.#dropIfUnused(group)
  }

  #stop(member: Member): void {
    if (!this.#members.has(member)) return
    this.#forget(member)
    const stopped = member.environment.stop('spindown')
    this.#stopping.add(stopped)
    background(
      'stop environment',
      stopped.finally(() => this.#stopping.delete(stopped)),
    )
  }

  #forget(member: Member): void {
    if (!this.#members.delete(member)) return
    member.group.memberCount--
    this.#dropIfUnused(member.group)
    if (this.#members.size === 0) this.#onEmpty?.()
  }

  #dropIfUnused(group: Group): void {
    if (group.memberCount > 0 || group.waiting.size > 0 || group.isDropped) return
    group.isDropped = true
    if (this.#groups.get(group.version.arn) === group) this.#groups.delete(group.version.arn)
    this.#concurrency.leave(group.counters)
  }

  #armSweep(): void {
    if (this.#sweep !== undefined || this.#isClosed || this.#members.size === 0) return
    this.#sweep = this.#clock.after(Math.min(fleetLimits.sweepMs, this.#limits.idleMs), () => {
      this.#sweep = undefined
      for (const group of this.#groups.values()) this.#dropDead(group)
      this.#act()
    })
  }

  #dropDead(group: Group): void {
    for (const member of group.idle.filter((idle) => !idle.isAlive)) {
      remove(group.idle, member)
      this.#forget(member)
    }
  }
}

/** Take one out of a short ordered list, looked for from the end. */
function remove(members: Member[], member: Member): void {
  const index = members.lastIndexOf(member)
  if (index !== -1) members.splice(index, 1)
}
