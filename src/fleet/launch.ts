/**
 * Makes execution environments: the program from the catalogue, a waiting bootstrap from the warm pool when one fits, credentials
 * of the function's role, and the way of its lines into the log. The fleet calls it for each start.
 */
import { fleetLimits } from '../config.ts'
import { ConcurrentEnvironment } from '../environment/concurrent/concurrent-environment.ts'
import { canBePrepared } from '../environment/entrypoint.ts'
import { createEnvironment } from '../environment/environment.ts'
import type { DebugSeat } from '../environment/debug-door.ts'
import type { EnvironmentOptions } from '../environment/options.ts'
import type { OnStartPart } from '../environment/start-trace.ts'
import type { Credentials, SessionCredential } from '../gateway/credentials.ts'
import type { Clock } from '../lib/clock.ts'
import { invalidRuntime } from '../lib/errors/lambda.ts'
import type { Ids } from '../lib/ids.ts'
import type { FunctionVersion } from '../model.ts'
import type { Logs } from '../observe/logs.ts'
import type { Catalogue, Runtime } from '../runtimes/runtime.ts'
import type { Driver } from '../sandbox/driver.ts'
import type { Launch } from './fleet-options.ts'
import { Inspection } from './inspection.ts'
import { SharedEnvironments } from './shared-environments.ts'
import type { WarmPool } from './warm-pool.ts'

export type LauncherOptions = {
  readonly driver: Driver
  readonly catalogue: Catalogue
  readonly warmPool: WarmPool
  readonly logs: Pick<Logs, 'append'>
  readonly clock: Clock
  readonly ids: Ids
  /** whose session credentials functions get; absent: they get none */
  readonly credentials?: Credentials
  /** where functions reach this server's services; asked for at each start, since the port is known late */
  readonly endpointUrl?: () => string | undefined
  /** which functions are debugged; absent: none */
  readonly inspection?: Inspection | undefined
  /** told which part of each starting environment is ready when */
  readonly onPart?: (
    version: FunctionVersion,
    environmentId: string,
    ...part: Parameters<OnStartPart>
  ) => void
}

export type Launcher = Launch & {
  /** Nothing is launched any more of a version, or of all versions of a function, as they were. */
  retire(arn: string): void
}

/** Make the fleet's way to new environments.
 *  @throws AwsError InvalidRuntimeException (502), with what to do, when nothing here runs the version's runtime */
export function createLauncher(options: LauncherOptions): Launcher {
  const shared = new SharedEnvironments(
    (version, onGone) => new ConcurrentEnvironment(optionsFor(options, version), onGone),
  )
  const launch: Launch = (version, type) => {
    if (version.maxConcurrency !== undefined) return shared.open(version)
    const seat = options.inspection?.takeSeat(version)
    const environment = createEnvironment({
      ...optionsFor(options, version, seat),
      ...(type !== undefined && { initializationType: type }),
    })
    if (seat !== undefined) options.inspection?.noteSeated(environment)
    return environment
  }
  return Object.assign(launch, { retire: (arn: string) => shared.retire(arn) })
}

function optionsFor(
  options: LauncherOptions,
  version: FunctionVersion,
  seat?: DebugSeat,
): EnvironmentOptions {
  const runtime = findRuntime(options.catalogue, version.runtime)
  const { driver, clock, ids, credentials, onPart } = options
  return {
    version,
    runtime,
    driver,
    clock: seat?.clock ?? clock,
    ids,
    initializationType: version.isSnapStart === true ? 'snap-start' : 'on-demand',
    prepared: canBePrepared(version, runtime) ? options.warmPool.take(runtime) : undefined,
    lines: (message, timestampMs, logStream) => {
      if (seat !== undefined && Inspection.isChatter(message)) return
      options.logs.append(version, version.logGroup, logStream, { timestampMs, message })
    },
    endpointUrl: options.endpointUrl?.(),
    credentials: credentials && (() => sessionOf(credentials, version)),
    ...(seat !== undefined && { inspectPort: seat.port, isFreezable: false }),
    ...(onPart && { onPart: (...part) => onPart(version, ...part) }),
  }
}

function findRuntime(catalogue: Catalogue, name: string): Runtime {
  const runtime = catalogue.find(name)
  if ('remedy' in runtime) {
    throw invalidRuntime(`The runtime ${name} is not available here. ${runtime.remedy}`)
  }
  return runtime
}

/** The session is named as AWS names it: after the function. */
function sessionOf(credentials: Credentials, version: FunctionVersion): SessionCredential {
  return credentials.issueSession({
    accountId: version.accountId,
    roleArn: version.roleArn,
    sessionName: version.functionName,
    durationMs: fleetLimits.sessionMs,
  })
}
