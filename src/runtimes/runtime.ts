/** What the catalogue says of one runtime name: which program serves it, and what that program needs. */

/** The languages whose runtime client Lair brings or fetches. */
export type ManagedFamily = 'nodejs' | 'python' | 'java' | 'ruby' | 'dotnet'

export type RuntimeFamily = ManagedFamily | 'provided'

/** What of a function version shapes the command line or the variables of its runtime. */
export type RuntimeTarget = {
  readonly handler: string
  readonly memoryMib: number
  readonly codePath: string
  readonly layersPath?: string
}

export type Runtime = {
  /** the name asked for, e.g. `nodejs22.x` */
  readonly name: string
  readonly family: RuntimeFamily
  /** the version that really serves it, e.g. `nodejs24.x` */
  readonly servedBy: string
  /** one line for the log when an older name is served by a newer version */
  readonly warning?: string
  /** interpreter and bootstrap, absolute paths; empty for `provided.*`, whose program is `bootstrap` in the code or a layer */
  readonly argv: readonly string[]
  /** what follows `argv` for a function; nothing when absent */
  readonly argumentsFor?: (target: RuntimeTarget) => readonly string[]
  /** folder of the runtime's client, LAMBDA_RUNTIME_DIR; the bootstrap's own when absent */
  readonly folder?: string
  /** arguments to add after `argv` so that the generic bootstrap waits for code; absent when it cannot be prepared */
  readonly prepareArgv?: readonly string[]
  /** e.g. `nodejs:24.v1`: what INIT_START says */
  readonly runtimeVersion: string
  /** `arn:aws:lambda:<region>::runtime:<64 hex>` for a region */
  readonly runtimeVersionArn: (region: string) => string
  /** Runtime-specific variables (NODE_PATH, PYTHONPATH …) for given code and layer folders. */
  readonly environment: (folders: {
    codePath: string
    layersPath?: string
  }) => Record<string, string>
  /** Customer variables that only work when they are there before the program starts (NODE_OPTIONS, LD_PRELOAD …). */
  readonly startupVariables: readonly string[]
}

/** What the catalogue answers for a name that nothing here can serve. */
export type UnavailableRuntime = {
  readonly name: string
  /** what to do, one sentence: `Run "lair runtimes install nodejs22.x"` */
  readonly remedy: string
}

export type Catalogue = {
  /** Is `name` a runtime of Lambda at all (an enum value, deprecated ones included)? */
  isKnown(name: string): boolean
  /** The program for a name; rescans when something was installed. */
  find(name: string): Runtime | UnavailableRuntime
  /** every known name with its state, for `lair runtimes` and `lair doctor` */
  list(): readonly (Runtime | UnavailableRuntime)[]
}
