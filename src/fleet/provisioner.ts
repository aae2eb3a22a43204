/**
 * Keeps provisioned environments in number: starts what is lacking as far as there is room, gives out what became ready, stops what
 * is too much. Used by fleet.ts, which does the starting and stopping.
 */
import { fleetLimits } from '../config.ts'
import { background } from '../lib/background.ts'
import type { Clock } from '../lib/clock.ts'
import type { ExecutionEnvironment } from '../environment/contract.ts'
import type { FunctionVersion } from '../model.ts'
import { giveSlot } from './concurrency.ts'
import { remove } from './member.ts'
import type { Group, Lease, Member } from './member.ts'
import type { Waiting } from './waiting.ts'
import { Provision } from './provision.ts'

/** What the fleet does for it. */
export type ProvisionHost = {
  readonly clock: Clock
  readonly waiting: Waiting
  /** another environment may start now */
  hasRoom(): boolean
  /** @throws AwsError when its runtime cannot be had */
  launch(version: FunctionVersion): ExecutionEnvironment
  /** Count it among those that start. */
  enlist(environment: ExecutionEnvironment, group: Group): Member
  grant(member: Member): Lease
  /** One more is idle. */
  noteIdle(): void
  /** It has ended its init. */
  endStart(member: Member): void
  stop(member: Member): void
  /** It is gone already. */
  forget(member: Member): void
}

/** All groups that have provisioned environments. */
export class Provisioner {
  readonly #host: ProvisionHost
  readonly #groups = new Set<Group>()
  #isFilling = false

  constructor(host: ProvisionHost) {
    this.#host = host
  }

  /** how many versions have provisioned environments */
  get size(): number {
    return this.#groups.size
  }

  /** Have so many environments of a group from now on. @param count  at least 1 */
  set(group: Group, count: number): void {
    const provision = (group.provision ??= new Provision(0))
    group.counters.provisionedCount += count - provision.count
    provision.resize(count)
    this.#groups.add(group)
    for (const member of provision.idle.slice()) if (provision.isOver) this.#stop(member)
    this.fill()
  }

  /** Have none any more: those in use are stopped when they are given back. */
  drop(group: Group): void {
    const { provision } = group
    if (provision === undefined) return
    this.#groups.delete(group)
    group.provision = undefined
    group.counters.provisionedCount -= provision.count
    for (const member of provision.members) if (!member.isLeased) this.#host.stop(member)
  }

  /** Start what is lacking, one group after the other. */
  fill(): void {
    // What cannot be launched is forgotten at once, which would begin another round within this one.
    if (this.#isFilling) return
    this.#isFilling = true
    try {
      for (const group of this.#groups) {
        while (group.provision?.isLacking(this.#nowMs) === true && this.#host.hasRoom()) {
          this.#start(group, group.provision)
        }
      }
    } finally {
      this.#isFilling = false
    }
  }

  /** A run has ended. */
  takeBack(member: Member): void {
    const isOld = this.#nowMs - member.bornAtMs > fleetLimits.maxAgeMs
    if (!member.isAlive) this.#host.forget(member)
    else if (isOld) this.#host.stop(member)
    else this.#free(member)
  }

  get #nowMs(): number {
    return this.#host.clock.monotonicMs()
  }

  /** Nobody uses it: who waits for an environment of its group to be started need not wait. */
  #free(member: Member): void {
    const { group } = member
    const { provision } = group
    if (provision?.members.has(member) !== true || provision.isOver) {
      this.#host.stop(member)
      return
    }
    const [waiter] = group.waiting
    if (waiter === undefined) {
      member.idleSinceMs = this.#nowMs
      provision.idle.push(member)
      this.#host.noteIdle()
      return
    }
    this.#host.waiting.end(waiter)
    giveSlot(group.counters, waiter.slot)
    waiter.resolve(this.#host.grant(member))
  }

  #start(group: Group, provision: Provision): void {
    let environment: ExecutionEnvironment
    try {
      environment = this.#host.launch(group.version)
    } catch {
      // Its invocations are told why; here it has only failed.
      provision.failed(this.#nowMs)
      return
    }
    const member = this.#host.enlist(environment, group)
    provision.members.add(member)
    const ended = environment.initialised.then(({ failure }) => {
      this.#host.endStart(member)
      if (!provision.members.has(member)) return
      if (failure === undefined) {
        provision.initialised(member)
        this.#free(member)
      } else {
        provision.failed(this.#nowMs)
        this.#host.forget(member)
      }
    })
    background('provision environment', ended)
  }

  #stop(member: Member): void {
    remove(member.group.provision?.idle ?? [], member)
    this.#host.stop(member)
  }
}
