/**
 * What an environment tells its extensions: everything since its init began, once they subscribed. As long as somebody may subscribe
 * all is kept (bounded); when init is over and nobody did, nothing is, and the environment asks `isActive` no further.
 * The endpoints are in telemetry-api/, the lines of the log in observe/platform-lines.ts.
 * source: AWS Lambda dev guide "Accessing real-time telemetry data for extensions using the Telemetry API".
 */
import { isDeepStrictEqual } from 'node:util'
import { telemetryLimits } from '../../config.ts'
import type { Clock } from '../../lib/clock.ts'
import type { LogFormat } from '../../model.ts'
import type { PlatformEvent } from '../../observe/platform-events.ts'
import { History } from './history.ts'
import type { TelemetryRecord } from './record.ts'
import { Subscriber } from './subscriber.ts'
import type { Subscription, TelemetryApiName } from './subscription.ts'

export type TelemetryOptions = {
  readonly clock: Clock
  readonly logFormat: LogFormat
  /** say something as the platform: to the log, and back to here */
  readonly emit: (event: PlatformEvent) => void
}

export type SubscribeResult =
  | { readonly kind: 'subscribed' | 'already-subscribed' | 'too-many' | 'closed' }
  /** one extension uses one of the two APIs */
  | { readonly kind: 'other-api'; readonly api: TelemetryApiName }

export class Telemetry {
  /** ports that are no destination: those of the environment's own APIs */
  reservedPorts: readonly number[] = []
  readonly #options: TelemetryOptions
  /** absent when nobody may subscribe */
  #history: History | undefined = new History()
  /** by name of the extension */
  readonly #subscribers = new Map<string, Subscriber>()
  #subscriptionCount = 0
  #isPaused = false
  /** Does anything that happens have to be told here? The one question of the hot path. */
  isActive = true

  constructor(options: TelemetryOptions) {
    this.#options = options
  }

  /** Nobody may subscribe any more. */
  get isClosed(): boolean {
    return this.#history === undefined
  }

  /** Would anybody take this event? Ask before building one that few want. */
  wants(type: PlatformEvent['type']): boolean {
    if (!this.isActive) return false
    if (this.#history) return true
    for (const { subscription } of this.#subscribers.values()) {
      const isOther = subscription.api === 'logs' ? !inLogsApi.has(type) : onlyInLogsApi.has(type)
      if (!isOther && subscription.types.includes('platform')) return true
    }
    return false
  }

  /** An event of the platform. @param timeMs  epoch ms */
  platform(event: PlatformEvent, timeMs: number): void {
    this.#tell({ timeMs, type: 'platform', event })
  }

  /** A line of the function or of an extension, without its newline. @param timeMs  epoch ms */
  line(type: 'function' | 'extension', line: string, timeMs: number): void {
    this.#tell({ timeMs, type, line })
  }

  /** A subscription of an extension; a further one takes the place of its last. */
  subscribe(name: string, subscription: Subscription): SubscribeResult {
    const history = this.#history
    if (!history) return { kind: 'closed' }
    const earlier = this.#subscribers.get(name)
    if (earlier && earlier.subscription.api !== subscription.api) {
      return { kind: 'other-api', api: earlier.subscription.api }
    }
    if (earlier && isDeepStrictEqual(earlier.subscription, subscription)) {
      this.#announce(name, subscription, 'Already subscribed')
      return { kind: 'already-subscribed' }
    }
    if (this.#subscriptionCount >= telemetryLimits.maxSubscriptionCount) return { kind: 'too-many' }
    this.#subscriptionCount += 1
    earlier?.close()
    const { clock, logFormat } = this.#options
    const subscriber = new Subscriber({
      subscription,
      clock,
      history,
      isJson: logFormat === 'JSON',
    })
    if (this.#isPaused) subscriber.pause()
    this.#subscribers.set(name, subscriber)
    this.#announce(name, subscription, 'Subscribed')
    return { kind: 'subscribed' }
  }

  /** Init is over: who has not subscribed never will. */
  closeSubscriptions(): void {
    this.#history = undefined
    this.isActive = this.#subscribers.size > 0
  }

  /** The processes are gone, their subscriptions with them; new ones may come. What happens from now on is kept for them, and so is
   *  what nobody was told yet. */
  reset(): void {
    if (this.#subscribers.size > 0 || !this.#history) this.#history = new History()
    this.#closeAll()
    this.#subscriptionCount = 0
    this.#isPaused = false
    this.isActive = true
  }

  /** The environment is frozen: nothing is sent, no time passes. */
  pause(): void {
    this.#isPaused = true
    for (const subscriber of this.#subscribers.values()) subscriber.pause()
  }

  /** The environment goes on. */
  resume(): void {
    this.#isPaused = false
    for (const subscriber of this.#subscribers.values()) subscriber.resume()
  }

  /** Deliver all that waits.
   *  @param budgetMs  settles after this at the latest; what was not delivered by then may still be, until `reset` or `close` */
  async flush(budgetMs: number): Promise<void> {
    if (this.#subscribers.size === 0 || this.#isPaused) return
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = this.#options.clock.after(budgetMs, resolve)
    const flushed = [...this.#subscribers.values()].map((subscriber) => subscriber.flush())
    await Promise.race([Promise.all(flushed), promise])
    timer.clear()
  }

  /** The environment is gone. */
  close(): void {
    this.#closeAll()
    this.#history = undefined
    this.isActive = false
  }

  #tell(record: TelemetryRecord): void {
    this.#history?.add(record)
    for (const subscriber of this.#subscribers.values()) subscriber.offer(record)
  }

  #announce(name: string, { api, types }: Subscription, state: string): void {
    const type = api === 'logs' ? 'platform.logsSubscription' : 'platform.telemetrySubscription'
    this.#options.emit({ type, record: { name, state, types } })
  }

  #closeAll(): void {
    for (const subscriber of this.#subscribers.values()) subscriber.close()
    this.#subscribers.clear()
  }
}

const inLogsApi: ReadonlySet<PlatformEvent['type']> = new Set([
  'platform.start',
  'platform.end',
  'platform.runtimeDone',
  'platform.report',
  'platform.extension',
  'platform.logsSubscription',
  'platform.logsDropped',
  'platform.fault',
])

const onlyInLogsApi: ReadonlySet<PlatformEvent['type']> = new Set([
  'platform.end',
  'platform.fault',
  'platform.logsSubscription',
])
