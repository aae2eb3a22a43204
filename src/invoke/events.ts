/**
 * Asynchronous invocation: an event is accepted once it is durable, run by a bounded worker, and forgotten when it is done.
 * At least once: what was accepted before a crash runs after it, with the same request id.
 * One queue per function; functions take turns, and one that is throttled does not hold up the others.
 */
import { eventLimits } from '../config.ts'
import { background } from '../lib/background.ts'
import type { Clock, Timer } from '../lib/clock.ts'
import type { Place } from '../model.ts'
import type { Message, Queues } from '../store/store.ts'
import { EventLanes } from './event-lanes.ts'
import type { Lane } from './event-lanes.ts'
import { judge } from './retry.ts'
import type { Attempt, DiscardCondition, Verdict } from './retry.ts'
import type { Run } from './run.ts'
import type { Targets } from './target.ts'

/** What is kept beside the payload; JSON. */
export type EventRecord = Place & {
  readonly requestId: string
  readonly functionName: string
  readonly qualifier?: string
  readonly traceId: string
  /** epoch ms */
  readonly acceptedAtMs: number
  /** attempts that ended in a function error */
  readonly failureCount: number
}

/** An event that somebody wants run. */
export type EventRequest = Omit<EventRecord, 'acceptedAtMs' | 'failureCount'> & {
  readonly payload: readonly Uint8Array[]
}

/** An event that is given up: what destinations and dead-letter queues are told. */
export type DiscardedEvent = {
  readonly record: EventRecord
  readonly payload: Uint8Array
  readonly condition: DiscardCondition
  readonly attempt: Attempt
}

export type EventsOptions = {
  readonly queues: Queues
  readonly run: Run
  readonly targets: Targets
  readonly clock: Clock
  /** AWS's waits are multiplied by this; 1 unless a test is in a hurry */
  readonly delayFactor?: number
  /** called before the event is deleted */
  readonly onDiscard?: (event: DiscardedEvent) => void
}

const queuePrefix = 'invoke/'
/** Batches taken before other work gets its turn on the loop. */
const maxBatchesPerTurn = 4

/** The worker for asynchronous events. */
export class Events {
  readonly #options: EventsOptions
  readonly #delayFactor: number
  readonly #lanes = new EventLanes()
  #activeCount = 0
  #activeBytes = 0
  #timer: Timer | undefined
  #timerAtMs = Infinity
  #isRunning = false
  #onIdle: (() => void) | undefined

  constructor(options: EventsOptions) {
    this.#options = options
    this.#delayFactor = options.delayFactor ?? 1
  }

  /** Begin, with what an earlier process left behind. */
  start(): void {
    this.#isRunning = true
    for (const name of this.#options.queues.names(queuePrefix)) this.#lanes.wake(name, 0)
    this.#pump()
  }

  /** Accept an event: durable when this resolves. */
  async accept(request: EventRequest): Promise<void> {
    const { payload, ...identity } = request
    const nowMs = this.#options.clock.nowMs()
    const record: EventRecord = { ...identity, acceptedAtMs: nowMs, failureCount: 0 }
    const name = `${queuePrefix}${record.accountId}/${record.region}/${record.functionName}`
    const [first, ...rest] = payload
    const body = first !== undefined && rest.length === 0 ? first : Buffer.concat(payload)
    await this.#options.queues.enqueue(name, { body, attributes: record })
    this.#lanes.wake(name, nowMs)
    this.#pump()
  }

  /** Take nothing more and wait for what runs, at most `drainMs`. What is left is there at the next start. */
  async close(options: { drainMs: number }): Promise<void> {
    this.#isRunning = false
    this.#timer?.clear()
    if (this.#activeCount === 0) return
    await new Promise<void>((resolve) => {
      const timer = this.#options.clock.after(options.drainMs, resolve)
      this.#onIdle = () => {
        timer.clear()
        resolve()
      }
    })
  }

  /** Take what is due, lane by lane, as far as there is room. */
  #pump(): void {
    if (!this.#isRunning) return
    const { queues, clock } = this.#options
    const nowMs = clock.nowMs()
    for (let batch = 0; this.#hasRoom(); batch++) {
      const lane = this.#lanes.nextDue(nowMs)
      if (lane === undefined) break
      if (batch === maxBatchesPerTurn) {
        this.#arm(nowMs, nowMs)
        return
      }
      const room = Math.min(eventLimits.maxConcurrency - this.#activeCount, lane.room)
      const messages = queues.take(
        lane.name,
        Math.min(room, eventLimits.batchCount),
        eventLimits.leaseMs,
      )
      if (messages.length === 0) this.#lanes.rest(lane, queues.nextAvailableAtMs(lane.name))
      for (const message of messages) this.#begin(lane, message)
    }
    const nextAtMs = this.#hasRoom() ? this.#lanes.nextDueAtMs() : undefined
    if (nextAtMs !== undefined) this.#arm(nextAtMs, nowMs)
  }

  #hasRoom(): boolean {
    return (
      this.#activeCount < eventLimits.maxConcurrency && this.#activeBytes < eventLimits.maxBytes
    )
  }

  #arm(atMs: number, nowMs: number): void {
    if (this.#timer !== undefined) {
      if (this.#timerAtMs <= atMs) return
      this.#timer.clear()
    }
    this.#timerAtMs = atMs
    this.#timer = this.#options.clock.after(Math.max(0, atMs - nowMs), () => {
      this.#timer = undefined
      this.#pump()
    })
  }

  #begin(lane: Lane, message: Message): void {
    this.#activeCount++
    this.#activeBytes += message.body.byteLength
    lane.activeCount++
    const done = this.#work(lane, message).finally(() => {
      this.#activeCount--
      this.#activeBytes -= message.body.byteLength
      this.#lanes.finished(lane)
      if (this.#activeCount === 0) this.#onIdle?.()
      this.#pump()
    })
    background('asynchronous invocation', done)
  }

  async #work(lane: Lane, message: Message): Promise<void> {
    const record = message.attributes as EventRecord
    const { clock, targets } = this.#options
    let attempt: Attempt
    let reservedConcurrency: number | undefined
    try {
      const target = targets.resolve(record, record.functionName, record.qualifier)
      reservedConcurrency = target.reservedConcurrency
      const { reply } = await this.#options.run(
        {
          requestId: record.requestId,
          version: await target.version,
          invokedArn: target.invokedArn,
          payload: [message.body],
          traceId: record.traceId,
        },
        { reservedConcurrency, unreservedConcurrency: targets.unreservedConcurrency(record) },
      )
      attempt = { kind: 'ran', reply }
      this.#lanes.ran(lane)
    } catch (error) {
      attempt = { kind: 'refused', error }
      this.#lanes.refused(lane)
    }
    const verdict = judge(attempt, {
      failureCount: record.failureCount,
      refusalCount: lane.refusalCount,
      ageMs: clock.nowMs() - record.acceptedAtMs,
      reservedConcurrency,
    })
    await this.#carryOut(verdict, lane, message, attempt)
  }

  async #carryOut(verdict: Verdict, lane: Lane, message: Message, attempt: Attempt): Promise<void> {
    const { queues, clock, onDiscard } = this.#options
    const record = message.attributes as EventRecord
    const { body } = message
    switch (verdict.kind) {
      case 'discard':
        onDiscard?.({ record, payload: body, condition: verdict.condition, attempt })
        await queues.delete(lane.name, message.id)
        return
      case 'done':
        await queues.delete(lane.name, message.id)
        return
      case 'retry': {
        const atMs = clock.nowMs() + verdict.delayMs * this.#delayFactor
        if (verdict.isFailure) {
          // The new one first: a crash in between runs the event once more, never once less.
          const attributes: EventRecord = { ...record, failureCount: record.failureCount + 1 }
          await queues.enqueue(lane.name, { body, attributes, availableAtMs: atMs })
          await queues.delete(lane.name, message.id)
          this.#lanes.wake(lane.name, atMs)
        } else if (lane.activeCount > 1) {
          // Its function is busy with others of the lane: the lane's own limit makes it wait.
          await queues.release(lane.name, message.id, clock.nowMs())
          this.#lanes.wake(lane.name, clock.nowMs())
        } else {
          await queues.release(lane.name, message.id, atMs)
          this.#lanes.pause(lane, atMs)
        }
        return
      }
      default:
        verdict satisfies never
    }
  }
}
