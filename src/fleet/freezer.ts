/**
 * Freezes environments that have been idle for a moment, as Lambda does between invocations. One timer looks through all of them:
 * nothing is done per invocation, and what is asked again at once is never frozen. An environment thaws by itself when it is used.
 * Used by fleet.ts.
 */
import { fleetLimits } from '../config.ts'
import type { Clock, Timer } from '../lib/clock.ts'
import type { Group, Member } from './member.ts'

/** The one timer. */
export class Freezer {
  readonly #clock: Clock
  readonly #groups: () => Iterable<Group>
  #timer: Timer | undefined

  constructor(clock: Clock, groups: () => Iterable<Group>) {
    this.#clock = clock
    this.#groups = groups
  }

  /** An environment became idle. */
  note(): void {
    this.#timer ??= this.#clock.after(fleetLimits.freezeAfterMs, () => this.#look())
  }

  close(): void {
    this.#timer?.clear()
  }

  #look(): void {
    this.#timer = undefined
    const beforeMs = this.#clock.monotonicMs() - fleetLimits.freezeAfterMs
    let isAnyTooNew = false
    for (const group of this.#groups()) {
      if (freezeIdle(group.idle, beforeMs)) isAnyTooNew = true
      if (group.provision && freezeIdle(group.provision.idle, beforeMs)) isAnyTooNew = true
    }
    if (isAnyTooNew) this.note()
  }
}

/** Freeze what has been idle since `beforeMs`, the newest first: below one that is frozen all are.
 *  @returns whether some are too new */
function freezeIdle(idle: readonly Member[], beforeMs: number): boolean {
  let isAnyTooNew = false
  for (let index = idle.length - 1; index >= 0; index -= 1) {
    const member = idle[index]
    if (member === undefined || member.environment.state === 'frozen') break
    if (member.idleSinceMs > beforeMs) isAnyTooNew = true
    else member.environment.freeze()
  }
  return isAnyTooNew
}
