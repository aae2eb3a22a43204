/**
 * What one runtime process has said so far and is waiting for: its state, the event it works on, its parked calls of `next`. A new
 * process has a new session. The endpoints drive it; the environment listens.
 */
import { assert } from '../../lib/assert.ts'
import type { ResponseSink } from '../contract.ts'
import type { EventTiming } from '../phases/runtime-done.ts'
import { type RuntimeCall, type RuntimeState, afterCall } from '../states.ts'
import type { Connection } from './connection.ts'
import { restored } from './replies.ts'

/** An event as the runtime gets it. */
export type RuntimeEvent = {
  readonly requestId: string
  /** head of the HTTP response */
  readonly head: string
  readonly payload: readonly Uint8Array[]
  readonly payloadBytes: number
  /** gets the response if the runtime streams it */
  readonly sink?: ResponseSink | undefined
}

/** The end of one event, as the runtime told it. */
export type Answer =
  | {
      readonly kind: 'response'
      readonly payload: readonly Uint8Array[]
      readonly contentType: string
    }
  | {
      readonly kind: 'error'
      readonly payload: readonly Uint8Array[]
      readonly contentType: string
      /** sanitised */
      readonly errorType: string
    }
  | { readonly kind: 'too-large'; readonly maxBytes: number }
  | { readonly kind: 'truncated' }

/** What a runtime posts when it cannot initialise. */
export type PostedError = {
  /** sanitised */
  readonly errorType: string
  readonly payload: readonly Uint8Array[]
}

export type SessionListener = {
  /** The runtime asked for the next event: it is initialised, or done with the last one. */
  onReady(session: RuntimeSession): void
  onAnswer(session: RuntimeSession, answer: Answer): void
  /** It could not initialise, or not go on from its snapshot. */
  onInitError(session: RuntimeSession, error: PostedError): void
}

/** What a process is offered that will be snapshotted when it is initialised; absent for all others. */
export type SnapshotAccess = {
  /** Credentials for whoever has the token.
   *  @returns JSON text; undefined for another token */
  credentials(token: string): string | undefined
}

/** The idle workers of a runtime that serves several invocations at once, each of which has a session of its own. */
export type WorkerPool = {
  /** A worker is idle. */
  park(connection: Connection): void
  /** The session of an invocation that runs. */
  find(requestId: string): RuntimeSession | undefined
  /** Did this invocation time out? Answers yes once. */
  isLate(requestId: string): boolean
  forget(connection: Connection): void
}

/** What only some processes are offered. */
export type SessionParts = {
  readonly snapshot?: SnapshotAccess | undefined
  readonly workers?: WorkerPool | undefined
}

const maxParkedCount = 64

export class RuntimeSession {
  readonly listener: SessionListener
  #state: RuntimeState = 'Started'
  #event: RuntimeEvent | undefined
  readonly #parked: Connection[] = []
  /** first token of the first request's User-Agent, with features; only recorded */
  runtimeRelease: string | undefined
  /** of the event that was offered last, where somebody wants to know */
  timing: EventTiming | undefined
  readonly snapshot: SnapshotAccess | undefined
  /** with them this session knows of the init only */
  readonly workers: WorkerPool | undefined

  constructor(listener: SessionListener, parts: SessionParts = {}) {
    this.listener = listener
    this.snapshot = parts.snapshot
    this.workers = parts.workers
  }

  get state(): RuntimeState {
    return this.#state
  }

  /** id of the event that was offered last and is not over */
  get requestId(): string | undefined {
    return this.#event?.requestId
  }

  /** who takes the response to that event as it comes */
  get sink(): ResponseSink | undefined {
    return this.#event?.sink
  }

  /** Make a call's transition. @returns false when it is not allowed; nothing changed then */
  move(call: RuntimeCall): boolean {
    const to = afterCall(this.#state, call)
    if (to === undefined) return false
    this.#state = to
    if (this.timing !== undefined) this.timing.note(call)
    return true
  }

  /** Hand an event over: now if the runtime waits, else with its next `next`. */
  offer(event: RuntimeEvent): void {
    assert(this.#state === 'Ready', 'an event is offered to a runtime that is ready')
    this.#event = event
    if (this.#parked.length > 0) this.#deliver(event)
  }

  /** The runtime asks for an event and may wait. Its state was moved. */
  park(connection: Connection, before: RuntimeState): void {
    if (this.workers) {
      this.workers.park(connection)
      if (before === 'Started') this.listener.onReady(this)
      return
    }
    const event = this.#event
    if (before === 'Running' && event) {
      connection.replyWith(event.head, event.payload, event.payloadBytes)
      return
    }
    if (this.#parked.length === maxParkedCount) this.#parked.shift()?.destroy()
    this.#parked.push(connection)
    if (before !== 'Ready') {
      this.#event = undefined
      this.listener.onReady(this)
    } else if (event) {
      this.#deliver(event)
    }
  }

  /** The runtime may be snapshotted now, and waits for the restore. Its state was moved. */
  parkForRestore(connection: Connection, before: RuntimeState): void {
    if (this.#parked.length === maxParkedCount) this.#parked.shift()?.destroy()
    this.#parked.push(connection)
    if (before === 'Started') this.listener.onReady(this)
  }

  /** Let the runtime go on from its snapshot.
   *  @returns false when it takes no part: it never asked for a restore */
  restore(): boolean {
    if (!this.move('restore')) return false
    for (let first = this.#parked.shift(); first; first = this.#parked.shift()) {
      first.reply(restored)
    }
    return true
  }

  /** A connection is closed: it waits no longer. */
  forget(connection: Connection): void {
    this.workers?.forget(connection)
    const index = this.#parked.indexOf(connection)
    if (index !== -1) this.#parked.splice(index, 1)
  }

  /** All who wait get the same event, as AWS's daemon does it. */
  #deliver(event: RuntimeEvent): void {
    const isAllowed = this.move('deliver')
    assert(isAllowed, 'an event is delivered to a runtime that is ready')
    for (let first = this.#parked.shift(); first; first = this.#parked.shift()) {
      first.replyWith(event.head, event.payload, event.payloadBytes)
    }
  }
}
