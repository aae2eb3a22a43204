/**
 * The warm pool: generic bootstraps that were started ahead and wait to be told their function, a few for each program that was
 * used or asked for. Taking one never waits; it is refilled in the background, one at a time, and not during a burst of starts.
 * The launcher takes from it.
 */
import { fleetLimits } from '../config.ts'
import type { Clock, Timer } from '../lib/clock.ts'
import type { Ids } from '../lib/ids.ts'
import type { Runtime } from '../runtimes/runtime.ts'
import type { Driver, PreparedSandbox } from '../sandbox/driver.ts'
import { planRefill } from './plan.ts'

export type WarmPoolOptions = {
  readonly clock: Clock
  readonly ids: Ids
  readonly driver: Driver
  /** generic bootstraps per program; 0 switches the pool off */
  readonly size: number
}

/** Those of one program; several runtime names may share it. */
type Shelf = {
  readonly runtime: Runtime
  readonly targetCount: number
  readonly ready: PreparedSandbox[]
  readyCount: number
  notBeforeMs: number
}

/** What a generic bootstrap has before it knows its own variables. */
const bareEnvironment = { PATH: '/usr/local/bin:/usr/bin:/bin', LANG: 'en_US.UTF-8', TZ: ':UTC' }

/** Generic bootstraps that wait for code. */
export class WarmPool {
  readonly #options: WarmPoolOptions
  readonly #shelves = new Map<string, Shelf>()
  #timer: Timer | undefined
  #isClosed = false

  constructor(options: WarmPoolOptions) {
    this.#options = options
  }

  /** Keep some of this runtime ready from now on. */
  use(runtime: Runtime): void {
    this.#shelf(runtime)
    this.#arm(0)
  }

  /** Take one that waits; undefined when there is none. From then on some are kept ready.
   *  The pool is refilled once no start has happened for refillQuietMs. */
  take(runtime: Runtime): PreparedSandbox | undefined {
    const notBeforeMs = this.#options.clock.monotonicMs() + fleetLimits.refillQuietMs
    for (const shelf of this.#shelves.values()) {
      shelf.notBeforeMs = Math.max(shelf.notBeforeMs, notBeforeMs)
    }
    const shelf = this.#shelf(runtime)
    if (shelf === undefined) return undefined
    shelf.notBeforeMs = Math.max(shelf.notBeforeMs, notBeforeMs)
    const prepared = shelf.ready.shift()
    shelf.readyCount = shelf.ready.length
    this.#arm(fleetLimits.refillQuietMs)
    return prepared
  }

  /** how many wait now */
  get readyCount(): number {
    let count = 0
    for (const shelf of this.#shelves.values()) count += shelf.readyCount
    return count
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#timer?.clear()
    const all = [...this.#shelves.values()].flatMap((shelf) => shelf.ready.splice(0))
    this.#shelves.clear()
    await Promise.allSettled(all.map((prepared) => prepared.dispose()))
  }

  #shelf(runtime: Runtime): Shelf | undefined {
    if (runtime.prepareArgv === undefined || this.#options.size === 0 || this.#isClosed)
      return undefined
    const key = [...runtime.argv, ...runtime.prepareArgv].join('\0')
    let shelf = this.#shelves.get(key)
    if (shelf === undefined) {
      const targetCount = this.#options.size
      shelf = { runtime, targetCount, ready: [], readyCount: 0, notBeforeMs: 0 }
      this.#shelves.set(key, shelf)
    }
    return shelf
  }

  #arm(delayMs: number): void {
    if (this.#timer !== undefined || this.#isClosed) return
    this.#timer = this.#options.clock.after(delayMs, () => {
      this.#timer = undefined
      this.#refill()
    })
  }

  #refill(): void {
    const next = planRefill(this.#shelves.values(), this.#options.clock.monotonicMs())
    if (next.prepare !== undefined) {
      this.#prepare(next.prepare)
      this.#arm(fleetLimits.refillIntervalMs)
    } else if (next.waitMs !== undefined) {
      this.#arm(next.waitMs)
    }
  }

  #prepare(shelf: Shelf): void {
    const [program, ...rest] = shelf.runtime.argv
    if (program === undefined) return
    const prepared = this.#options.driver.prepare({
      id: `warm-${this.#options.ids.hex(8)}`,
      argv: [program, ...rest, ...(shelf.runtime.prepareArgv ?? [])],
      environment: bareEnvironment,
    })
    shelf.ready.push(prepared)
    shelf.readyCount = shelf.ready.length
    // `exited` never rejects; it also settles long after the sandbox was taken, which is none of our concern.
    void prepared.exited.then(() => this.#noteDeath(shelf, prepared))
  }

  #noteDeath(shelf: Shelf, prepared: PreparedSandbox): void {
    const index = shelf.ready.indexOf(prepared)
    if (index === -1) return
    shelf.ready.splice(index, 1)
    shelf.readyCount = shelf.ready.length
    shelf.notBeforeMs = this.#options.clock.monotonicMs() + fleetLimits.refillBackoffMs
    this.#arm(fleetLimits.refillBackoffMs)
  }
}
