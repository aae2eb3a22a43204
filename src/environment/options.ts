/** What an execution environment is made from. */
import type { Clock } from '../lib/clock.ts'
import type { Ids } from '../lib/ids.ts'
import type { FunctionVersion } from '../model.ts'
import type { InitializationType } from '../observe/platform-events.ts'
import type { Runtime } from '../runtimes/runtime.ts'
import type { Driver, PreparedSandbox } from '../sandbox/driver.ts'
import type { LineSink } from './contract.ts'
import type { Api } from './guest-house.ts'
import type { OnStartPart } from './start-trace.ts'
import type { FunctionCredentials } from './variables.ts'

export type EnvironmentOptions = {
  readonly version: FunctionVersion
  /** the program that serves it */
  readonly runtime: Runtime
  readonly driver: Driver
  /** a generic bootstrap of that runtime that waits; used if the version allows it, disposed if not */
  readonly prepared?: PreparedSandbox | undefined
  readonly clock: Clock
  readonly ids: Ids
  /** lines of the function and of the platform, for the log stream */
  readonly lines: LineSink
  /** AWS_ENDPOINT_URL of the function */
  readonly endpointUrl?: string | undefined
  /** loopback port where its process shall listen for a debugger */
  readonly inspectPort?: number | undefined
  /** asked for at each start of a process, so that a reset gets fresh ones */
  readonly credentials?: (() => FunctionCredentials) | undefined
  readonly initTimeoutMs?: number | undefined
  /** false where somebody looks into it while it is idle: a debugger */
  readonly isFreezable?: boolean | undefined
  /** `on-demand` when absent; `snap-start` makes it a snapshot, restored for its first invocation */
  readonly initializationType?: InitializationType | undefined
  readonly restoreTimeoutMs?: number | undefined
  /** instead of a port of its own; for tests without sockets */
  readonly api?: Api | undefined
  /** told which part of each start of a process is ready when */
  readonly onPart?: ((environmentId: string, ...part: Parameters<OnStartPart>) => void) | undefined
}
