/**
 * The seam between an execution environment and what keeps it apart from the machine. One driver per kind of wall; all run
 * the same contract suite (test/sandbox/contract.ts). A driver knows processes and folders, nothing of Lambda's protocol.
 */

export type Isolation = 'process' | 'namespace' | 'container' | 'microvm'

/** The walls, and what all programs within share. */
export type SandboxBounds = {
  /** unique on this machine, [a-z0-9-]+ */
  readonly id: string
  readonly memoryMib: number
  readonly ephemeralStorageMib: number
}

/** A program to start. The environment is complete: nothing of the host's is added but by the driver's own doing. */
export type ProgramSpec = {
  /** program and arguments; the program is an absolute path */
  readonly argv: readonly [string, ...string[]]
  readonly environment: Readonly<Record<string, string>>
  /** working directory of the program */
  readonly workingDirectory: string
  /** whole chunks as they were written, by the program and all that it started */
  readonly onOutput: (chunk: Uint8Array, stream: 'stdout' | 'stderr') => void
  /** the program runs; at once when a bootstrap that waited becomes it */
  readonly onStarted?: () => void
}

/** A sandbox with its first program. */
export type SandboxSpec = SandboxBounds & ProgramSpec

/** A generic bootstrap, started before anybody knows for which function. It waits for one line of JSON on its standard
 *  input, `{"environment":{…},"workingDirectory":"…"}`, makes both its own and goes on as if started that way. */
export type PreparedSpec = Pick<SandboxSpec, 'id' | 'argv' | 'environment'>

/** How a program ended. */
export type ExitReport = {
  /** exit status; undefined when a signal ended it */
  readonly exitCode?: number
  /** e.g. `SIGKILL` */
  readonly signal?: string
  /** the driver killed it above its memory limit */
  readonly isOutOfMemory: boolean
  /** it could not be started at all: why, as one sentence */
  readonly launchError?: string
}

export type Usage = {
  /** peak resident memory of all programs of the sandbox, and of what they started, MiB */
  readonly maxMemoryMib: number
}

/** A program that was started in a sandbox, in a process group of its own. What it started ends with it. */
export type Program = {
  /** settles once, never rejects */
  readonly exited: Promise<ExitReport>
  /** send a signal to its first process */
  signal(name: 'SIGTERM' | 'SIGKILL'): void
  /** what it wrote before now was handed to `onOutput`; never rejects, and comes soon, also when it is gone */
  caughtUp(): Promise<void>
}

export type Sandbox = {
  readonly id: string
  /** the environment's own temporary directory on the host; outlives the sandbox, so that a reset keeps it */
  readonly temporaryDirectory: string
  /** Start a program, the first or a further one. Failing to launch is an ExitReport with `launchError`, not an exception. */
  spawn(spec: ProgramSpec): Program
  /** the newest sample; cheap, never blocks */
  usage(): Usage
  /** Stop all processes where they are: they use no CPU, their timers wait, what is sent to them is kept. Idempotent. */
  freeze(): Promise<void>
  /** Let them go on; what is sent afterwards need not wait for it. Idempotent. */
  thaw(): Promise<void>
  /** Kill everything in it and free what it held. Idempotent. */
  dispose(): Promise<void>
}

/** A sandbox and the program it was made for. */
export type StartedSandbox = Sandbox & Program

/** A generic bootstrap that waits. */
export type PreparedSandbox = {
  readonly exited: Promise<ExitReport>
  /** Turn it into the sandbox of `spec` (its argv is ignored). At most once. */
  become(spec: SandboxSpec): StartedSandbox
  dispose(): Promise<void>
}

export type Driver = {
  readonly isolation: Isolation
  /** what the banner says, one sentence */
  readonly sentence: string
  /** Open a sandbox in which nothing runs yet.
   *  @param temporaryDirectory  an earlier sandbox's directory to go on with (reset after failure) */
  open(bounds: SandboxBounds, temporaryDirectory?: string): Sandbox
  /** Open a sandbox and start its program. */
  start(spec: SandboxSpec, temporaryDirectory?: string): StartedSandbox
  /** Start a generic bootstrap ahead of time. */
  prepare(spec: PreparedSpec): PreparedSandbox
  /** Remove a temporary directory for good: its environment is gone. */
  discard(temporaryDirectory: string): Promise<void>
  close(): Promise<void>
}
