/**
 * Which environments there are: those that start, those that live, those that stop. It counts and ends them; which may start and which
 * must go is decided elsewhere. Used by fleet.ts.
 */
import { fleetLimits } from '../config.ts'
import { background } from '../lib/background.ts'
import type { Clock } from '../lib/clock.ts'
import type { FleetLimits, FleetOptions } from './fleet-options.ts'
import type { Member } from './member.ts'

/** All environments of the fleet. */
export class Roster {
  readonly #clock: Clock
  readonly #limits: FleetLimits
  readonly #isMachineBusy: FleetOptions['isMachineBusy']
  readonly #members = new Set<Member>()
  readonly #stopping = new Set<Promise<void>>()
  #startingCount = 0
  #onEmpty: (() => void) | undefined

  constructor({ clock, isMachineBusy }: FleetOptions, limits: FleetLimits) {
    this.#clock = clock
    this.#limits = limits
    this.#isMachineBusy = isMachineBusy
  }

  /** environments that live, those that start included */
  get size(): number {
    return this.#members.size
  }

  get startingCount(): number {
    return this.#startingCount
  }

  /** as many start as may at once */
  get isStartingFull(): boolean {
    return this.#startingCount >= this.#limits.maxStartingCount
  }

  get isFull(): boolean {
    return this.#members.size >= this.#limits.maxEnvironmentCount
  }

  /** A new one, that starts.
   *  @param onSlow  its start takes so long that it should make room for the next */
  add(member: Member, onSlow: () => void): void {
    member.bornAtMs = this.#clock.monotonicMs()
    this.#members.add(member)
    this.#startingCount++
    this.#awaitStart(member, onSlow, fleetLimits.maxStartSlotMs)
  }

  /** A slow init may only wait for something. On a machine that has more to do than it can, starts are slow because of each other, and
   *  more of them would leave nothing for what runs. */
  #awaitStart(member: Member, onSlow: () => void, leftMs: number): void {
    const { startSlotMs } = fleetLimits
    member.startTimer = this.#clock.after(startSlotMs, () => {
      if (leftMs > startSlotMs && this.#isMachineBusy?.() === true) {
        this.#awaitStart(member, onSlow, leftMs - startSlotMs)
      } else {
        onSlow()
      }
    })
  }

  /** It does not count among those that start any more. @returns whether it did */
  endStart(member: Member): boolean {
    if (member.startTimer === undefined) return false
    member.startTimer.clear()
    member.startTimer = undefined
    this.#startingCount--
    return true
  }

  has(member: Member): boolean {
    return this.#members.has(member)
  }

  /** It is gone, or about to go. @returns whether it was here */
  delete(member: Member): boolean {
    if (!this.#members.delete(member)) return false
    if (this.#members.size === 0) this.#onEmpty?.()
    return true
  }

  /** Stop its processes; who stops is waited for. */
  end(member: Member): void {
    const stopped = member.environment.stop('spindown')
    this.#stopping.add(stopped)
    background(
      'stop environment',
      stopped.finally(() => this.#stopping.delete(stopped)),
    )
  }

  /** those that stop now */
  get stopping(): ReadonlySet<Promise<void>> {
    return this.#stopping
  }

  /** When none lives any more, or after `drainMs`. @returns those that still live */
  async drained(drainMs: number): Promise<readonly Member[]> {
    if (this.#members.size > 0) {
      await new Promise<void>((resolve) => {
        const timer = this.#clock.after(drainMs, resolve)
        this.#onEmpty = () => {
          timer.clear()
          resolve()
        }
      })
    }
    return [...this.#members]
  }
}
