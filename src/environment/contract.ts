/** What the fleet and the trunk know of an execution environment. The class is in environment.ts. */
import type { FunctionVersion, Invocation, Measured, Reply } from '../model.ts'
import type { PlatformEvent } from '../observe/platform-events.ts'
import type { Failure } from './failure.ts'

export type EnvironmentState =
  | 'starting'
  | 'ready'
  | 'busy'
  | 'resetting'
  | 'draining'
  | 'frozen'
  | 'failed'
  | 'gone'

/** Takes the lines of one environment, in order, without newline: the function's and the platform's.
 *  @param timestampMs  epoch ms */
export type LineSink = (line: string, timestampMs: number, logStream: string) => void

export type Outcome = {
  readonly reply: Reply
  readonly measured: Measured
}

/** Takes a streamed response while the runtime writes it. What comes after the reply, or after the client has gone, is dropped. */
export type ResponseSink = {
  /** The first bytes are here. */
  begin(contentType: string): void
  /** @returns false when that is enough for now: more is taken all the same, but who writes should wait for `onDrain` */
  write(chunk: Uint8Array): boolean
  /** Have `resume` called once when more is wanted, perhaps at once. */
  onDrain(resume: () => void): void
}

/** Hooks of one invocation, called by the environment as things happen. */
export type InvocationHooks = {
  /** gets a response that the runtime streams; without it every response is collected. The reply then has no payload */
  readonly sink?: ResponseSink | undefined
  /** The environment is initialised and hands the event over now: write START. */
  onStart(): void
  /** The reply is known, before the runtime asked for `next`: answer the caller. */
  onReply(reply: Reply): void
  /** lines of the function during this invocation, for the tail */
  onLine(line: string): void
}

export type ExecutionEnvironment = {
  readonly id: string
  readonly version: FunctionVersion
  readonly state: EnvironmentState
  /** log stream of this environment: `YYYY/MM/DD/[<version>]<32 hex>`; another one once it was restored from a snapshot */
  readonly logStream: string
  /** How its first init ended, or that it was stopped before. Never rejects. */
  readonly initialised: Promise<{ readonly durationMs: number; readonly failure?: Failure }>
  /** Stop its processes where they are until they are used again. Nothing happens unless it is `ready` and may be frozen. */
  freeze(): void
  /** Run one invocation; the environment must be `ready`, `frozen` or `starting` (init is then awaited, and repeated inside if it failed).
   *  Resolves when the runtime and the extensions that were told of it asked for their next event, or the environment was reset: all lines of the function are in by then. Never rejects. */
  invoke(invocation: Invocation, hooks: InvocationHooks): Promise<Outcome>
  /** Say something as the platform (START, END, REPORT): to this environment's log stream and to who subscribed.
   *  @returns the line that was written; undefined when the format has none for it */
  emit(event: PlatformEvent): string | undefined
  /** Stop for good; waits for a running invocation up to its deadline when `drain`, and up to 2 s for extensions, which are told
   *  the reason. */
  stop(reason: 'spindown' | 'timeout' | 'failure', options?: { drain: boolean }): Promise<void>
}
