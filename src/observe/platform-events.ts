/**
 * What the platform says of an environment and its invocations: one list of events, from which the lines of the log (text or JSON)
 * and what the Telemetry and Logs APIs deliver are made. Types only; platform-lines.ts makes the lines.
 * source: AWS Lambda dev guide "Lambda Telemetry API Event schema reference".
 */

export type InitializationType =
  | 'on-demand'
  | 'provisioned-concurrency'
  | 'snap-start'
  | 'lambda-managed-instances'

/** `invoke`: an init that is repeated inside an invocation */
export type InitPhase = 'init' | 'invoke' | 'snap-start'

export type PlatformStatus = 'success' | 'failure' | 'error' | 'timeout'

/** A stretch of time within a phase. */
export type Span = {
  readonly name: string
  /** ISO 8601 with milliseconds */
  readonly start: string
  readonly durationMs: number
}

export type Tracing = {
  readonly spanId?: string
  readonly type: 'X-Amzn-Trace-Id'
  readonly value: string
}

/** Ended, and how. */
type Ended = {
  readonly status: PlatformStatus
  /** only with `failure` and `error` */
  readonly errorType?: string
  readonly spans?: readonly Span[]
}

/** What runs where: of an init, and of a restore. */
export type Instance = {
  readonly functionName: string
  readonly functionVersion: string
  /** e.g. `nodejs:24.v21`; absent for runtimes of the customer's own */
  readonly runtimeVersion?: string
  readonly runtimeVersionArn?: string
  /** bytes */
  readonly instanceMaxMemory?: number
}

export type InitStart = Instance & {
  readonly initializationType: InitializationType
  readonly phase: InitPhase
}

export type InitEnded = Ended & {
  readonly initializationType: InitializationType
  readonly phase: InitPhase
}

export type InvocationStart = {
  readonly requestId: string
  readonly version: string
  readonly tenantId?: string
  readonly tracing?: Tracing
}

export type RuntimeDone = Ended & {
  readonly requestId: string
  readonly metrics?: { readonly durationMs: number; readonly producedBytes: number }
  readonly tenantId?: string
  readonly tracing?: Tracing
}

export type InvocationReport = Ended & {
  readonly requestId: string
  readonly metrics: {
    readonly durationMs: number
    /** this and all below: absent where an environment serves several invocations at once */
    readonly billedDurationMs?: number
    readonly memorySizeMB?: number
    readonly maxMemoryUsedMB?: number
    readonly initDurationMs?: number
    readonly restoreDurationMs?: number
    readonly billedRestoreDurationMs?: number
  }
  readonly tenantId?: string
  readonly tracing?: Tracing
}

/** `Platform`, `Function`, `Extension` in text */
export type TelemetryType = 'platform' | 'function' | 'extension'

export type PlatformEvent =
  | { readonly type: 'platform.initStart'; readonly record: InitStart }
  | { readonly type: 'platform.initRuntimeDone'; readonly record: InitEnded }
  | {
      readonly type: 'platform.initReport'
      readonly record: InitEnded & { readonly metrics: { readonly durationMs: number } }
    }
  | { readonly type: 'platform.restoreStart'; readonly record: Instance }
  | { readonly type: 'platform.restoreRuntimeDone'; readonly record: Ended }
  | {
      readonly type: 'platform.restoreReport'
      readonly record: Ended & { readonly metrics: { readonly durationMs: number } }
    }
  | { readonly type: 'platform.start'; readonly record: InvocationStart }
  | { readonly type: 'platform.runtimeDone'; readonly record: RuntimeDone }
  /** of the Logs API, and the line END */
  | { readonly type: 'platform.end'; readonly record: { readonly requestId: string } }
  | { readonly type: 'platform.report'; readonly record: InvocationReport }
  | {
      readonly type: 'platform.extension'
      readonly record: {
        readonly name: string
        readonly state: string
        readonly events: readonly string[]
        readonly errorType?: string
      }
    }
  | {
      readonly type: 'platform.telemetrySubscription' | 'platform.logsSubscription'
      readonly record: {
        readonly name: string
        readonly state: string
        readonly types: readonly TelemetryType[]
      }
    }
  | {
      readonly type: 'platform.logsDropped'
      readonly record: {
        readonly droppedBytes: number
        readonly droppedRecords: number
        readonly reason: string
      }
    }
  /** of the Logs API: `RequestId: … Error: …\n<type>\n` */
  | { readonly type: 'platform.fault'; readonly record: string }
