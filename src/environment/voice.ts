/** What an environment says: lines of its processes and events of the platform, into its log stream and to its extensions. */
import type { Clock } from '../lib/clock.ts'
import type { Ids } from '../lib/ids.ts'
import type { FunctionVersion } from '../model.ts'
import { type LineFilter, applicationFilter } from '../observe/application-filter.ts'
import type { PlatformEvent } from '../observe/platform-events.ts'
import { isLoudEnough } from '../observe/platform-levels.ts'
import { mayShow, toLogLine } from '../observe/platform-lines.ts'
import type { LineSink } from './contract.ts'
import { Telemetry } from './telemetry/telemetry.ts'
import { type Failure, toFault } from './failure.ts'
import type { Run } from './phases/run.ts'
import { logStreamName } from './variables.ts'

/** Who wrote a line: the runtime, or an extension. */
export type LineSource = 'function' | 'extension'

export class Voice {
  readonly telemetry: Telemetry
  /** of a failure at least */
  readonly #logsRuntimeDone: boolean
  /** of a success, too */
  readonly #logsEveryRuntimeDone: boolean
  readonly #version: FunctionVersion
  readonly #clock: Clock
  readonly #lines: LineSink
  /** undefined when all lines of the function are shown */
  readonly #isShown: LineFilter | undefined
  #logStream: string
  #isFirstInitFailed = false

  /** @param id  of the environment, 32 hex digits */
  constructor(version: FunctionVersion, clock: Clock, lines: LineSink, id: string) {
    const { logFormat, systemLogLevel } = version
    this.telemetry = new Telemetry({ clock, logFormat, emit: (event) => this.platform(event) })
    this.#logsRuntimeDone = mayShow('platform.runtimeDone', logFormat)
    this.#logsEveryRuntimeDone = this.#logsRuntimeDone && isLoudEnough(success, systemLogLevel)
    this.#logStream = logStreamName(version, clock.nowMs(), id)
    this.#version = version
    this.#clock = clock
    this.#lines = lines
    this.#isShown = applicationFilter(version.logFormat, version.applicationLogLevel)
  }

  /** Say something as the platform.
   *  @returns the line that was written; undefined when the format has none for it */
  platform(event: PlatformEvent): string | undefined {
    const nowMs = this.#clock.nowMs()
    const { logFormat, systemLogLevel } = this.#version
    // New processes: what was told the old ones is nothing to them.
    if (event.type === 'platform.initStart') this.telemetry.reset()
    const line = this.#isUntold(event)
      ? undefined
      : toLogLine(event, logFormat, nowMs, systemLogLevel)
    if (this.telemetry.isActive) this.telemetry.platform(event, nowMs)
    if (line !== undefined) this.#lines(line, nowMs, this.#logStream)
    return line
  }

  /** An init that failed and is repeated within the first invocation has no second INIT_START in text.
   *  source: logs recorded of inits that failed */
  #isUntold(event: PlatformEvent): boolean {
    if (event.type === 'platform.initReport') {
      const { phase, status } = event.record
      this.#isFirstInitFailed = phase === 'init' && status !== 'success'
      return false
    }
    if (event.type !== 'platform.initStart') return false
    return this.#isFirstInitFailed && this.#version.logFormat === 'Text'
  }

  /** `platform.runtimeDone` may be heard: measure for it */
  get wantsRuntimeDone(): boolean {
    return this.#logsRuntimeDone || this.telemetry.wants('platform.runtimeDone')
  }

  /** The runtime is done with an invocation. Nothing is built that nobody hears. */
  done({ invocation, timing, endedMs }: Run): void {
    if (!timing || endedMs === undefined) return
    if (this.#logsEveryRuntimeDone || this.telemetry.wants('platform.runtimeDone')) {
      this.platform(timing.toEvent(invocation, endedMs))
    }
  }

  /** An invocation ended with its processes. */
  failed({ invocation, timing, endedMs }: Run, failure: Failure, nowMs: number): void {
    if (failure.text !== undefined && this.telemetry.wants('platform.fault')) {
      this.platform(toFault(failure, invocation.requestId))
    }
    if (timing && endedMs === undefined) this.platform(timing.toEvent(invocation, nowMs, failure))
  }

  get logStream(): string {
    return this.#logStream
  }

  /** Go on in a new log stream. */
  renew(ids: Ids): void {
    this.#logStream = logStreamName(this.#version, this.#clock.nowMs(), ids.hex(16))
  }

  /** Pass on a line of a process. @returns false when the function's log level hides it */
  line(line: string, source: LineSource): boolean {
    const nowMs = this.#clock.nowMs()
    // What the log hides by its level is told all the same, as all events of the platform are.
    if (this.telemetry.isActive) this.telemetry.line(source, line, nowMs)
    if (source === 'function' && this.#isShown?.(line) === false) return false
    this.#lines(line, nowMs, this.#logStream)
    return true
  }
}

const success = {
  type: 'platform.runtimeDone',
  record: { requestId: '', status: 'success' },
} as const
