/**
 * The workers of a runtime that serves several invocations at once: each call of `next` is one that is idle, each event goes to one of
 * them. Every event has a session of its own, so calls are allowed or refused per invocation, told apart by its id.
 * source: AWS Lambda dev guide "Lambda Managed Instances"; Runtime Interface Emulator, lambda-managed-instances, invoke router
 */
import type { Connection } from '../runtime-api/connection.ts'
import { tooManyIdleRuntimes } from '../runtime-api/replies.ts'
import {
  type RuntimeEvent,
  RuntimeSession,
  type SessionListener,
  type WorkerPool,
} from '../runtime-api/session.ts'

/** ids of invocations that timed out are remembered, the newest ones */
const maxLateCount = 1000

/** Idle workers, events on their way, and late answers to come. */
export class Workers implements WorkerPool {
  readonly #maxCount: number
  readonly #onLate: () => void
  /** first come, first served */
  readonly #idle: Connection[] = []
  /** events that no worker has taken yet, in order */
  readonly #offered = new Set<RuntimeSession>()
  /** request id -> session of what is worked on, or offered */
  readonly #sessions = new Map<string, RuntimeSession>()
  readonly #late = new Set<string>()

  /** @param onLate  a worker came back with an answer that was too late */
  constructor(maxCount: number, onLate: () => void) {
    this.#maxCount = maxCount
    this.#onLate = onLate
  }

  get idleCount(): number {
    return this.#idle.length
  }

  /** Give an event to a worker, now or when one becomes idle. */
  offer(event: RuntimeEvent, listener: SessionListener): void {
    const session = new RuntimeSession(listener)
    session.move('next')
    session.offer(event)
    this.#sessions.set(event.requestId, session)
    const worker = this.#idle.shift()
    if (worker) session.park(worker, 'Ready')
    else this.#offered.add(session)
  }

  /** A worker is idle. */
  park(connection: Connection): void {
    const [first] = this.#offered
    if (first) {
      this.#offered.delete(first)
      first.park(connection, 'Ready')
    } else if (this.#idle.length >= this.#maxCount) {
      connection.reply(tooManyIdleRuntimes)
    } else {
      this.#idle.push(connection)
    }
  }

  /** The session of an invocation that runs. */
  find(requestId: string): RuntimeSession | undefined {
    return this.#sessions.get(requestId)
  }

  /** Was this invocation given up? Answers yes once. */
  isLate(requestId: string): boolean {
    if (!this.#late.delete(requestId)) return false
    this.#onLate()
    return true
  }

  /** An invocation has its answer: its session refuses what comes until another event of that id. */
  close(requestId: string): void {
    this.#sessions.delete(requestId)
  }

  /** An invocation timed out; its worker goes on, and is told so when it answers.
   *  @returns whether a worker has it */
  giveUp(requestId: string): boolean {
    const session = this.#sessions.get(requestId)
    if (!session) return false
    this.#sessions.delete(requestId)
    if (this.#offered.delete(session)) return false
    for (const oldest of this.#late) {
      if (this.#late.size < maxLateCount) break
      this.#late.delete(oldest)
    }
    this.#late.add(requestId)
    return true
  }

  forget(connection: Connection): void {
    const index = this.#idle.indexOf(connection)
    if (index !== -1) this.#idle.splice(index, 1)
  }
}
