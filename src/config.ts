/**
 * The limits of Lair that an operator should know or that rooms share: sizes, counts, budgets and deadlines. Values of AWS name
 * their source. A bound that one file alone needs (the depth of a parser, the step of a loop) is a constant of that file.
 */

const KIB = 1024
const MIB = 1024 * KIB

/** Lambda's own quotas. source: AWS Lambda dev guide "Lambda quotas"; Runtime Interface Emulator. */
export const lambdaLimits = {
  /** synchronous request and response payload, with AWS's slack of 100 bytes */
  maxPayloadBytes: 6 * MIB + 100,
  /** the figure AWS's error texts name */
  nominalPayloadBytes: 6 * MIB,
  /** streamed response; 20 MB before mid-2025 */
  maxStreamedBytes: 200 * MIB,
  /** asynchronous payload; raised from 256 KB in October 2025 */
  maxAsyncPayloadBytes: 1 * MIB,
  maxClientContextBytes: 3583,
  maxZippedBytes: 50 * MIB,
  maxUnzippedBytes: 262_144_000,
  maxLayerCount: 5,
  /** zips of all versions and layers of an account in a region */
  maxTotalCodeBytes: 75 * 1024 * MIB,
  /** resource policy of a function, version, alias or layer version */
  maxPolicyBytes: 20 * KIB,
  maxEnvironmentBytes: 4 * KIB,
  /** request body of CreateFunction */
  maxCreateBodyBytes: 70_167_211,
  maxConcurrentExecutions: 1000,
  minUnreservedConcurrency: 100,
  /** new environments of one function */
  maxStartsPer10s: 1000,
  initTimeoutMs: 10_000,
  /** init of environments that are initialised ahead; the function's own timeout if that is longer */
  aheadInitTimeoutMs: 130_000,
  /** what follows a restore from a snapshot */
  restoreTimeoutMs: 10_000,
  /** a function is entered so often in one chain of requests before it is stopped */
  maxLoopCount: 16,
  /** external and internal together */
  maxExtensionCount: 10,
  tailBytes: 4096,
} as const

/** What an environment with extensions has to end, and how much of it is the runtime's; without extensions nobody is told.
 *  source: AWS Lambda dev guide "Understanding the Lambda execution environment lifecycle", Shutdown phase */
export const shutdownBudgets = {
  internal: { totalMs: 500, runtimeMs: 300 },
  external: { totalMs: 2000, runtimeMs: 500 },
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
  /** packages that nothing refers to are removed this long after the start */
  collectAfterMs: 30_000,
  /** snapshots of versions that an earlier server left Pending are made this long after the start */
  resumeSnapshotsAfterMs: 500,
  /** generic bootstraps kept ready per runtime */
  warmPoolSize: 2,
  /** between SIGTERM and SIGKILL when the server stops */
  drainMs: 10_000,
  maxLogLineBytes: 256 * KIB,
  memorySampleMs: 100,
  /** programs started in one sandbox: a runtime and its extensions */
  maxProgramCount: 16,
  /** synchronous invocations that wait for an environment to start */
  maxWaitingCount: 10_000,
} as const

/** How the fleet starts, hands over and stops environments. */
export const fleetLimits = {
  /** environments that may be starting at once, per core: more would only thrash */
  startsPerCore: 4,
  /** a start that takes longer than this (a slow init that waits for something) makes room for the next */
  startSlotMs: 100,
  /** on a machine that is busy it makes room after this only */
  maxStartSlotMs: 1000,
  /** an invocation that waits for its own environment takes one that became free when the last run there was shorter */
  maxHandoverRunMs: 250,
  /** an invocation that comes right behind another's answer waits this long for its environment before one is started:
   *  runtimes ask for the next event a moment after they answered */
  settleMs: 100,
  /** where the last run was shorter than this, an invocation waits `quickWaitMs` for a busy environment before one is started:
   *  waiting for a few short runs is sooner over than a start, and leaves the machine to those that run */
  maxQuickRunMs: 5,
  quickWaitMs: 20,
  /** of a function with runs shorter than `maxTinyRunMs`, so many may run at once per core before a further invocation waits
   *  `crowdWaitMs` for one of them rather than take an idle environment, as long as they are measured to be done sooner so:
   *  processes that only fight for the cores are slower */
  tinyRunsPerCore: 2,
  maxTinyRunMs: 1,
  crowdWaitMs: 20,
  /** what gets more runs done is tried out for a moment, then kept for a period */
  paceTrialMs: 20,
  minPacePeriodMs: 500,
  maxPacePeriodMs: 8000,
  /** an invocation waits this long for an environment, then it is throttled */
  leaseWaitMs: 60_000,
  /** provisioned concurrency has failed after so many inits that failed in a row, and is tried again after a while */
  maxProvisionFailureCount: 3,
  provisionRetryMs: 60_000,
  /** idle environments that belong to a tenant, all tenants together */
  maxIdleTenantCount: 256,
  /** an environment is replaced after this, however busy: its credentials end some time later */
  maxAgeMs: 6 * 60 * 60_000,
  sessionMs: 12 * 60 * 60_000,
  /** an environment that was idle for so long is frozen; one that is asked again sooner never is */
  freezeAfterMs: 10,
  /** how often idle environments are looked through */
  sweepMs: 10_000,
  /** the warm pool is refilled when no environment was started for this long */
  refillQuietMs: 250,
  /** between two generic bootstraps of one refill */
  refillIntervalMs: 50,
  /** versions that an initialised environment is kept for, to be restored (SnapStart) */
  maxSnapshotCount: 64,
  /** a generic bootstrap that keeps dying is not tried again before this has passed */
  refillBackoffMs: 30_000,
} as const

/** Streamed responses. */
export const streamLimits = {
  /** of one response on its way, beside what sockets hold: the runtime waits when there is more */
  bufferBytes: 256 * KIB,
  /** AWS's bandwidth rule, off unless asked for: a first part at full speed, then a steady rate.
   *  source: AWS Lambda dev guide "Response streaming", bandwidth limits; Runtime Interface Emulator, token bucket */
  burstBytes: 6 * MIB,
  bytesPerSecond: 2 * MIB,
  refillMs: 125,
  /** status, headers and cookies in front of a streamed HTTP response */
  maxPreludeBytes: 128 * KIB,
} as const

/** Asynchronous invocation. source: AWS Lambda dev guide "How Lambda handles errors and retries with asynchronous invocation" */
export const eventLimits = {
  /** events that run at once, all functions together */
  maxConcurrency: 200,
  /** events of one function that run at once at first */
  startConcurrency: 8,
  /** twice as many run after this, when there are more and the last step made runs more frequent by `minRampGain` */
  rampMs: 1000,
  minRampGain: 1.2,
  /** wait after a step that brought nothing */
  rampHoldMs: 15_000,
  /** bytes of events in memory */
  maxBytes: 64 * MIB,
  /** events of one function that are taken at one turn */
  batchCount: 10,
  /** longest that one attempt can take: 15 minutes, and waiting and init before */
  leaseMs: 30 * 60_000,
  /** waits before the second and the third attempt */
  retryDelaysMs: [60_000, 120_000],
  minThrottleDelayMs: 1000,
  maxThrottleDelayMs: 5 * 60_000,
  maxAgeMs: 6 * 60 * 60_000,
} as const

/** Debuggers of functions. */
export const debugLimits = {
  /** debuggers, and what looks for something to debug, of one function */
  maxConnectionCount: 32,
  /** ports kept free for environments to come, per function */
  reservedPortCount: 2,
  /** a debugger waits this long for a process to listen */
  reachMs: 10_000,
  retryMs: 20,
} as const

export const defaults = {
  host: '127.0.0.1',
  port: 4566,
  region: 'us-east-1',
  accountId: '000000000000',
} as const

/** The store's own limits (store/). */
export const storeLimits = {
  maxKeyBytes: 1024,
  maxValueBytes: 8 * MIB,
  /** body of a queued message, attributes apart */
  maxMessageBytes: 8 * MIB,
  maxListCount: 1000,
  /** changes of one transaction */
  maxTransactionCount: 1000,
  /** messages of one take */
  maxTakeCount: 1000,
  /** bodies of one take; the message that passes it is the last */
  maxTakeBytes: 64 * MIB,
  /** a transaction is committed early when it holds this many writes */
  maxBatchCount: 1000,
  /** writes that wait for the disk; one more is refused */
  maxPendingCount: 100_000,
  /** the write-ahead log is copied back into the database at this size, and cut to it */
  walBytes: 4 * MIB,
  /** blobs are hashed and written in pieces of this size, so that the event loop stays free */
  blobChunkBytes: 1 * MIB,
} as const

/** The log store's own limits (observe/). */
export const logLimits = {
  /** an appended event is on file after at most this long */
  flushMs: 100,
  /** the same while somebody follows */
  followedFlushMs: 10,
  /** wait after a flush that failed */
  retryMs: 1000,
  /** buffered events beyond this are dropped and counted */
  maxBufferedBytes: 32 * MIB,
  /** the oldest events of a group are dropped beyond this */
  maxGroupBytes: 64 * MIB,
  /** a group beyond maxGroupBytes is cut to this share of it, so that cutting is rare */
  keptShare: 0.9,
  maxReadCount: 10_000,
  /** events are kept in pages of at most this; an event larger than a page has its own */
  pageEventCount: 500,
  pageBytes: 128 * KIB,
  /** one flush writes at most this in one turn of the event loop */
  sliceEventCount: 1000,
  sliceBytes: 256 * KIB,
} as const

/** The gateway's own limits (gateway/). */
export const gatewayLimits = {
  /** head of a request, read before anybody knows who sends it; AWS's own front ends take less */
  maxHeaderBytes: 128 * KIB,
  /** bodies that are on their way from callers not proven yet, all connections together */
  maxUnprovenBytes: 1024 * MIB,
  /** heads longer than this leave the fast lane */
  maxFastHeadBytes: 64 * KIB,
  /** a head that comes in more pieces than this leaves the fast lane */
  maxFastHeadPieces: 8,
  /** bytes of further requests kept while one is answered; beyond it the socket is not read */
  maxPipelinedBytes: 64 * KIB,
  /** requests of one connection that wait for an earlier one on it */
  maxPipelinedCount: 64,
  /** a client that does not take its response is let go */
  responseTimeoutMs: 60_000,
  /** how often deadlines of connections are looked at */
  sweepMs: 1000,
  maxSigningKeyCount: 1000,
  /** session tokens whose seal was opened, kept open */
  maxOpenTokenCount: 1000,
  maxSessionTokenBytes: 4 * KIB,
  /** a signed chunk is withheld until it is checked */
  maxSignedChunkBytes: 16 * MIB,
  /** longest life of a local presigned URL */
  maxPresignMs: 24 * 60 * 60_000,
} as const

/** What subscribers of the Telemetry and Logs APIs cost at most (environment/telemetry/). Buffers are those of AWS; the rest is Lair's. */
export const telemetryLimits = {
  /** body of a subscription */
  maxRequestBytes: 64 * KIB,
  /** subscriptions of an environment's extensions, changed ones included: each is told all that happened before it */
  maxSubscriptionCount: 32,
  /** records of an environment that may still get a subscriber; the newest are dropped and counted */
  maxHistoryCount: 10_000,
  maxHistoryBytes: 2 * MIB,
  /** records that wait for one subscriber; the newest are dropped and counted */
  maxPendingCount: 40_000,
  maxPendingBytes: 4 * MIB,
  /** a batch that was not taken after so many attempts is dropped and counted */
  maxAttemptCount: 4,
  retryDelayMs: 100,
  /** a subscriber that does not answer */
  attemptMs: 3000,
  /** of the budget of a shutdown, to deliver what waits before extensions are told */
  flushMs: 300,
  /** source: AWS Lambda dev guide "Lambda Telemetry API reference", buffering */
  maxItems: { least: 1000, most: 10_000, usual: 10_000 },
  maxBytes: { least: 262_144, most: 1_048_576, usual: 262_144 },
  timeoutMs: { least: 25, most: 30_000, usual: 1000 },
} as const
