/** What a fleet is made with, asked for and tells. */
import { availableParallelism } from 'node:os'
import { fleetLimits, limits } from '../config.ts'
import type { ExecutionEnvironment } from '../environment/contract.ts'
import type { Clock } from '../lib/clock.ts'
import type { FunctionVersion } from '../model.ts'
import type { InitializationType } from '../observe/platform-events.ts'
import type { ConcurrencyLimits } from './concurrency.ts'
import type { PlanLimits } from './plan.ts'

/** Make an environment whose init begins at once.
 *  @param type  `on-demand` when absent
 *  @throws AwsError when its runtime cannot be had */
export type Launch = (version: FunctionVersion, type?: InitializationType) => ExecutionEnvironment

export type FleetLimits = PlanLimits & {
  /** tiny runs of one version at once, before further ones wait a moment */
  readonly fewRunCount: number
}

export type FleetOptions = {
  readonly clock: Clock
  readonly launch: Launch
  readonly limits?: Partial<FleetLimits>
  /** true while more wants to run than the cores can take; never when absent */
  readonly isMachineBusy?: (() => boolean) | undefined
  /** false lets idle environments run on between invocations; true when absent */
  readonly isFreezing?: boolean | undefined
}

export type LeaseRequest = ConcurrencyLimits & {
  /** aborts the wait; the lease is then never granted */
  readonly signal?: AbortSignal | undefined
}

export type FleetCounts = {
  readonly environmentCount: number
  readonly idleCount: number
  readonly startingCount: number
  readonly waitingCount: number
}

/** The limits of this machine, where no others are given. */
export function withDefaults(given: FleetOptions['limits']): FleetLimits {
  return {
    maxEnvironmentCount: limits.maxEnvironmentCount,
    maxStartingCount: Math.max(4, availableParallelism() * fleetLimits.startsPerCore),
    fewRunCount: Math.max(2, availableParallelism() * fleetLimits.tinyRunsPerCore),
    idleMs: limits.idleEnvironmentMs,
    maxHandoverRunMs: fleetLimits.maxHandoverRunMs,
    ...given,
  }
}
