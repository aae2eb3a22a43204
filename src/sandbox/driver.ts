/**
 * The seam between an execution environment and what keeps it apart from the machine. One driver per kind of wall; all run
 * the same contract suite (test/sandbox/contract.ts). A driver knows processes and folders, nothing of Lambda's protocol.
 */

export type Isolation = 'process' | 'namespace' | 'container' | 'microvm'

/** What to start. The environment is complete: nothing of the host's is added but by the driver's own doing. */
export type SandboxSpec = {
  /** unique on this machine, [a-z0-9-]+ */
  readonly id: string
  /** program and arguments; the program is an absolute path */
  readonly argv: readonly [string, ...string[]]
  readonly environment: Readonly<Record<string, string>>
  /** working directory of the program */
  readonly workingDirectory: string
  readonly memoryMib: number
  readonly ephemeralStorageMib: number
  /** whole chunks as the process wrote them; both outputs of all processes of the sandbox */
  readonly onOutput: (chunk: Uint8Array, stream: 'stdout' | 'stderr') => void
  /** the program runs; at once when a bootstrap that waited becomes it */
  readonly onStarted?: () => void
}

/** A generic bootstrap, started before anybody knows for which function. It waits for one line of JSON on its standard
 *  input, `{"environment":{…},"workingDirectory":"…"}`, makes both its own and goes on as if started that way. */
export type PreparedSpec = Pick<SandboxSpec, 'id' | 'argv' | 'environment'>

/** How a sandbox ended. */
export type ExitReport = {
  /** exit status of the first process; undefined when a signal ended it */
  readonly exitCode?: number
  /** e.g. `SIGKILL` */
  readonly signal?: string
  /** the driver killed it above its memory limit */
  readonly isOutOfMemory: boolean
  /** it could not be started at all: why, as one sentence */
  readonly launchError?: string
}

export type Usage = {
  /** peak resident memory of all processes of the sandbox since its start, MiB */
  readonly maxMemoryMib: number
}

export type Sandbox = {
  readonly id: string
  /** settles once, never rejects */
  readonly exited: Promise<ExitReport>
  /** the environment's own temporary directory on the host; outlives the sandbox, so that a reset keeps it */
  readonly temporaryDirectory: string
  /** the newest sample; cheap, never blocks */
  usage(): Usage
  /** send a signal to the first process */
  signal(name: 'SIGTERM' | 'SIGKILL'): void
  freeze(): Promise<void>
  thaw(): Promise<void>
  /** Kill everything in it and free what it held. Idempotent. */
  dispose(): Promise<void>
}

/** A generic bootstrap that waits. */
export type PreparedSandbox = {
  readonly exited: Promise<ExitReport>
  /** Turn it into the sandbox of `spec` (its argv is ignored). At most once. */
  become(spec: SandboxSpec): Sandbox
  dispose(): Promise<void>
}

export type Driver = {
  readonly isolation: Isolation
  /** what the banner says, one sentence */
  readonly sentence: string
  /** Start a sandbox. Failing to launch is an ExitReport with `launchError`, not an exception.
   *  @param temporaryDirectory  an earlier sandbox's directory to go on with (reset after failure) */
  start(spec: SandboxSpec, temporaryDirectory?: string): Sandbox
  /** Start a generic bootstrap ahead of time. */
  prepare(spec: PreparedSpec): PreparedSandbox
  /** Remove a temporary directory for good: its environment is gone. */
  discard(temporaryDirectory: string): Promise<void>
  close(): Promise<void>
}
