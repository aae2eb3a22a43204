/**
 * An execution environment that serves several invocations at once: one runtime whose workers each ask for events. It is never frozen
 * and never reset: an invocation that times out leaves its process alone, a crash ends all invocations and the environment with them.
 * The fleet sees its slots, never itself.
 * source: AWS Lambda dev guide "Lambda Managed Instances"; Runtime Interface Emulator, lambda-managed-instances
 */
import { limits } from '../../config.ts'
import { assert } from '../../lib/assert.ts'
import { background } from '../../lib/background.ts'
import type { Clock, Timer } from '../../lib/clock.ts'
import type { FunctionVersion, Invocation, Reply } from '../../model.ts'
import type { PlatformEvent } from '../../observe/platform-events.ts'
import type { EnvironmentState, InvocationHooks, Outcome } from '../contract.ts'
import { type Failure, platformFailure, postedFailure, timeoutFailure } from '../failure.ts'
import type { Guest, GuestListener } from '../guest.ts'
import { GuestHouse } from '../guest-house.ts'
import type { EnvironmentOptions } from '../options.ts'
import { initEnded, initRuntimeDone, initStart } from '../phases/announce.ts'
import { answerToReply } from '../phases/answer.ts'
import { type Init, type InitEnd, stoppedInit } from '../phases/init.ts'
import { Run } from '../phases/run.ts'
import { type ShutdownReason, reasonOf } from '../phases/shutdown.ts'
import { beginStart } from '../phases/start.ts'
import { toRuntimeEvent } from '../runtime-api/next.ts'
import type { Answer, PostedError, RuntimeSession } from '../runtime-api/session.ts'
import { type LineSource, Voice } from '../voice.ts'
import { type Shared, Slot } from './slot.ts'
import { Workers } from './workers.ts'

const type = 'lambda-managed-instances'

/** One invocation in its slot. */
type Work = { readonly run: Run; readonly slot: Slot; timer: Timer | undefined }

export class ConcurrentEnvironment implements Shared, GuestListener {
  readonly id: string
  readonly version: FunctionVersion
  readonly #onGone: () => void
  readonly #clock: Clock
  readonly #maxCount: number
  readonly #workers: Workers
  readonly #voice: Voice
  readonly #house: GuestHouse
  readonly #firstInit = Promise.withResolvers<InitEnd>()
  readonly #slots = new Set<Slot>()
  /** request id -> work, in order of arrival */
  readonly #works = new Map<string, Work>()
  #state: EnvironmentState = 'starting'
  #isRetired = false
  #slotCount = 0
  /** workers that are still busy with an invocation that timed out */
  #stuckCount = 0
  #guest: Guest | undefined
  #init: Init | undefined
  #spare: Timer | undefined
  #stopped: Promise<void> | undefined

  /** Its init begins at once. @param onGone  it opens no slots any more */
  constructor(given: EnvironmentOptions, onGone: () => void) {
    const options = { ...given, initializationType: type } as const
    const { version, clock, ids } = options
    this.id = ids.hex(16)
    this.version = version
    this.#onGone = onGone
    this.#clock = clock
    this.#maxCount = version.maxConcurrency ?? 1
    this.#workers = new Workers(this.#maxCount, () => this.#cameBack())
    this.#voice = new Voice(version, clock, options.lines, this.id)
    const own = { id: this.id, voice: this.#voice, workers: this.#workers }
    this.#house = new GuestHouse({ ...options, ...own })
    this.emit(initStart(options, 'init'))
    const { warning } = options.runtime
    if (warning !== undefined) this.#voice.line(warning, 'function')
    this.#init = beginStart({
      phase: 'init',
      id: this.id,
      options,
      house: this.#house,
      listener: this,
      after: undefined,
      onGuest: (guest) => (this.#guest = guest),
      onEnd: (_init, end) => this.#initEnded(end),
    }).init
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

  /** how many slots may be opened now */
  get freeCount(): number {
    const isAlive = this.#state === 'starting' || this.#state === 'ready'
    return isAlive ? this.#maxCount - this.#slots.size - this.#stuckCount : 0
  }

  nowMs(): number {
    return this.#clock.monotonicMs()
  }

  emit(event: PlatformEvent): string | undefined {
    return this.#voice.platform(event)
  }

  /** A place for one invocation at a time; to be stopped when it is not needed any more. */
  openSlot(): Slot {
    assert(this.freeCount > 0, 'a slot is opened where one is free')
    this.#spare?.clear()
    this.#spare = undefined
    this.#slotCount += 1
    const slot = new Slot(this, this.#slotCount)
    this.#slots.add(slot)
    return slot
  }

  invoke(slot: Slot, invocation: Invocation, hooks: InvocationHooks): Promise<Outcome> {
    const { requestId } = invocation
    const run = new Run(invocation, hooks)
    const work: Work = { run, slot, timer: undefined }
    const isUsable = this.#state === 'starting' || this.#state === 'ready'
    // A caller may choose the id, and choose one twice.
    if (!isUsable || this.#works.has(requestId)) {
      const text = isUsable ? 'The request id is in use' : 'The environment was stopped'
      this.#conclude(work, run.replyTo(platformFailure('Sandbox.Failure', text)))
      return run.outcome
    }
    this.#works.set(requestId, work)
    if (this.#state === 'ready') this.#handOver(work)
    return run.outcome
  }

  abort(slot: Slot): void {
    for (const work of this.#works.values()) {
      if (work.slot !== slot) continue
      const failure = platformFailure('Sandbox.Failure', 'The environment was stopped')
      this.#workers.giveUp(work.run.invocation.requestId)
      this.#end(work, work.run.replyTo(failure))
    }
  }

  async release(slot: Slot, reason: ShutdownReason): Promise<void> {
    this.#slots.delete(slot)
    if (this.#slots.size === 0) await this.stop(reason)
  }

  /** Nobody will ask for another slot. */
  retire(): void {
    this.#isRetired = true
    if (this.#slots.size === 0) this.#keepFor(0)
  }

  stop(reason: ShutdownReason): Promise<void> {
    this.#stopped ??= this.#stop(reason, platformFailure('Sandbox.Failure', 'Stopped'))
    return this.#stopped
  }

  // What the guest tells.

  onStarted(): void {}

  onLine(line: string, source: LineSource): void {
    if (!this.#voice.line(line, source) || this.#works.size === 0) return
    const requestId = /"(?:requestId|AWSRequestId|aws_request_id)" ?: ?"([^"]+)"/.exec(line)?.[1]
    if (requestId !== undefined) this.#works.get(requestId)?.run.line(line)
  }

  onRuntimeReady(): void {
    this.emit(initRuntimeDone(type, 'init', {}))
  }

  onInitialised(): void {
    this.#init?.ready()
  }

  /** Of the session of the init: workers have their own. */
  onReady(): void {}

  onExtensionMoved(): void {}

  onAnswer(): void {}

  onInitError(_session: RuntimeSession, error: PostedError): void {
    this.#init?.posted(postedFailure(error.errorType, error.payload))
  }

  onFailure(guest: Guest, failure: Failure): void {
    if (guest !== this.#guest) return
    if (this.#init) this.#init.fail(failure)
    else this.#crash(failure)
  }

  async #initEnded(end: InitEnd): Promise<void> {
    this.#init = undefined
    for (const event of initEnded(type, 'init', end, this.#guest)) this.emit(event)
    this.#firstInit.resolve(end)
    if (end.failure) {
      this.#crash(end.failure)
      return
    }
    this.#state = 'ready'
    for (const work of this.#works.values()) this.#handOver(work)
  }

  // Invoke.

  #handOver(work: Work): void {
    const { run } = work
    const { invocation } = run
    const { timeoutMs } = this.version
    run.begin(this.#clock)
    work.timer = this.#clock.after(timeoutMs, () => this.#expired(work))
    run.start()
    const deadlineMs = this.#clock.nowMs() + timeoutMs
    this.#workers.offer(toRuntimeEvent(invocation, deadlineMs, run.sink), {
      onReady: () => {},
      onAnswer: (_session, answer) => this.#answered(work, answer),
      onInitError: () => {},
    })
  }

  #answered(work: Work, answer: Answer): void {
    const { requestId } = work.run.invocation
    if (this.#works.get(requestId) !== work) return
    this.#workers.close(requestId)
    this.#end(work, answerToReply(answer, requestId))
  }

  /** The process lives on, and its worker with it: the slot is lost until that one comes back. */
  #expired(work: Work): void {
    const isHeld = this.#workers.giveUp(work.run.invocation.requestId)
    if (isHeld) {
      this.#stuckCount += 1
      this.#slots.delete(work.slot)
      work.slot.close()
    }
    this.#end(work, work.run.replyTo(timeoutFailure(this.version.timeoutMs)))
    if (this.#stuckCount >= this.#maxCount) background('stuck environment', this.stop('timeout'))
    else if (this.#slots.size === 0) this.#keepFor(this.#isRetired ? 0 : limits.idleEnvironmentMs)
  }

  #cameBack(): void {
    this.#stuckCount -= 1
  }

  /** Nobody has a slot: the next may come soon. */
  #keepFor(ms: number): void {
    this.#spare?.clear()
    this.#spare = this.#clock.after(ms, () => background('idle environment', this.stop('spindown')))
  }

  #end(work: Work, reply: Reply): void {
    this.#works.delete(work.run.invocation.requestId)
    work.timer?.clear()
    this.#conclude(work, reply)
  }

  /** What was written before the answer is read in this turn of the event loop, so all lines are in at its end. */
  #conclude({ run, slot }: Work, reply: Reply): void {
    const endedMs = this.#clock.monotonicMs()
    run.start()
    run.answer(reply)
    setImmediate(() => {
      slot.vacate()
      run.end(reply, endedMs, this.#house.usedMib())
    })
  }

  // The end.

  #crash(failure: Failure): void {
    this.#stopped ??= this.#stop(reasonOf(failure), failure)
    background('end of environment', this.#stopped)
  }

  async #stop(reason: ShutdownReason, failure: Failure): Promise<void> {
    this.#state = 'draining'
    this.#onGone()
    this.#spare?.clear()
    this.#init?.abandon()
    this.#init = undefined
    this.#firstInit.resolve(stoppedInit)
    for (const work of this.#works.values()) this.#end(work, work.run.replyTo(failure))
    await this.#guest?.end(reason)
    await this.#house.close()
    this.#state = 'gone'
  }
}
