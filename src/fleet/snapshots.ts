/**
 * Warm snapshots: environments of versions with SnapStart that were initialised ahead and wait, frozen, to be restored. One is kept per
 * version; when it is taken another is made. No memory is copied here: each snapshot is an environment that ran its own init, so the
 * second of two invocations at once runs one too. The launcher takes from it; publishing a version asks for the first.
 * source: AWS Lambda dev guide "Improving startup performance with Lambda SnapStart"
 */
import { fleetLimits } from '../config.ts'
import type { ExecutionEnvironment } from '../environment/contract.ts'
import { background } from '../lib/background.ts'
import type { Clock, Timer } from '../lib/clock.ts'
import type { FunctionVersion } from '../model.ts'
import type { Launch } from './fleet-options.ts'

export type SnapshotsOptions = {
  readonly clock: Clock
  /** make an environment for a snapshot; its init begins at once */
  readonly launch: Launch
  /** versions that one is kept for; the one that was used longest ago makes room */
  readonly maxCount?: number
}

/** `ready`: it is kept, or will be made when it is needed; `closed`: nobody knows, since the server stops */
export type SnapshotEnd = 'ready' | 'failed' | 'closed'

/** The place of one version. */
type Shelf = {
  readonly version: FunctionVersion
  /** initialised, or about to be */
  kept: ExecutionEnvironment | undefined
  filling: Promise<boolean> | undefined
  refill: Timer | undefined
  /** nobody keeps one here any more */
  isDropped: boolean
}

function newShelf(version: FunctionVersion): Shelf {
  return { version, kept: undefined, filling: undefined, refill: undefined, isDropped: false }
}

/** The snapshots of all versions of this machine. */
export class Snapshots {
  readonly #clock: Clock
  readonly #launch: Launch
  readonly #maxCount: number
  /** version ARN -> place, the one that was used longest ago first; at most maxCount */
  readonly #shelves = new Map<string, Shelf>()
  readonly #stopping = new Set<Promise<void>>()
  #isClosed = false

  constructor({ clock, launch, maxCount = fleetLimits.maxSnapshotCount }: SnapshotsOptions) {
    this.#clock = clock
    this.#launch = launch
    this.#maxCount = maxCount
  }

  /** Make the first snapshot of a version, and keep one from then on. None is kept when its init fails.
   *  @throws AwsError InvalidRuntimeException (502) when nothing here runs it */
  async create(version: FunctionVersion): Promise<SnapshotEnd> {
    const shelf = this.#shelf(version)
    const hasFailed = await this.#fill(shelf)
    if (this.#isClosed) return 'closed'
    if (hasFailed) this.#drop(shelf)
    return hasFailed ? 'failed' : 'ready'
  }

  /** Take the snapshot of a version, to be restored by its first invocation; it may still be on its way. From then on one is kept.
   *  @returns undefined when there is none */
  take(version: FunctionVersion): ExecutionEnvironment | undefined {
    const shelf = this.#shelf(version)
    const { kept } = shelf
    shelf.kept = undefined
    this.#refillLater(shelf, fleetLimits.refillQuietMs)
    return kept && isUsable(kept) ? kept : undefined
  }

  /** how many wait or are on their way */
  get count(): number {
    return this.#shelves.values().reduce((count, shelf) => count + (shelf.kept ? 1 : 0), 0)
  }

  /** Keep none any more.
   *  @param arn  of a version, or of a function (unqualified)
   *  @returns when they are gone */
  async retire(arn: string): Promise<void> {
    for (const [key, shelf] of this.#shelves) {
      if (key === arn || key.startsWith(`${arn}:`)) this.#drop(shelf)
    }
    await Promise.allSettled(this.#stopping)
  }

  async close(): Promise<void> {
    this.#isClosed = true
    for (const shelf of this.#shelves.values()) this.#drop(shelf)
    await Promise.allSettled(this.#stopping)
  }

  #shelf(version: FunctionVersion): Shelf {
    const known = this.#shelves.get(version.arn)
    this.#shelves.delete(version.arn)
    const isCurrent = known?.version.revisionId === version.revisionId
    if (known && !isCurrent) this.#drop(known)
    const shelf = isCurrent && known ? known : newShelf(version)
    this.#shelves.set(version.arn, shelf)
    for (const oldest of this.#shelves.values()) {
      if (this.#shelves.size <= this.#maxCount) break
      this.#drop(oldest)
    }
    return shelf
  }

  /** Have one made, unless it is there or on its way. @returns whether its init failed */
  #fill(shelf: Shelf): Promise<boolean> {
    shelf.filling ??= this.#make(shelf).finally(() => (shelf.filling = undefined))
    return shelf.filling
  }

  async #make(shelf: Shelf): Promise<boolean> {
    shelf.refill?.clear()
    shelf.refill = undefined
    const { kept } = shelf
    const environment = kept && isUsable(kept) ? kept : this.#launch(shelf.version)
    shelf.kept = environment
    const { failure } = await environment.initialised
    // It made room for others, or what it is made of has changed: its end says nothing.
    if (!failure) environment.freeze()
    if (!failure || shelf.isDropped) return false
    if (shelf.kept === environment) shelf.kept = undefined
    return true
  }

  /** One whose init fails is tried again after a while, and when it is asked for. */
  #refillLater(shelf: Shelf, delayMs: number): void {
    if (this.#isClosed || shelf.isDropped) return
    shelf.refill?.clear()
    shelf.refill = this.#clock.after(delayMs, () => {
      background('refill snapshot', this.#refill(shelf))
    })
  }

  async #refill(shelf: Shelf): Promise<void> {
    const hasFailed = await this.#fill(shelf)
    if (hasFailed && !shelf.isDropped) this.#refillLater(shelf, fleetLimits.refillBackoffMs)
  }

  #drop(shelf: Shelf): void {
    const { version, kept } = shelf
    if (this.#shelves.get(version.arn) === shelf) this.#shelves.delete(version.arn)
    shelf.refill?.clear()
    shelf.refill = undefined
    shelf.kept = undefined
    shelf.isDropped = true
    if (!kept || !isUsable(kept)) return
    const stopped = kept.stop('spindown')
    this.#stopping.add(stopped)
    background(
      'stop snapshot',
      stopped.finally(() => this.#stopping.delete(stopped)),
    )
  }
}

function isUsable({ state }: ExecutionEnvironment): boolean {
  return state !== 'gone' && state !== 'failed' && state !== 'draining'
}
