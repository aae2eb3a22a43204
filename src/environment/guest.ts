/**
 * One life of an environment's processes: the runtime with its session, the extensions beside it, the sandbox around them, and what
 * they write. External extensions start first; the runtime follows when all of them have registered. A reset ends one life and
 * starts another.
 * source: Runtime Interface Emulator, rapid/handlers.go and rapid/shutdown.go.
 */
import { lambdaLimits, limits } from '../config.ts'
import { background } from '../lib/background.ts'
import type { Clock, Timer } from '../lib/clock.ts'
import type { ExitReport, Program, ProgramSpec, Sandbox } from '../sandbox/driver.ts'
import type { Extension } from './extensions-api/extension.ts'
import { Extensions, type ExtensionsListener } from './extensions-api/extensions.ts'
import type { ExternalFile } from './external-extensions.ts'
import { type Failure, exitFailure, extensionFailure, platformFailure, retyped } from './failure.ts'
import { LineSplitter } from './output.ts'
import { type ShutdownReason, shutDown } from './phases/shutdown.ts'
import type { RuntimeSession, SessionListener } from './runtime-api/session.ts'
import type { Telemetry } from './telemetry/telemetry.ts'
import type { LineSource } from './voice.ts'

/** How long the last bytes of a process that ended may be on their way. */
const drainMs = 250
/** An extension that posted its error is about to exit: it is waited for this long. */
const lastWordsMs = 300

export type GuestListener = {
  /** the runtime's process runs */
  onStarted(): void
  /** The runtime asked for its first event. */
  onRuntimeReady(guest: Guest): void
  /** The runtime and all extensions wait for their first event. */
  onInitialised(guest: Guest): void
  /** The runtime is done with its event and asked for the next. */
  onReady(guest: Guest): void
  /** An extension asked for its next event, or the like: a barrier may be open. */
  onExtensionMoved(guest: Guest): void
  onAnswer: SessionListener['onAnswer']
  onInitError: SessionListener['onInitError']
  /** A process ended that should not have, and all that it wrote was read. The first time only. */
  onFailure(guest: Guest, failure: Failure): void
  onLine(line: string, source: LineSource): void
}

/** What a guest is made of. */
export type Crew = {
  readonly externals: readonly ExternalFile[]
  /** of the environment */
  readonly telemetry: Telemetry
  readonly extensions: (listener: ExtensionsListener) => Extensions
  readonly renewSession: (listener: SessionListener, extensions: Extensions) => RuntimeSession
  /** wait until the connections of a process that ended are read, at most so long; the runtime's unless it was an extension's */
  readonly drained: (limitMs: number, of?: Extension) => Promise<void>
  /** open the sandbox; with its runtime unless there are external extensions */
  readonly open: (onOutput: ProgramSpec['onOutput']) => {
    readonly sandbox: Sandbox
    readonly runtime?: Program
  }
  readonly startExternal: (
    sandbox: Sandbox,
    file: ExternalFile,
    onOutput: ProgramSpec['onOutput'],
  ) => Program
  readonly startRuntime: (sandbox: Sandbox, onOutput: ProgramSpec['onOutput']) => Program
}

export class Guest {
  readonly session: RuntimeSession
  readonly extensions: Extensions
  readonly sandbox: Sandbox
  /** the runtime asked for its first event */
  isRuntimeReady = false
  /** false until the runtime and all extensions asked for their first event */
  isInitialised = false
  /** of an environment that is made for a snapshot: it went on from there, or is about to */
  isRestored = false
  readonly #crew: Crew
  readonly #clock: Clock
  readonly #listener: GuestListener
  readonly #outputs: LineSplitter[] = []
  readonly #programs = new Map<Extension, Program>()
  readonly #runtimeOutput: ProgramSpec['onOutput']
  #runtime: Program | undefined
  #isInitDone = false
  /** the first error that an extension posted */
  #postedType: string | undefined
  #lastWords: Timer | undefined
  /** told nothing any more */
  #isOver = false
  #ended: Promise<void> | undefined

  constructor(crew: Crew, clock: Clock, listener: GuestListener) {
    this.#crew = crew
    this.#clock = clock
    this.#listener = listener
    this.#runtimeOutput = this.#capture('function')
    this.extensions = crew.extensions({
      onExtensionMoved: () => this.#extensionMoved(),
      onExtensionError: (_extension, type) => this.#extensionPosted(type),
    })
    this.session = crew.renewSession(this.#sessionListener(), this.extensions)
    const { sandbox, runtime } = crew.open(this.#runtimeOutput)
    this.sandbox = sandbox
    if (runtime) this.#watchRuntime(runtime)
    else this.#startExternals()
  }

  /** Give out lines that wait for their newline. */
  flushOutput(): void {
    for (const output of this.#outputs) output.flush()
  }

  /** Stop all its processes where they are. */
  freeze(): void {
    this.#crew.telemetry.pause()
    background('freeze environment', this.sandbox.freeze())
  }

  /** Let them go on: what is sent to them from now on is kept for them, so nobody need wait. */
  thaw(): void {
    background('thaw environment', this.sandbox.thaw())
    this.#crew.telemetry.resume()
  }

  /** End it: extensions are told and have their time, then all is killed. It tells nothing any more but its last lines. Idempotent. */
  end(reason: ShutdownReason): Promise<void> {
    this.#ended ??= this.#end(reason)
    return this.#ended
  }

  async #end(reason: ShutdownReason): Promise<void> {
    this.#isOver = true
    this.#lastWords?.clear()
    if (this.extensions.count > 0) {
      const { extensions } = this
      const [programs, runtime, clock] = [this.#programs, this.#runtime, this.#clock]
      const { telemetry } = this.#crew
      this.thaw()
      await shutDown({ extensions, programs, runtime, clock, telemetry }, reason)
    }
    await this.sandbox.dispose()
    this.flushOutput()
    this.#crew.telemetry.reset()
  }

  #sessionListener(): SessionListener {
    const listener = this.#listener
    return {
      onReady: () => {
        if (this.#isOver) return
        if (this.isRuntimeReady) listener.onReady(this)
        else this.#runtimeReady()
      },
      onAnswer: (session, answer) => {
        if (!this.#isOver) listener.onAnswer(session, answer)
      },
      onInitError: (session, error) => {
        if (!this.#isOver) listener.onInitError(session, error)
      },
    }
  }

  #runtimeReady(): void {
    this.isRuntimeReady = true
    this.extensions.closeRegistration()
    this.#listener.onRuntimeReady(this)
    this.#checkInit()
  }

  #extensionMoved(): void {
    if (this.#isOver) return
    if (!this.#runtime && this.extensions.areRegistered) this.#startRuntime()
    if (this.isInitialised) this.#listener.onExtensionMoved(this)
    else this.#checkInit()
  }

  #checkInit(): void {
    if (this.#isInitDone || !this.isRuntimeReady || !this.#runtime) return
    if (this.extensions.count > 0 && !this.extensions.areIdle) return
    this.#isInitDone = true
    this.#crew.telemetry.closeSubscriptions()
    background('end of init', this.#initialised(this.#runtime))
  }

  /** What was written on the way comes before what the first invocation writes. */
  async #initialised(runtime: Program): Promise<void> {
    await runtime.caughtUp()
    if (this.#isOver) return
    this.isInitialised = true
    this.#listener.onInitialised(this)
  }

  #startExternals(): void {
    for (const file of this.#crew.externals) {
      const extension = this.extensions.expect(file.name)
      if (this.extensions.count > lambdaLimits.maxExtensionCount) {
        this.#notLaunched(extension, 'TooManyExtensions', 'ErrTooManyExtensions')
        return
      }
      const program = this.#crew.startExternal(this.sandbox, file, this.#capture('extension'))
      this.#programs.set(extension, program)
      background('extension process', this.#watchExternal(extension, program, file))
    }
  }

  #startRuntime(): void {
    this.#watchRuntime(this.#crew.startRuntime(this.sandbox, this.#runtimeOutput))
  }

  #watchRuntime(runtime: Program): void {
    this.#runtime = runtime
    background(
      'runtime process',
      this.#watch(runtime, (report) => exitFailure(report)),
    )
  }

  async #watchExternal(extension: Extension, program: Program, file: ExternalFile): Promise<void> {
    const toFailure = (report: ExitReport): Failure | undefined => {
      const { launchError } = report
      if (launchError === undefined) return extensionFailure(report)
      const isDenied = launchError.includes('permission denied')
      const text = launchError.replace(file.path, `/opt/extensions/${file.name}`)
      this.#notLaunched(extension, isDenied ? 'PermissionDenied' : 'UnknownError', text)
      return undefined
    }
    await this.#watch(program, toFailure, extension)
  }

  #notLaunched(extension: Extension, reason: string, text: string): void {
    extension.move('not-launched')
    extension.blame(reason)
    // Not within the constructor: nobody knows this guest yet.
    queueMicrotask(() => this.#fail(platformFailure('Extension.LaunchError', text)))
  }

  async #watch(
    program: Program,
    toFailure: (report: ExitReport) => Failure | undefined,
    extension?: Extension,
  ): Promise<void> {
    const report = await program.exited
    if (this.#isOver) return
    await this.#crew.drained(drainMs, extension)
    if (this.#isOver) return
    const failure = toFailure(report)
    if (failure) this.#fail(failure)
  }

  #extensionPosted(errorType: string): void {
    if (this.#isOver || this.#postedType !== undefined) return
    this.#postedType = errorType
    this.#lastWords = this.#clock.after(lastWordsMs, () =>
      this.#fail(platformFailure(errorType, 'exit code 0')),
    )
  }

  /** What was posted before a process ended is what it is called; the text says how it ended. */
  #fail(failure: Failure): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#lastWords?.clear()
    this.flushOutput()
    const errorType = this.#postedType
    this.#listener.onFailure(this, errorType === undefined ? failure : retyped(failure, errorType))
  }

  #capture(source: LineSource): ProgramSpec['onOutput'] {
    const open = () => {
      const splitter = new LineSplitter(
        (line) => this.#listener.onLine(line, source),
        limits.maxLogLineBytes,
      )
      this.#outputs.push(splitter)
      return splitter
    }
    const [stdout, stderr] = [open(), open()]
    return (chunk, stream) => (stream === 'stdout' ? stdout : stderr).feed(chunk)
  }
}
