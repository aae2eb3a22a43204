/** One life of a runtime process: its sandbox, its session with the Runtime API, its output. A reset ends one and starts another. */
import { limits } from '../config.ts'
import { background } from '../lib/background.ts'
import type { ExitReport, SandboxSpec, StartedSandbox } from '../sandbox/driver.ts'
import { LineSplitter } from './output.ts'
import type { RuntimeApi } from './runtime-api/runtime-api.ts'
import type { RuntimeSession, SessionListener, SnapshotAccess } from './runtime-api/session.ts'

/** How long the last bytes of a process that ended may be on their way. */
const drainMs = 250

export type GuestListener = {
  /** the process runs */
  onStarted(): void
  onReady(guest: Guest): void
  onAnswer: SessionListener['onAnswer']
  onInitError: SessionListener['onInitError']
  /** The process is gone, and all that it wrote was read. */
  onExit(guest: Guest, report: ExitReport): void
  onLine(line: string): void
}

export type GuestOptions = {
  readonly api: RuntimeApi
  readonly listener: GuestListener
  readonly snapshot?: SnapshotAccess | undefined
  /** Start the process. */
  readonly start: (onOutput: SandboxSpec['onOutput']) => StartedSandbox
}

export class Guest {
  readonly session: RuntimeSession
  readonly sandbox: StartedSandbox
  /** false until the runtime asked for its first event */
  isInitialised = false
  /** of an environment that is made for a snapshot: it went on from there, or is about to */
  isRestored = false
  readonly #listener: GuestListener
  readonly #stdout: LineSplitter
  readonly #stderr: LineSplitter
  #isOver = false

  constructor(options: GuestOptions) {
    const { listener } = options
    this.#listener = listener
    this.#stdout = new LineSplitter((line) => listener.onLine(line), limits.maxLogLineBytes)
    this.#stderr = new LineSplitter((line) => listener.onLine(line), limits.maxLogLineBytes)
    const heard: SessionListener = {
      onReady: () => {
        if (!this.#isOver) listener.onReady(this)
      },
      onAnswer: (session, answer) => {
        if (!this.#isOver) listener.onAnswer(session, answer)
      },
      onInitError: (session, error) => {
        if (!this.#isOver) listener.onInitError(session, error)
      },
    }
    this.session = options.api.renew(heard, options.snapshot)
    this.sandbox = options.start((chunk, stream) =>
      (stream === 'stdout' ? this.#stdout : this.#stderr).feed(chunk),
    )
    background('runtime process', this.#watch(options))
  }

  /** Give out lines that wait for their newline. */
  flushOutput(): void {
    this.#stdout.flush()
    this.#stderr.flush()
  }

  /** Kill it; it tells nothing any more but its last lines. Idempotent. */
  async dispose(): Promise<void> {
    this.#isOver = true
    await this.sandbox.dispose()
    this.flushOutput()
  }

  async #watch(options: GuestOptions): Promise<void> {
    const report = await this.sandbox.exited
    if (this.#isOver) return
    await options.api.drained(drainMs)
    if (this.#isOver) return
    this.flushOutput()
    this.#isOver = true
    this.#listener.onExit(this, report)
  }
}
