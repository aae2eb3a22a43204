/** Every limit of Lair, in one place: sizes, counts, budgets and deadlines. Values of AWS name their source. */

const KIB = 1024
const MIB = 1024 * KIB

/** Lambda's own quotas. source: AWS Lambda dev guide "Lambda quotas"; Runtime Interface Emulator. */
export const lambdaLimits = {
  /** synchronous request and response payload, with AWS's slack of 100 bytes */
  maxPayloadBytes: 6 * MIB + 100,
  /** the figure AWS's error texts name */
  nominalPayloadBytes: 6 * MIB,
  /** asynchronous payload; raised from 256 KB in October 2025 */
  maxAsyncPayloadBytes: 1 * MIB,
  maxClientContextBytes: 3583,
  maxZippedBytes: 50 * MIB,
  maxUnzippedBytes: 262_144_000,
  maxLayerCount: 5,
  maxEnvironmentBytes: 4 * KIB,
  /** request body of CreateFunction */
  maxCreateBodyBytes: 70_167_211,
  maxConcurrentExecutions: 1000,
  minUnreservedConcurrency: 100,
  initTimeoutMs: 10_000,
  tailBytes: 4096,
} as const

/** Lair's own limits. */
export const limits = {
  maxHeaderBytes: 1 * MIB + 64 * KIB,
  maxBodyBytes: 80 * MIB,
  /** a client that sends a request too slowly is let go */
  headerTimeoutMs: 15_000,
  requestTimeoutMs: 300_000,
  keepAliveTimeoutMs: 65_000,
  maxConnectionCount: 10_000,
  /** SigV4 clock skew, both directions */
  maxClockSkewMs: 5 * 60_000,
  /** idle environments are stopped after this long */
  idleEnvironmentMs: 10 * 60_000,
  maxEnvironmentCount: 1000,
  /** generic bootstraps kept ready per runtime */
  warmPoolSize: 2,
  /** between SIGTERM and SIGKILL when the server stops */
  drainMs: 10_000,
  maxLogLineBytes: 256 * KIB,
  memorySampleMs: 100,
  /** synchronous invocations that wait for an environment to start */
  maxWaitingCount: 10_000,
} as const

export const defaults = {
  host: '127.0.0.1',
  port: 4566,
  region: 'us-east-1',
  accountId: '000000000000',
} as const
