/**
 * What the fleet should do next, decided from what there is: pure, no time, no processes, nothing but values in and actions out.
 * The fleet calls it when somebody waits, when an environment became free and on its sweep; a warm lease never comes here.
 */

/** An environment that nobody uses. */
export type IdleView = {
  /** monotonic ms since when */
  readonly idleSinceMs: number
  /** how long the last run took; undefined before the first */
  readonly lastRunMs: number | undefined
}

/** An invocation that waits for an environment. */
export type WaiterView = {
  /** Set when another invocation was just answered and its environment is about to become free: that one will do,
   *  and none is started before this (monotonic ms). */
  readonly startNotBeforeMs: number | undefined
}

/** The environments of one revision of one version, and who waits for one. */
export type GroupView<Idle extends IdleView, Waiter extends WaiterView> = {
  /** ordered by `idleSinceMs`, the newest last */
  readonly idle: readonly Idle[]
  /** first come, first served */
  readonly waiting: ReadonlySet<Waiter>
  /** who waits for an environment that is about to become free is given no other one before its time */
  readonly isHeldBack: boolean
}

export type FleetView<
  Idle extends IdleView,
  Waiter extends WaiterView,
  Group extends GroupView<Idle, Waiter>,
> = {
  readonly groups: Iterable<Group>
  /** groups with at least one waiter, the one that was served longest ago first */
  readonly waitingGroups: Iterable<Group>
  /** environments that live, whatever they do */
  readonly environmentCount: number
  readonly startingCount: number
}

export type PlanLimits = {
  readonly maxEnvironmentCount: number
  readonly maxStartingCount: number
  /** idle for longer: stopped */
  readonly idleMs: number
  readonly maxHandoverRunMs: number
}

export type Action<Idle, Waiter, Group> =
  | { readonly kind: 'assign'; readonly group: Group; readonly waiter: Waiter; readonly idle: Idle }
  | { readonly kind: 'start'; readonly group: Group; readonly waiter: Waiter }
  | { readonly kind: 'stop'; readonly group: Group; readonly idle: Idle }

/** Serve those who wait, one of each group in turn, then stop what has been idle for too long.
 *  A waiter takes an environment that became free (the newest first) when runs there are short, or when no further environment
 *  may be made; otherwise it gets one of its own, as Lambda would. The environment that has been idle longest makes room.
 *  @returns actions in the order to carry them out; no environment and no waiter is named twice */
export function plan<
  Idle extends IdleView,
  Waiter extends WaiterView,
  Group extends GroupView<Idle, Waiter>,
>(
  view: FleetView<Idle, Waiter, Group>,
  limits: PlanLimits,
  nowMs: number,
): readonly Action<Idle, Waiter, Group>[] {
  const draft = new Draft<Idle, Waiter, Group>(view, limits, nowMs)
  serveWaiting(view, draft)
  for (const group of view.groups) {
    let oldest = draft.oldestIdle(group)
    while (oldest !== undefined && nowMs - oldest.idleSinceMs >= limits.idleMs) {
      draft.stopOldest(group, oldest)
      oldest = draft.oldestIdle(group)
    }
  }
  return draft.actions
}

function serveWaiting<
  Idle extends IdleView,
  Waiter extends WaiterView,
  Group extends GroupView<Idle, Waiter>,
>(view: FleetView<Idle, Waiter, Group>, draft: Draft<Idle, Waiter, Group>): void {
  let turns = Array.from(view.waitingGroups, (group) => ({
    group,
    waiters: group.waiting.values(),
  }))
  while (turns.length > 0) {
    turns = turns.filter(({ group, waiters }) => serveOne(group, waiters, draft))
  }
}

/** Serve the first of `waiters` that can be served. @returns false when there is none */
function serveOne<
  Idle extends IdleView,
  Waiter extends WaiterView,
  Group extends GroupView<Idle, Waiter>,
>(group: Group, waiters: Iterator<Waiter>, draft: Draft<Idle, Waiter, Group>): boolean {
  for (let next = waiters.next(); next.done !== true; next = waiters.next()) {
    if (draft.serve(group, next.value)) return true
    // One that waits for an environment in particular does not hold up those behind it.
    if (next.value.startNotBeforeMs === undefined) return false
  }
  return false
}

/** The view with the actions so far applied to it, without touching it. */
class Draft<
  Idle extends IdleView,
  Waiter extends WaiterView,
  Group extends GroupView<Idle, Waiter>,
> {
  readonly actions: Action<Idle, Waiter, Group>[] = []
  readonly #view: FleetView<Idle, Waiter, Group>
  readonly #limits: PlanLimits
  readonly #nowMs: number
  /** how many idle environments of a group were taken from the new and from the old end */
  readonly #taken = new Map<Group, { newest: number; oldest: number }>()
  #environmentCount: number
  #startingCount: number

  constructor(view: FleetView<Idle, Waiter, Group>, limits: PlanLimits, nowMs: number) {
    this.#view = view
    this.#limits = limits
    this.#nowMs = nowMs
    this.#environmentCount = view.environmentCount
    this.#startingCount = view.startingCount
  }

  /** @returns false when nothing can be done for it now */
  serve(group: Group, waiter: Waiter): boolean {
    const idle = this.#handover(group, waiter)
    if (idle !== undefined) {
      this.#takenOf(group).newest++
      this.actions.push({ kind: 'assign', group, waiter, idle })
      return true
    }
    if (this.#startingCount >= this.#limits.maxStartingCount) return false
    if (waiter.startNotBeforeMs !== undefined && this.#nowMs < waiter.startNotBeforeMs) return false
    if (this.#isFull()) {
      const victim = this.#leastRecentlyUsed()
      if (victim === undefined) return false
      this.stopOldest(victim.group, victim.idle)
    }
    this.#environmentCount++
    this.#startingCount++
    this.actions.push({ kind: 'start', group, waiter })
    return true
  }

  oldestIdle(group: Group): Idle | undefined {
    const taken = this.#taken.get(group)
    if (taken === undefined) return group.idle[0]
    return taken.oldest + taken.newest < group.idle.length ? group.idle[taken.oldest] : undefined
  }

  stopOldest(group: Group, idle: Idle): void {
    this.#takenOf(group).oldest++
    this.#environmentCount--
    this.actions.push({ kind: 'stop', group, idle })
  }

  #isFull(): boolean {
    return this.#environmentCount >= this.#limits.maxEnvironmentCount
  }

  /** The environment of its own group that a waiter may take. */
  #handover(group: Group, waiter: Waiter): Idle | undefined {
    if (group.isHeldBack && this.#nowMs < (waiter.startNotBeforeMs ?? 0)) return undefined
    const taken = this.#taken.get(group)
    const left = group.idle.length - (taken === undefined ? 0 : taken.newest + taken.oldest)
    if (left <= 0) return undefined
    const idle = group.idle[group.idle.length - 1 - (taken?.newest ?? 0)]
    const isShort = (idle?.lastRunMs ?? 0) < this.#limits.maxHandoverRunMs
    const isExpected = waiter.startNotBeforeMs !== undefined
    return isShort || isExpected || this.#isFull() ? idle : undefined
  }

  #leastRecentlyUsed(): { group: Group; idle: Idle } | undefined {
    let best: { group: Group; idle: Idle } | undefined
    for (const group of this.#view.groups) {
      const idle = this.oldestIdle(group)
      if (idle !== undefined && (best === undefined || idle.idleSinceMs < best.idle.idleSinceMs)) {
        best = { group, idle }
      }
    }
    return best
  }

  #takenOf(group: Group): { newest: number; oldest: number } {
    let taken = this.#taken.get(group)
    if (taken === undefined) this.#taken.set(group, (taken = { newest: 0, oldest: 0 }))
    return taken
  }
}

/** One runtime's generic bootstraps. */
export type PoolView = {
  readonly readyCount: number
  readonly targetCount: number
  /** monotonic ms before which none is to be prepared: a burst, or one that just died */
  readonly notBeforeMs: number
}

/** Which pool gets the next generic bootstrap, and when to look again. One at a time, the emptiest first.
 *  @returns `prepare`, or `waitMs` until one becomes due; neither when all are full */
export function planRefill<Pool extends PoolView>(
  pools: Iterable<Pool>,
  nowMs: number,
): { readonly prepare?: Pool; readonly waitMs?: number } {
  let prepare: Pool | undefined
  let waitMs: number | undefined
  for (const pool of pools) {
    if (pool.readyCount >= pool.targetCount) continue
    const pauseMs = pool.notBeforeMs - nowMs
    if (pauseMs > 0) waitMs = Math.min(waitMs ?? pauseMs, pauseMs)
    else if (prepare === undefined || pool.readyCount < prepare.readyCount) prepare = pool
  }
  if (prepare !== undefined) return { prepare }
  return waitMs === undefined ? {} : { waitMs }
}
