/**
 * One execution environment: it starts a runtime and its extensions in a sandbox, hands them one invocation after the other, and starts
 * them anew when they failed. The fleet makes and stops environments, the trunk (invoke/run.ts) gives them invocations.
 * source: AWS Lambda dev guide "Understanding the Lambda execution environment lifecycle"; Runtime Interface Emulator, rapid.
 */
import { background } from '../lib/background.ts'
import type { Clock } from '../lib/clock.ts'
import type { FunctionVersion, Invocation } from '../model.ts'
import type { InitPhase, InitializationType, PlatformEvent } from '../observe/platform-events.ts'
import type {
  EnvironmentState,
  ExecutionEnvironment,
  InvocationHooks,
  Outcome,
} from './contract.ts'
import { Deadline } from './deadline.ts'
import { type Failure, platformFailure, postedFailure, timeoutFailure } from './failure.ts'
import type { Guest, GuestListener } from './guest.ts'
import { GuestHouse } from './guest-house.ts'
import type { EnvironmentOptions } from './options.ts'
import { initEnded, initRuntimeDone, initStart } from './phases/announce.ts'
import { answerToReply } from './phases/answer.ts'
import { handOver } from './phases/hand-over.ts'
import { type Init, type InitEnd, stoppedInit } from './phases/init.ts'
import { Restore } from './phases/restore.ts'
import { Run } from './phases/run.ts'
import { type ShutdownReason, reasonOf } from './phases/shutdown.ts'
import { beginStart } from './phases/start.ts'
import type { Answer, PostedError, RuntimeSession } from './runtime-api/session.ts'
import { type SnapshotCredentials, credentialsOfSnapshot } from './snapshot/credentials.ts'
import type { StartTrace } from './start-trace.ts'
import { assertTransition } from './states.ts'
import { type LineSource, Voice } from './voice.ts'

/** Make an environment. Its init begins at once. */
export function createEnvironment(options: EnvironmentOptions): ExecutionEnvironment {
  return new Environment(options)
}

class Environment implements ExecutionEnvironment, GuestListener {
  readonly id: string
  readonly version: FunctionVersion
  readonly #clock: Clock
  readonly #options: EnvironmentOptions
  readonly #house: GuestHouse
  readonly #deadline: Deadline
  readonly #voice: Voice
  readonly #type: InitializationType
  readonly #snapshot: SnapshotCredentials | undefined
  readonly #firstInit = Promise.withResolvers<InitEnd>()
  #state: EnvironmentState = 'starting'
  #guest: Guest | undefined
  /** the init or restore that must end before anything is handed over */
  #waiting: Init | Restore | undefined
  #trace: StartTrace | undefined
  #run: Run | undefined
  /** the end of processes that failed while nothing ran; new ones start after it */
  #ending: Promise<void> | undefined
  #stopped: Promise<void> | undefined

  constructor(options: EnvironmentOptions) {
    const { version, clock, ids } = options
    this.id = ids.hex(16)
    this.version = version
    this.#type = options.initializationType ?? 'on-demand'
    this.#snapshot = credentialsOfSnapshot(options)
    const phase = this.#snapshot ? 'snap-start' : 'init'
    this.#clock = clock
    this.#options = options
    this.#deadline = new Deadline(clock, () => this.#expired())
    this.#voice = new Voice(version, clock, options.lines, this.id)
    const own = { id: this.id, voice: this.#voice, snapshot: this.#snapshot }
    this.#house = new GuestHouse({ ...options, ...own })
    this.emit(initStart(options, phase))
    const { warning } = options.runtime
    if (warning !== undefined) this.#voice.line(warning, 'function')
    this.#beginInit(phase)
  }

  get state(): EnvironmentState {
    return this.#state
  }

  get logStream(): string {
    return this.#voice.logStream
  }

  get initialised(): Promise<InitEnd> {
    return this.#firstInit.promise
  }

  emit(event: PlatformEvent): string | undefined {
    return this.#voice.platform(event)
  }

  freeze(): void {
    if (this.#state !== 'ready' || !this.#guest || this.#options.isFreezable === false) return
    this.#move('frozen')
    this.#guest.freeze()
  }

  invoke(invocation: Invocation, hooks: InvocationHooks): Promise<Outcome> {
    const isStarting = this.#state === 'starting'
    this.#move('busy')
    const run = new Run(invocation, hooks)
    this.#run = run
    if (this.#guest?.isInitialised === true) {
      this.#handOver(run, this.#guest)
    } else if (!isStarting) {
      this.#repeatInit(run)
    }
    return run.outcome
  }

  stop(reason: ShutdownReason, options?: { drain: boolean }): Promise<void> {
    this.#stopped ??= this.#stop(reason, options?.drain === true)
    return this.#stopped
  }

  // What the guest tells.

  onStarted(): void {
    this.#trace?.ready('spawn')
  }

  onLine(line: string, source: LineSource): void {
    if (this.#voice.line(line, source)) this.#run?.line(line)
  }

  onRuntimeReady(): void {
    this.#trace?.ready('first next')
    if (this.#waiting) this.#say(initRuntimeDone(this.#type, this.#waiting.phase, {}))
  }

  onInitialised(): void {
    this.#waiting?.ready()
  }

  onReady(guest: Guest): void {
    const run = this.#run
    if (this.#waiting) {
      this.#waiting.ready()
    } else if (run && !run.isOver) {
      run.endedMs = this.#clock.monotonicMs()
      if (guest.extensions.count === 0) this.#close(run)
      if (run.isDrained) this.#runtimeDone(run, guest)
    }
  }

  onExtensionMoved(guest: Guest): void {
    const run = this.#run
    if (run && run.endedMs !== undefined && run.isDrained) this.#awaitExtensions(run, guest)
  }

  onAnswer(_session: RuntimeSession, answer: Answer): void {
    const run = this.#run
    if (!run) return
    const reply = answerToReply(answer, run.invocation.requestId)
    run.timing?.answered(reply)
    run.answer(reply)
    // What was written before the answer is read in this turn of the event loop, so all lines are in at its end.
    setImmediate(() => {
      run.isDrained = true
      if (run.endedMs !== undefined) this.#runtimeDone(run, this.#guest)
    })
  }

  onInitError(_session: RuntimeSession, error: PostedError): void {
    const failure = postedFailure(error.errorType, error.payload)
    // It is about to exit: this is the time to look.
    this.#house.usedMib()
    this.#waiting?.posted(failure)
    const run = this.#run
    if (run && this.#waiting?.phase === 'invoke') run.answer(run.replyTo(failure))
  }

  onFailure(guest: Guest, failure: Failure): void {
    if (guest !== this.#guest) return
    const run = this.#run
    if (this.#waiting) {
      this.#waiting.fail(failure)
    } else if (run && !run.isOver) {
      background('reset environment', this.#fail(run, failure))
    } else {
      // It ended while idle: the next invocation starts it anew.
      this.#guest = undefined
      this.#ending = guest.end('failure')
      background('end of processes', this.#ending)
      this.#endSpent()
    }
  }

  // Init.

  #beginInit(phase: InitPhase): void {
    const { init, trace } = beginStart({
      phase,
      id: this.id,
      options: this.#options,
      house: this.#house,
      listener: this,
      after: this.#ending,
      onGuest: (guest) => (this.#guest = guest),
      onEnd: (ended, end) => this.#initEnded(ended, end),
    })
    this.#waiting = init
    this.#trace = trace
  }

  async #initEnded(init: Init, end: InitEnd): Promise<void> {
    const { durationMs, failure } = end
    this.#waiting = undefined
    if (!failure) {
      this.#firstInit.resolve(end)
      this.#initialised(init, durationMs)
      return
    }
    this.#deadline.clear()
    const waiting = init.phase === 'invoke' ? this.#run : undefined
    // Nobody waits for the end of extensions.
    const isSlow = failure.status === 'timeout' || (this.#guest?.extensions.count ?? 0) > 0
    if (isSlow) waiting?.answer(waiting.replyTo(failure))
    this.#guest?.flushOutput()
    this.#say(...initEnded(this.#type, init.phase, end, this.#guest))
    await this.#endGuest(failure)
    this.#firstInit.resolve(end)
    if (waiting) await this.#fail(waiting, failure)
    else if (this.#run) this.#repeatInit(this.#run)
    else this.#stopped ??= this.#giveUp()
  }

  #initialised(init: Init, durationMs: number): void {
    const guest = this.#guest
    const run = this.#run
    this.#trace?.ready('init')
    this.#say(...initEnded(this.#type, init.phase, { durationMs }, guest))
    if (!run) {
      this.#move('ready')
      return
    }
    if (init.phase === 'init') run.initialised(durationMs)
    if (guest) this.#handOver(run, guest)
  }

  /** Within an invocation, and on its time. */
  #repeatInit(run: Run): void {
    this.#deadline.set(run.begin(this.#clock) + this.version.timeoutMs)
    this.emit(initStart(this.#options, 'invoke'))
    this.#beginInit('invoke')
  }

  /** To the log, and to the tail of the invocation that waits. */
  #say(...events: readonly PlatformEvent[]): void {
    for (const event of events) {
      const line = this.emit(event)
      if (line !== undefined) this.#run?.line(line)
    }
  }

  /** Nobody waits for an environment whose init failed: a new one is as good. */
  async #giveUp(): Promise<void> {
    this.#move('failed')
    await this.#house.close()
    this.#move('gone')
  }

  // Restore.

  /** Go on from the snapshot, under a new log stream and with fresh credentials. */
  #restoreFor(run: Run, guest: Guest): void {
    guest.isRestored = true
    this.#voice.renew(this.#options.ids)
    this.#snapshot?.renew()
    const restore = new Restore({
      ...this.#options,
      session: guest.session,
      say: (event) => this.#say(event),
      onEnd: (end) => this.#restored(run, guest, end),
    })
    this.#waiting = restore
    restore.begin()
  }

  #restored(run: Run, guest: Guest, { durationMs, failure }: InitEnd): void {
    this.#waiting = undefined
    run.restored(durationMs)
    if (failure) background('failed restore', this.#fail(run, failure))
    else this.#handOver(run, guest)
  }

  /** What was restored, or initialised ahead, is not initialised again when it failed: another one takes its place. */
  #endSpent(): void {
    if (this.#type !== 'on-demand') this.#stopped ??= this.#stop('failure', false)
  }

  // Invoke.

  #handOver(run: Run, guest: Guest): void {
    if (this.#snapshot && !guest.isRestored) {
      this.#restoreFor(run, guest)
      return
    }
    const { timeoutMs } = this.version
    this.#deadline.set(run.begin(this.#clock) + timeoutMs)
    run.start()
    handOver(run, guest, this.#clock, this.#voice.wantsRuntimeDone)
  }

  #expired(): void {
    const run = this.#run
    const failure = timeoutFailure(this.version.timeoutMs)
    if (this.#waiting) this.#waiting.fail(failure)
    else if (run) background('reset environment', this.#fail(run, failure))
  }

  /** The runtime asked for the next event, and all it wrote before was read. */
  #runtimeDone(run: Run, guest: Guest | undefined): void {
    if (this.#run !== run || run.endedMs === undefined) return
    guest?.flushOutput()
    if (run.timing) this.#voice.done(run)
    if (guest && !run.isOver) this.#awaitExtensions(run, guest)
    else this.#finish(run, run.endedMs)
  }

  /** The environment is free when all extensions that were told of the invocation are done with it. */
  #awaitExtensions(run: Run, guest: Guest): void {
    if (run.isOver || !guest.extensions.areDone) return
    this.#close(run)
    run.extended(this.#clock)
    this.#finish(run, this.#clock.monotonicMs())
  }

  /** Its end is decided. */
  #close(run: Run): void {
    run.isOver = true
    this.#deadline.clear()
  }

  #finish(run: Run, endedMs: number): void {
    if (!run.reply) return
    this.#run = undefined
    if (this.#state === 'busy') this.#move('ready')
    run.end(run.reply, endedMs, this.#house.usedMib())
  }

  /** The invocation ends with the process. What was in memory is lost; the temporary directory stays. */
  async #fail(run: Run, failure: Failure): Promise<void> {
    if (this.#run !== run || run.isOver) return
    this.#close(run)
    const endedMs = this.#clock.monotonicMs()
    const reply = run.replyTo(failure)
    run.start()
    run.answer(reply)
    this.#voice.failed(run, failure, endedMs)
    if (this.#state === 'busy') this.#move('resetting')
    await this.#endGuest(failure)
    this.#run = undefined
    if (this.#state === 'resetting') this.#move('ready')
    const isFull = failure.isOutOfMemory === true
    run.end(reply, endedMs, isFull ? this.version.memoryMib : this.#house.usedMib())
    this.#endSpent()
  }

  // Shutdown.

  async #stop(reason: ShutdownReason, drain: boolean): Promise<void> {
    const run = this.#run
    this.#move('draining')
    if (run) {
      const failure = platformFailure('Sandbox.Failure', 'The environment was stopped')
      if (!drain) await this.#fail(run, failure)
      await run.outcome
    }
    this.#firstInit.resolve(stoppedInit)
    await this.#endGuest(reason)
    await this.#ending
    this.#deadline.close()
    await this.#house.close()
    this.#move('gone')
  }

  async #endGuest(why: ShutdownReason | Failure): Promise<Guest | undefined> {
    this.#waiting?.abandon()
    this.#waiting = undefined
    const guest = this.#guest
    await guest?.end(reasonOf(why))
    if (this.#guest === guest) this.#guest = undefined
    return guest
  }

  #move(to: EnvironmentState): void {
    assertTransition(this.#state, to)
    if (this.#state === 'frozen') this.#guest?.thaw()
    this.#state = to
  }
}
