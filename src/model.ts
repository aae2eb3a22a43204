/**
 * The vocabulary of Lair: the types that more than one room speaks of. Types only, no behaviour.
 * Names are AWS's own nouns; units go last in a name (Ms, Mib, Bytes).
 */

/** Where a resource lives: every resource is per account and region. */
export type Place = { readonly accountId: string; readonly region: string }

export type LogFormat = 'Text' | 'JSON'

/** What it takes to run one version of a function: resolved, immutable, the code already on disk.
 *  Two values with the same `arn` and `revisionId` are the same version. */
export type FunctionVersion = Place & {
  readonly functionName: string
  /** `$LATEST` or a decimal number */
  readonly version: string
  /** `arn:aws:lambda:<region>:<account>:function:<name>:<version>`, always with the version */
  readonly arn: string
  /** changes with every update; environments of an older revision are drained */
  readonly revisionId: string
  /** e.g. `nodejs24.x`, `python3.13`, `provided.al2023` */
  readonly runtime: string
  readonly handler: string
  readonly memoryMib: number
  readonly timeoutMs: number
  readonly ephemeralStorageMib: number
  readonly architecture: 'x86_64' | 'arm64'
  /** the customer's own variables */
  readonly environment: Readonly<Record<string, string>>
  readonly roleArn: string
  /** folder of the unpacked code (/var/task); read-only by contract */
  readonly codePath: string
  /** folder of the merged layers (/opt); absent without layers */
  readonly layersPath?: string
  /** each tenant has environments of its own; absent = no */
  readonly isTenantIsolated?: boolean
  readonly logGroup: string
  readonly logFormat: LogFormat
  /** least level of the function's own lines, e.g. `WARN`; only with the format JSON, INFO when absent */
  readonly applicationLogLevel?: string
  /** least level of the platform's lines: `DEBUG`, `INFO` or `WARN`; only with the format JSON, INFO when absent */
  readonly systemLogLevel?: string
  /** its environments serve so many invocations at once; absent: one */
  readonly maxConcurrency?: number
  /** its environments are initialised ahead, and restored when they are needed */
  readonly isSnapStart?: boolean
  /** TracingConfig is Active: an invocation has a segment of its own in its trace */
  readonly isTracingActive?: true
}

/** One run of a function that somebody asked for. */
export type Invocation = {
  readonly requestId: string
  readonly version: FunctionVersion
  /** as invoked: keeps the alias or version the caller used, unqualified if they used none */
  readonly invokedArn: string
  /** the event, as chunks to be passed on uncopied */
  readonly payload: readonly Uint8Array[]
  /** decoded JSON text of X-Amz-Client-Context; absent when none */
  readonly clientContext?: string
  /** JSON text of the Cognito identity; absent when none */
  readonly cognitoIdentity?: string
  /** X-Amzn-Trace-Id header, `Root=1-…;Parent=…;Sampled=0|1` */
  readonly traceId: string
  readonly tenantId?: string
}

/** What came of an invocation. Failure of user code is data, never an exception. */
export type Reply =
  | { readonly kind: 'ok'; readonly payload: readonly Uint8Array[]; readonly contentType: string }
  /** the runtime posted an error, or its response was too large: the environment lives on */
  | {
      readonly kind: 'function-error'
      readonly payload: readonly Uint8Array[]
      readonly contentType: string
      /** sanitised `Lambda-Runtime-Function-Error-Type` */
      readonly errorType: string
    }
  /** the configured timeout passed; the environment is reset */
  | {
      readonly kind: 'timeout'
      readonly payload: readonly Uint8Array[]
      readonly errorType: string
      /** as below */
      readonly refusal?: Error
    }
  /** the runtime process ended, or never started; the environment is reset */
  | {
      readonly kind: 'crashed'
      readonly payload: readonly Uint8Array[]
      /** e.g. `Runtime.ExitError`, `Runtime.OutOfMemory`, `Runtime.InvalidEntrypoint`: what REPORT says */
      readonly errorType: string
      /** the caller gets this AwsError instead of a payload: the snapshot could not be restored */
      readonly refusal?: Error
    }

/** What an environment measured of one invocation. Times are monotonic differences. */
export type Measured = {
  /** event handed to the runtime -> the runtime's next `next`, and that of the last extension that was told of it; the configured
   *  timeout when it timed out */
  readonly durationMs: number
  /** only for the first invocation of an environment whose init ran on demand before it */
  readonly initDurationMs?: number
  /** only for the invocation that an environment was restored from its snapshot for */
  readonly restoreDurationMs?: number
  /** what the extensions took after the runtime was done; only where there are extensions */
  readonly extensionOverhead?: {
    /** epoch ms */
    readonly startMs: number
    readonly durationMs: number
  }
  /** peak of the environment so far, MiB, never above MemorySize */
  readonly maxMemoryUsedMib: number
}
