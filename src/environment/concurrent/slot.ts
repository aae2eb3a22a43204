/**
 * A place in an environment that serves several invocations at once. To the fleet and the trunk it is an environment of its own, for one
 * invocation after the other: leases, idleness and concurrency are counted per place. The environment behind it is shared.
 */
import type { FunctionVersion, Invocation } from '../../model.ts'
import type { PlatformEvent } from '../../observe/platform-events.ts'
import type {
  EnvironmentState,
  ExecutionEnvironment,
  InvocationHooks,
  Outcome,
} from '../contract.ts'
import type { InitEnd } from '../phases/init.ts'
import type { ShutdownReason } from '../phases/shutdown.ts'

/** The environment, as its slots see it. */
export type Shared = {
  readonly id: string
  readonly version: FunctionVersion
  readonly state: EnvironmentState
  readonly logStream: string
  readonly initialised: Promise<InitEnd>
  nowMs(): number
  emit(event: PlatformEvent): string | undefined
  invoke(slot: Slot, invocation: Invocation, hooks: InvocationHooks): Promise<Outcome>
  /** Fail what runs in a slot. */
  abort(slot: Slot): void
  /** A slot is given back. @returns when the environment is gone, if it was the last */
  release(slot: Slot, reason: ShutdownReason): Promise<void>
}

export class Slot implements ExecutionEnvironment {
  readonly id: string
  readonly version: FunctionVersion
  readonly #shared: Shared
  #isOpen = true
  #running: Promise<Outcome> | undefined
  #idleSinceMs: number

  constructor(shared: Shared, number: number) {
    this.id = `${shared.id}-${number}`
    this.version = shared.version
    this.#shared = shared
    this.#idleSinceMs = shared.nowMs()
  }

  get state(): EnvironmentState {
    const { state } = this.#shared
    if (!this.#isOpen) return 'gone'
    return state === 'ready' && this.#running ? 'busy' : state
  }

  get logStream(): string {
    return this.#shared.logStream
  }

  get idleSinceMs(): number {
    return this.#idleSinceMs
  }

  get initialised(): Promise<InitEnd> {
    return this.#shared.initialised
  }

  /** Never: others may run in there. */
  freeze(): void {}

  emit(event: PlatformEvent): string | undefined {
    return this.#shared.emit(event)
  }

  invoke(invocation: Invocation, hooks: InvocationHooks): Promise<Outcome> {
    const running = this.#shared.invoke(this, invocation, hooks)
    this.#running = running
    return running
  }

  /** Its invocation is over. */
  vacate(): void {
    this.#running = undefined
    this.#idleSinceMs = this.#shared.nowMs()
  }

  /** It is lost: its invocation timed out, and a worker of the runtime still has it. */
  close(): void {
    this.#isOpen = false
  }

  async stop(reason: ShutdownReason, options?: { drain: boolean }): Promise<void> {
    const wasOpen = this.#isOpen
    this.#isOpen = false
    if (this.#running && options?.drain !== true) this.#shared.abort(this)
    await this.#running
    if (wasOpen) await this.#shared.release(this, reason)
  }
}
