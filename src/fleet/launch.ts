/**
 * How the fleet makes an environment: the program the catalogue names, a generic bootstrap from the warm pool if one waits, the
 * function's credentials, and its lines into its log group.
 */
import { createEnvironment } from '../environment/environment.ts'
import type { FunctionCredentials } from '../environment/variables.ts'
import type { Credentials } from '../gateway/credentials.ts'
import type { Clock } from '../lib/clock.ts'
import { invalidRuntime } from '../lib/errors/lambda.ts'
import type { Ids } from '../lib/ids.ts'
import type { FunctionVersion } from '../model.ts'
import type { Logs } from '../observe/logs.ts'
import type { Catalogue } from '../runtimes/runtime.ts'
import type { Driver } from '../sandbox/driver.ts'
import type { Launch } from './fleet.ts'
import type { WarmPool } from './warm-pool.ts'

export type LauncherOptions = {
  readonly driver: Driver
  readonly catalogue: Catalogue
  readonly warmPool: WarmPool
  readonly logs: Pick<Logs, 'append'>
  readonly clock: Clock
  readonly ids: Ids
  /** who signs a function's own calls; absent where no server listens */
  readonly credentials?: Pick<Credentials, 'issueSession'>
  /** AWS_ENDPOINT_URL of functions; undefined where no server listens */
  readonly endpointUrl: () => string | undefined
}

/** As long as a role's session lasts on AWS at most. source: AWS STS API reference "AssumeRole" */
const sessionMs = 12 * 60 * 60_000

/** Make what starts environments for the fleet. */
export function createLauncher(options: LauncherOptions): Launch {
  const { driver, catalogue, warmPool, logs, clock, ids } = options
  return (version) => {
    const runtime = catalogue.find(version.runtime)
    if ('remedy' in runtime) {
      throw invalidRuntime(
        `The runtime ${version.runtime} is not on this machine. ${runtime.remedy}`,
      )
    }
    return createEnvironment({
      ...{ version, runtime, driver, clock, ids },
      prepared: warmPool.take(runtime),
      lines: (message, timestampMs, logStream) =>
        logs.append(version, version.logGroup, logStream, { timestampMs, message }),
      endpointUrl: options.endpointUrl(),
      credentials: sessionOf(version, options.credentials),
    })
  }
}

function sessionOf(
  version: FunctionVersion,
  credentials: LauncherOptions['credentials'],
): (() => FunctionCredentials) | undefined {
  if (!credentials) return undefined
  return () =>
    credentials.issueSession({
      accountId: version.accountId,
      roleArn: version.roleArn,
      sessionName: version.functionName,
      durationMs: sessionMs,
    })
}
