/**
 * One execution environment: it starts a runtime process in a sandbox, hands it one invocation after the other, and starts it anew
 * when it failed. The fleet makes and stops environments, the trunk (invoke/run.ts) gives them invocations.
 * source: AWS Lambda dev guide "Understanding the Lambda execution environment lifecycle"; Runtime Interface Emulator, rapid.
 */
import { background } from '../lib/background.ts'
import type { Clock } from '../lib/clock.ts'
import type { FunctionVersion, Invocation } from '../model.ts'
import { type LineFilter, applicationFilter } from '../observe/application-filter.ts'
import type { InitPhase, InitializationType, PlatformEvent } from '../observe/platform-events.ts'
import { toLogLine } from '../observe/platform-lines.ts'
import type { ExitReport } from '../sandbox/driver.ts'
import type {
  EnvironmentState,
  ExecutionEnvironment,
  InvocationHooks,
  Outcome,
} from './contract.ts'
import { Deadline } from './deadline.ts'
import {
  type Failure,
  exitFailure,
  platformFailure,
  postedFailure,
  timeoutFailure,
} from './failure.ts'
import { Guest, type GuestListener } from './guest.ts'
import { GuestHouse } from './guest-house.ts'
import type { EnvironmentOptions } from './options.ts'
import { initReport, initStart } from './phases/announce.ts'
import { answerToReply } from './phases/answer.ts'
import { Init, type InitEnd, initLimit, stoppedInit } from './phases/init.ts'
import { Restore } from './phases/restore.ts'
import { Run } from './phases/run.ts'
import { toRuntimeEvent } from './runtime-api/next.ts'
import type { Answer, PostedError, RuntimeSession } from './runtime-api/session.ts'
import { type SnapshotCredentials, credentialsOfSnapshot } from './snapshot/credentials.ts'
import { StartTrace } from './start-trace.ts'
import { assertTransition } from './states.ts'
import { logStreamName } from './variables.ts'

/** Make an environment. Its init begins at once. */
export function createEnvironment(options: EnvironmentOptions): ExecutionEnvironment {
  return new Environment(options)
}

class Environment implements ExecutionEnvironment, GuestListener {
  readonly id: string
  readonly version: FunctionVersion
  logStream: string
  readonly #clock: Clock
  readonly #options: EnvironmentOptions
  readonly #house: GuestHouse
  readonly #deadline: Deadline
  /** undefined when all lines of the function are shown */
  readonly #isShown: LineFilter | undefined
  readonly #type: InitializationType
  readonly #snapshot: SnapshotCredentials | undefined
  readonly #firstInit = Promise.withResolvers<InitEnd>()
  #state: EnvironmentState = 'starting'
  #idleSinceMs: number
  /** MiB; what was seen of processes that have no say any more */
  #pastUsedMib = 0
  #guest: Guest | undefined
  #init: Init | undefined
  #restore: Restore | undefined
  #trace: StartTrace | undefined
  #run: Run | undefined
  #stopped: Promise<void> | undefined

  constructor(options: EnvironmentOptions) {
    const { version, clock, ids } = options
    this.id = ids.hex(16)
    this.version = version
    this.#type = options.initializationType ?? 'on-demand'
    this.logStream = logStreamName(version, clock.nowMs(), this.id)
    this.#snapshot = credentialsOfSnapshot(options)
    const phase = this.#snapshot ? 'snap-start' : 'init'
    this.#clock = clock
    this.#options = options
    this.#idleSinceMs = clock.monotonicMs()
    this.#isShown = applicationFilter(version.logFormat, version.applicationLogLevel)
    this.#deadline = new Deadline(clock, () => this.#expired())
    const own = { id: this.id, logStream: this.logStream, snapshot: this.#snapshot }
    this.#house = new GuestHouse({ ...options, ...own })
    this.emit(initStart(options, phase))
    if (options.runtime.warning !== undefined) this.#writeLine(options.runtime.warning)
    this.#beginInit(phase)
  }

  get state(): EnvironmentState {
    return this.#state
  }

  get initialised(): Promise<InitEnd> {
    return this.#firstInit.promise
  }

  get idleSinceMs(): number {
    return this.#idleSinceMs
  }

  emit(event: PlatformEvent): string | undefined {
    const nowMs = this.#clock.nowMs()
    const { logFormat, systemLogLevel } = this.version
    const line = toLogLine(event, logFormat, nowMs, systemLogLevel)
    if (line !== undefined) this.#options.lines(line, nowMs, this.logStream)
    return line
  }

  invoke(invocation: Invocation, hooks: InvocationHooks): Promise<Outcome> {
    const isStarting = this.#state === 'starting'
    this.#move('busy')
    const run = new Run(invocation, hooks)
    this.#run = run
    if (this.#guest?.isInitialised === true) {
      this.#handOver(run, this.#guest)
    } else if (!isStarting) {
      this.emit(initStart(this.#options, 'invoke'))
      this.#repeatInit(run)
    }
    return run.outcome
  }

  stop(_reason: 'spindown' | 'timeout' | 'failure', options?: { drain: boolean }): Promise<void> {
    this.#stopped ??= this.#stop(options?.drain === true)
    return this.#stopped
  }

  // What the guest tells.

  onStarted(): void {
    this.#trace?.ready('spawn')
  }

  onLine(line: string): void {
    if (this.#isShown?.(line) === false) return
    this.#writeLine(line)
    this.#run?.line(line)
  }

  onReady(guest: Guest): void {
    const run = this.#run
    if (this.#init) {
      this.#trace?.ready('first next')
      this.#init.ready()
    } else if (this.#restore) {
      this.#restore.ready()
    } else if (run) {
      run.isOver = true
      this.#deadline.clear()
      run.endedMs = this.#clock.monotonicMs()
      if (run.isDrained) this.#finish(run, guest)
    }
  }

  onAnswer(_session: RuntimeSession, answer: Answer): void {
    const run = this.#run
    if (!run) return
    run.answer(answerToReply(answer, run.invocation.requestId))
    // What was written before the answer is read in this turn of the event loop, so all lines are in at its end.
    setImmediate(() => {
      run.isDrained = true
      if (run.endedMs !== undefined && this.#guest) this.#finish(run, this.#guest)
    })
  }

  onInitError(_session: RuntimeSession, error: PostedError): void {
    const failure = postedFailure(error.errorType, error.payload)
    // It is about to exit: this is the time to look.
    this.#noteMemory(this.#guest)
    this.#init?.posted(failure)
    this.#restore?.posted(failure)
    const run = this.#run
    if (run && this.#init?.phase === 'invoke') run.answer(run.replyTo(failure))
  }

  onExit(guest: Guest, report: ExitReport): void {
    if (guest !== this.#guest) return
    const run = this.#run
    if (this.#init) {
      this.#init.exited(report)
    } else if (this.#restore) {
      this.#restore.exited(report)
    } else if (run && !run.isOver) {
      background('reset environment', this.#fail(run, exitFailure(report)))
    } else {
      // It ended while idle: the next invocation starts it anew.
      this.#guest = undefined
      this.#endSpent()
    }
  }

  // Init.

  #beginInit(phase: InitPhase): void {
    const init = new Init({
      phase,
      clock: this.#clock,
      onEnd: (ended, end) => background('end of init', this.#initEnded(ended, end)),
      ...(phase !== 'invoke' && { limit: initLimit(this.#options) }),
    })
    this.#init = init
    const { onPart } = this.#options
    if (onPart) this.#trace = new StartTrace(this.#clock, (...part) => onPart(this.id, ...part))
    background('start environment', this.#startGuest(init))
  }

  async #startGuest(init: Init): Promise<void> {
    try {
      await this.#house.open()
      if (init.isOver) return
      this.#trace?.ready('listen')
      const guest = this.#house.admit(this)
      if (guest instanceof Guest) this.#guest = guest
      else init.fail(guest)
    } catch (error) {
      init.fail(platformFailure('Sandbox.Failure', 'The environment cannot be started'))
      throw error
    }
  }

  async #initEnded(init: Init, end: InitEnd): Promise<void> {
    const { durationMs, failure } = end
    this.#init = undefined
    if (!failure) {
      this.#firstInit.resolve(end)
      this.#initialised(init, durationMs)
      return
    }
    this.#deadline.clear()
    const waiting = init.phase === 'invoke' ? this.#run : undefined
    if (failure.status === 'timeout') waiting?.answer(waiting.replyTo(failure))
    await this.#endGuest()
    this.#say(initReport(this.#type, init.phase, end))
    this.#firstInit.resolve(end)
    if (waiting) await this.#fail(waiting, failure)
    else if (this.#run) this.#repeatInit(this.#run)
    else this.#stopped ??= this.#giveUp()
  }

  #initialised(init: Init, durationMs: number): void {
    const guest = this.#guest
    const run = this.#run
    if (guest) guest.isInitialised = true
    this.#trace?.ready('init')
    if (this.#type !== 'on-demand') this.#say(initReport(this.#type, init.phase, { durationMs }))
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
    this.#beginInit('invoke')
  }

  /** To the log, and to the tail of the invocation that waits. */
  #say(event: PlatformEvent): void {
    const line = this.emit(event)
    if (line !== undefined) this.#run?.line(line)
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
    this.logStream = logStreamName(this.version, this.#clock.nowMs(), this.#options.ids.hex(16))
    this.#snapshot?.renew()
    this.#restore = new Restore({
      ...this.#options,
      session: guest.session,
      say: (event) => this.#say(event),
      onEnd: (end) => this.#restored(run, guest, end),
    })
    this.#restore.begin()
  }

  #restored(run: Run, guest: Guest, { durationMs, failure }: InitEnd): void {
    this.#restore = undefined
    run.restored(durationMs)
    if (failure) background('failed restore', this.#fail(run, failure))
    else this.#handOver(run, guest)
  }

  /** What was restored is not initialised again when it failed: another snapshot takes its place. */
  #endSpent(): void {
    if (this.#snapshot) this.#stopped ??= this.#stop(false)
  }

  // Invoke.

  #handOver(run: Run, guest: Guest): void {
    if (this.#snapshot && !guest.isRestored) {
      this.#restoreFor(run, guest)
      return
    }
    const { timeoutMs } = this.version
    const startedMs = run.begin(this.#clock)
    const spentMs = this.#clock.monotonicMs() - startedMs
    this.#deadline.set(startedMs + timeoutMs)
    run.start()
    const deadlineMs = this.#clock.nowMs() + timeoutMs - spentMs
    guest.session.offer(toRuntimeEvent(run.invocation, deadlineMs, run.sink))
  }

  #expired(): void {
    const run = this.#run
    const failure = timeoutFailure(this.version.timeoutMs)
    if (this.#init) this.#init.fail(failure)
    else if (run) background('reset environment', this.#fail(run, failure))
  }

  /** The runtime asked for the next event: the invocation is over. */
  #finish(run: Run, guest: Guest): void {
    if (this.#run !== run || !run.reply || run.endedMs === undefined) return
    guest.flushOutput()
    this.#run = undefined
    if (this.#state === 'busy') this.#move('ready')
    run.end(run.reply, run.endedMs, this.#usedMib(guest))
  }

  /** The invocation ends with the process. What was in memory is lost; the temporary directory stays. */
  async #fail(run: Run, failure: Failure): Promise<void> {
    if (this.#run !== run || run.isOver) return
    run.isOver = true
    this.#deadline.clear()
    const endedMs = this.#clock.monotonicMs()
    const reply = run.replyTo(failure)
    run.start()
    run.answer(reply)
    if (this.#state === 'busy') this.#move('resetting')
    const guest = await this.#endGuest()
    this.#run = undefined
    if (this.#state === 'resetting') this.#move('ready')
    const usedMib = guest ? this.#usedMib(guest) : this.#pastUsedMib
    run.end(reply, endedMs, failure.isOutOfMemory === true ? this.version.memoryMib : usedMib)
    this.#endSpent()
  }

  // Shutdown.

  /** Without extensions a runtime is told nothing of its end: it is killed. */
  async #stop(drain: boolean): Promise<void> {
    const run = this.#run
    this.#move('draining')
    if (run) {
      const failure = platformFailure('Sandbox.Failure', 'The environment was stopped')
      if (!drain) await this.#fail(run, failure)
      await run.outcome
    }
    this.#init?.abandon()
    this.#init = undefined
    this.#firstInit.resolve(stoppedInit)
    await this.#endGuest()
    this.#deadline.close()
    await this.#house.close()
    this.#move('gone')
  }

  async #endGuest(): Promise<Guest | undefined> {
    this.#restore?.abandon()
    this.#restore = undefined
    const guest = this.#guest
    await guest?.dispose()
    this.#noteMemory(guest)
    this.#guest = undefined
    return guest
  }

  #noteMemory(guest: Guest | undefined): void {
    if (guest) this.#pastUsedMib = Math.max(this.#pastUsedMib, this.#usedMib(guest))
  }

  #usedMib(guest: Guest): number {
    return Math.min(guest.sandbox.usage().maxMemoryMib, this.version.memoryMib)
  }

  #writeLine(line: string): void {
    this.#options.lines(line, this.#clock.nowMs(), this.logStream)
  }

  #move(to: EnvironmentState): void {
    assertTransition(this.#state, to)
    this.#state = to
    if (to === 'ready') this.#idleSinceMs = this.#clock.monotonicMs()
  }
}
