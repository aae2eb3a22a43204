/**
 * One subscription at work: records gather, go out as batches one after the other, are sent again when they were not taken, and are
 * dropped and counted when that does not help. While the environment is frozen nothing is sent and no time passes.
 */
import { telemetryLimits } from '../../config.ts'
import { background } from '../../lib/background.ts'
import type { Clock, Timer } from '../../lib/clock.ts'
import { type Batch, Batcher } from './batcher.ts'
import { type Delivery, openDelivery } from './delivery.ts'
import type { History } from './history.ts'
import { type TelemetryRecord, toDelivered } from './record.ts'
import type { Subscription } from './subscription.ts'

/** AWS's own words. source: AWS Lambda dev guide "Lambda Telemetry API Event schema reference", platform.logsDropped */
const dropReason =
  'Some logs were dropped because the downstream consumer is slower than the logs production rate'

export type SubscriberOptions = {
  readonly subscription: Subscription
  readonly clock: Clock
  /** the function logs in JSON */
  readonly isJson: boolean
  /** all of it is delivered first */
  readonly history: History
  /** the way to the extension; another one in tests */
  readonly delivery?: Delivery
}

export class Subscriber {
  readonly subscription: Subscription
  readonly #clock: Clock
  readonly #isJson: boolean
  readonly #batcher: Batcher
  readonly #delivery: Delivery
  /** the first record of a batch has waited long enough, or a flush was asked for */
  #isDue = false
  #dueTimer: Timer | undefined
  #isPaused = false
  #isClosed = false
  #isSending = false
  /** of the attempt that runs */
  #abort: AbortController | undefined
  #attemptTimer: Timer | undefined
  /** the wait between two attempts */
  #wake: (() => void) | undefined
  readonly #onIdle: (() => void)[] = []

  constructor(options: SubscriberOptions) {
    const { subscription, history } = options
    this.subscription = subscription
    this.#clock = options.clock
    this.#isJson = options.isJson
    this.#batcher = new Batcher(subscription.buffering, history.dropped)
    this.#delivery = options.delivery ?? openDelivery(subscription.destination)
    for (const record of history.records) this.offer(record)
  }

  offer(record: TelemetryRecord): void {
    const text = toDelivered(record, this.subscription, this.#isJson)
    if (text === undefined || this.#isClosed) return
    this.#batcher.add(text)
    this.#advance()
  }

  /** The environment is frozen. */
  pause(): void {
    this.#isPaused = true
    this.#clearDueTimer()
    this.#attemptTimer?.clear()
  }

  /** It goes on: what waited is due. */
  resume(): void {
    this.#isPaused = false
    if (!this.#batcher.isEmpty) this.#isDue = true
    if (this.#abort) this.#limitAttempt(this.#abort)
    this.#wake?.()
    this.#advance()
  }

  /** Send all that waits, now. Settles when nothing waits any more. */
  flush(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#onIdle.push(resolve)
    if (!this.#batcher.isEmpty) this.#isDue = true
    this.#advance()
    return promise
  }

  /** Nothing is sent any more. */
  close(): void {
    this.#isClosed = true
    this.#clearDueTimer()
    this.#attemptTimer?.clear()
    this.#abort?.abort()
    this.#wake?.()
    this.#delivery.close()
    this.#becomeIdle()
  }

  #advance(): void {
    if (this.#isPaused || this.#isSending || this.#isClosed) return
    if (this.#batcher.isEmpty) {
      this.#isDue = false
      this.#becomeIdle()
    } else if (this.#isDue || this.#batcher.isFull) {
      this.#clearDueTimer()
      this.#isSending = true
      background('deliver telemetry', this.#deliver(this.#batcher.take()))
    } else {
      this.#dueTimer ??= this.#clock.after(this.subscription.buffering.timeoutMs, () => {
        this.#dueTimer = undefined
        this.#isDue = true
        this.#advance()
      })
    }
  }

  async #deliver(batch: Batch): Promise<void> {
    const dropped = this.#batcher.takeDropped()
    const texts = dropped ? [...this.#droppedTexts(dropped), ...batch.texts] : batch.texts
    const isTaken = await this.#attempt(texts)
    if (!isTaken) {
      this.#batcher.drop(batch.texts.length, batch.bytes)
      if (dropped) this.#batcher.drop(dropped.records, dropped.bytes)
    }
    this.#isSending = false
    this.#advance()
  }

  async #attempt(texts: readonly string[]): Promise<boolean> {
    for (let count = 1; !this.#isClosed; count += 1) {
      const abort = new AbortController()
      this.#abort = abort
      this.#limitAttempt(abort)
      const isTaken = await this.#delivery.send(texts, abort.signal)
      this.#attemptTimer?.clear()
      this.#abort = undefined
      if (isTaken) return true
      if (count >= telemetryLimits.maxAttemptCount) return false
      await this.#pass(telemetryLimits.retryDelayMs * count)
    }
    return false
  }

  #limitAttempt(abort: AbortController): void {
    if (this.#isPaused) return
    this.#attemptTimer = this.#clock.after(telemetryLimits.attemptMs, () => abort.abort())
  }

  /** Between two attempts. An environment that is frozen has no time that could pass. */
  async #pass(delayMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = this.#clock.after(delayMs, () => {
      if (!this.#isPaused) resolve()
    })
    this.#wake = resolve
    await promise
    this.#wake = undefined
    timer.clear()
  }

  #droppedTexts(dropped: { readonly records: number; readonly bytes: number }): readonly string[] {
    const record = {
      droppedBytes: dropped.bytes,
      droppedRecords: dropped.records,
      reason: dropReason,
    }
    const event = { type: 'platform.logsDropped', record } as const
    const timeMs = this.#clock.nowMs()
    const text = toDelivered({ timeMs, type: 'platform', event }, this.subscription, this.#isJson)
    return text === undefined ? [] : [text]
  }

  #becomeIdle(): void {
    for (const resolve of this.#onIdle.splice(0)) resolve()
  }

  #clearDueTimer(): void {
    this.#dueTimer?.clear()
    this.#dueTimer = undefined
  }
}
