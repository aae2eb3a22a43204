/**
 * Asynchronous invocation: an event is accepted once it is durable, run by a bounded worker, and when it is over its outcome goes
 * on, in the transaction that forgets it. At least once: what was accepted before a crash runs after it, with the same request id.
 * One queue per function; functions take turns, and one that is throttled does not hold up the others.
 */
import { eventLimits } from '../config.ts'
import { background } from '../lib/background.ts'
import type { Clock, Timer } from '../lib/clock.ts'
import { PlatformError } from '../lib/errors/platform-error.ts'
import type { Message, Queues } from '../store/store.ts'
import type { AsyncSettings, AsyncSettingsSource } from './async-settings.ts'
import { outcomeOf } from './destinations.ts'
import type { DestinationTargets } from './destinations.ts'
import { EventLanes } from './event-lanes.ts'
import type { Lane } from './event-lanes.ts'
import { eventQueue, eventQueuePrefix, readEventRecord, unreadablePrefix } from './event-record.ts'
import type { EventRecord } from './event-record.ts'
import type { EndedEvent } from './invocation-record.ts'
import { checkRecursion } from './lineage.ts'
import { judge } from './retry.ts'
import type { Attempt, Verdict } from './retry.ts'
import type { Run } from './run.ts'
import type { Target, Targets } from './target.ts'
import type { TellUndelivered } from './undelivered.ts'

/** An event that somebody wants run. */
export type EventRequest = Omit<EventRecord, 'acceptedAtMs' | 'failureCount'> & {
  readonly payload: readonly Uint8Array[]
}

export type EventsOptions = {
  readonly queues: Queues
  readonly run: Run
  readonly targets: Targets
  readonly settings: AsyncSettingsSource
  /** where outcomes can go */
  readonly destinations: DestinationTargets
  readonly clock: Clock
  /** AWS's waits are multiplied by this; 1 unless a test is in a hurry */
  readonly delayFactor?: number
  /** told of outcomes that no destination took, after the event is over */
  readonly onUndelivered?: TellUndelivered
}

/** What an attempt came to, and what was to be known for it. */
type Tried = {
  readonly attempt: Attempt
  readonly settings: AsyncSettings
  readonly reservedConcurrency?: number | undefined
}

type Retried = {
  readonly lane: Lane
  readonly message: Message
  readonly record: EventRecord
  /** nothing else of its lane was running */
  readonly isAlone: boolean
}

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
  #undeliveredCount = 0

  constructor(options: EventsOptions) {
    this.#options = options
    this.#delayFactor = options.delayFactor ?? 1
  }

  /** outcomes that no destination took, since the start */
  get undeliveredCount(): number {
    return this.#undeliveredCount
  }

  /** Begin, with what an earlier process left behind. */
  start(): void {
    this.#isRunning = true
    for (const name of this.#options.queues.names(eventQueuePrefix)) this.#lanes.wake(name, 0)
    this.#pump()
  }

  /** Accept an event: durable when this resolves. */
  async accept(request: EventRequest): Promise<void> {
    const { payload, ...identity } = request
    const nowMs = this.#options.clock.nowMs()
    const record: EventRecord = { ...identity, acceptedAtMs: nowMs, failureCount: 0 }
    const name = eventQueue(record)
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
    const record = readEventRecord(message)
    if (record === undefined) {
      background('unreadable event', this.#setAside(lane, message))
      return
    }
    this.#activeCount++
    this.#activeBytes += message.body.byteLength
    lane.activeCount++
    const done = this.#work(lane, message, record).finally(() => {
      this.#activeCount--
      this.#activeBytes -= message.body.byteLength
      this.#lanes.finished(lane)
      if (this.#activeCount === 0) this.#onIdle?.()
      this.#pump()
    })
    background('asynchronous invocation', done)
  }

  /** Another server may know what it is: it is kept, where it is in nobody's way. */
  async #setAside(lane: Lane, { id, body, attributes }: Message): Promise<void> {
    const queue = `${unreadablePrefix}${lane.name}`
    await this.#options.queues.replace(lane.name, id, [{ queue, body, attributes }])
    throw new PlatformError(`Cannot read event ${id} of queue "${lane.name}": kept as "${queue}"`)
  }

  /** Run an event and do what follows. The lane goes on when the run is over, before that is written. */
  async #work(lane: Lane, message: Message, record: EventRecord): Promise<void> {
    const { clock } = this.#options
    let isAlone = true
    let tried: Tried
    try {
      tried = await this.#try(lane, record, message.body)
    } finally {
      isAlone = lane.activeCount === 1
      this.#lanes.stopped(lane)
    }
    const { attempt, settings, reservedConcurrency } = tried
    const verdict = judge(attempt, {
      settings,
      failureCount: record.failureCount,
      refusalCount: lane.pauseCount + 1,
      ageMs: clock.nowMs() - record.acceptedAtMs,
      reservedConcurrency,
    })
    const written =
      verdict.kind === 'retry'
        ? this.#retry(verdict, { lane, message, record, isAlone })
        : this.#end(lane, message, {
            record,
            payload: message.body,
            condition: verdict.kind === 'done' ? 'Success' : verdict.condition,
            attempt,
            endedAtMs: clock.nowMs(),
          })
    this.#pump()
    await written
  }

  async #try(lane: Lane, record: EventRecord, payload: Uint8Array): Promise<Tried> {
    const { clock, targets, settings: source } = this.#options
    const { functionName, qualifier } = record
    const settings = source.asyncSettings(record, functionName, qualifier)
    if (clock.nowMs() - record.acceptedAtMs >= settings.maxAgeMs) {
      return { attempt: { kind: 'expired' }, settings }
    }
    let reservedConcurrency: number | undefined
    try {
      const target = targets.resolve(record, functionName, qualifier)
      reservedConcurrency = target.reservedConcurrency
      this.#lanes.bound(lane, reservedConcurrency)
      const attempt = await this.#run(record, payload, target)
      this.#lanes.ran(lane)
      return { attempt, settings, reservedConcurrency }
    } catch (error) {
      this.#lanes.refused(lane)
      return { attempt: { kind: 'refused', error }, settings, reservedConcurrency }
    }
  }

  /** @throws AwsError as the trunk, and for a recursive call */
  async #run(record: EventRecord, payload: Uint8Array, target: Target): Promise<Attempt> {
    const { targets, run } = this.#options
    if (target.lineage !== undefined) checkRecursion(record.traceId, target.lineage)
    const { requestId, traceId, tenantId } = record
    const { reply, executedVersion } = await run(
      {
        requestId,
        version: await target.version,
        invokedArn: target.invokedArn,
        payload: [payload],
        traceId,
        ...(tenantId !== undefined && { tenantId }),
      },
      {
        reservedConcurrency: target.reservedConcurrency,
        unreservedConcurrency: targets.unreservedConcurrency(record),
      },
    )
    return { kind: 'ran', reply, executedVersion }
  }

  async #retry(
    verdict: Extract<Verdict, { kind: 'retry' }>,
    { lane, message, record, isAlone }: Retried,
  ): Promise<void> {
    const { queues, clock } = this.#options
    const atMs = clock.nowMs() + verdict.delayMs * this.#delayFactor
    if (verdict.isFailure) {
      const attributes: EventRecord = { ...record, failureCount: record.failureCount + 1 }
      const next = { queue: lane.name, body: message.body, attributes, availableAtMs: atMs }
      await queues.replace(lane.name, message.id, [next])
      this.#lanes.wake(lane.name, atMs)
    } else if (!isAlone) {
      // Its function is busy with others of the lane: the lane's own limit makes it wait.
      await queues.release(lane.name, message.id, clock.nowMs())
      this.#lanes.wake(lane.name, clock.nowMs())
    } else {
      this.#lanes.pause(lane, clock.nowMs(), atMs)
      await queues.release(lane.name, message.id, atMs)
    }
  }

  /** Forget the event and pass its outcome on, in one step. */
  async #end(lane: Lane, message: Message, event: EndedEvent): Promise<void> {
    const { queues, clock, settings: source, destinations, onUndelivered } = this.#options
    const { record, attempt } = event
    const { functionName } = record
    const settings = source.asyncSettings(record, functionName, record.qualifier)
    const version = attempt.kind === 'ran' ? attempt.executedVersion : record.qualifier
    const { messages, undelivered } = outcomeOf(event, destinations, settings, () =>
      source.deadLetterTarget(record, functionName, version),
    )
    const isOver = await queues.replace(lane.name, message.id, messages)
    if (!isOver) return
    for (const { queue } of messages) {
      if (queue.startsWith(eventQueuePrefix)) this.#lanes.wake(queue, clock.nowMs())
    }
    for (const failed of undelivered) {
      this.#undeliveredCount++
      onUndelivered?.(failed)
    }
  }
}
