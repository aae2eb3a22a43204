/**
 * One extension: what it subscribed to, its state, its parked call of `next`, the event it has yet to be given. Moves by the table in
 * states.ts; the registry (extensions.ts) holds all of a generation.
 */
import { assert } from '../../lib/assert.ts'
import type { Connection } from '../runtime-api/connection.ts'
import { type ExtensionCall, type ExtensionState, afterExtensionCall } from '../states.ts'

export const extensionEvents = ['INVOKE', 'SHUTDOWN'] as const
export type ExtensionEvent = (typeof extensionEvents)[number]

export class Extension {
  /** file name of an external one; what it calls itself otherwise */
  readonly name: string
  /** UUID, what Lambda-Extension-Identifier says */
  readonly id: string
  /** a program of its own, started by the platform */
  readonly isExternal: boolean
  #state: ExtensionState = 'Started'
  #events: readonly ExtensionEvent[] = []
  #errorType: string | undefined
  #parked: Connection | undefined
  /** a whole HTTP response */
  #pending: string | undefined

  constructor(name: string, id: string, isExternal: boolean) {
    this.name = name
    this.id = id
    this.isExternal = isExternal
  }

  get state(): ExtensionState {
    return this.#state
  }

  /** in the order of its registration */
  get events(): readonly ExtensionEvent[] {
    return this.#events
  }

  /** what it posted as its error, or why it could not be launched */
  get errorType(): string | undefined {
    return this.#errorType
  }

  /** Make a call's transition. @returns false when it is not allowed; nothing changed then */
  move(call: ExtensionCall): boolean {
    const to = afterExtensionCall(this.#state, call)
    if (to === undefined) return false
    this.#state = to
    return true
  }

  isSubscribed(event: ExtensionEvent): boolean {
    return this.#events.includes(event)
  }

  /** Once, by its registration. */
  subscribe(events: readonly ExtensionEvent[]): void {
    this.#events = [...new Set(events)]
  }

  /** Only the first counts. */
  blame(errorType: string): void {
    this.#errorType ??= errorType
  }

  /** It waits: it is ready, and nothing is on its way to it. */
  get isIdle(): boolean {
    return this.#state === 'Ready' && this.#pending === undefined
  }

  /** Its call of `next` was broken off, so that another one goes on waiting.
   *  AWS's daemon does not notice and refuses the second call, which ends most clients. */
  get isUnheard(): boolean {
    return this.#state === 'Ready' && this.#parked === undefined
  }

  /** It asks for an event and may wait. Its state was moved. */
  park(connection: Connection): void {
    this.#parked = connection
    if (this.#pending !== undefined) this.#deliver(this.#pending)
  }

  /** Hand an event over: now if it waits, else with its next `next`. @param response  a whole HTTP response */
  offer(response: string): void {
    this.#pending = response
    // One that posted an error while it waits gets nothing any more.
    if (this.#state === 'Ready' && this.#parked !== undefined) this.#deliver(response)
  }

  /** A connection is closed. */
  forget(connection: Connection): void {
    if (this.#parked === connection) this.#parked = undefined
  }

  #deliver(response: string): void {
    const isAllowed = this.move('deliver')
    assert(isAllowed, 'an event is delivered to an extension that is ready')
    const connection = this.#parked
    this.#parked = undefined
    this.#pending = undefined
    connection?.reply(response)
  }
}
