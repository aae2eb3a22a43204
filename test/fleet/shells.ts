/** Environments without processes, for tests of the fleet on a virtual clock: the fleet only looks at their state. */
import assert from 'node:assert/strict'
import type { EnvironmentState, ExecutionEnvironment } from '../../src/environment/contract.ts'
import type { Failure } from '../../src/environment/failure.ts'
import type { InitializationType } from '../../src/observe/platform-events.ts'
import { Fleet } from '../../src/fleet/fleet.ts'
import type { FleetOptions, Launch } from '../../src/fleet/fleet-options.ts'
import type { Lease } from '../../src/fleet/member.ts'
import type { FunctionVersion } from '../../src/model.ts'
import { createVirtualClock } from '../support/virtual-clock.ts'

/** An environment as far as the fleet knows one: it has a state and can be stopped. */
export type Shell = ExecutionEnvironment & {
  state: EnvironmentState
  stopCount: number
  freezeCount: number
  /** `on-demand` when absent */
  readonly type: InitializationType | undefined
  /** Its first init has ended. @returns when the fleet has heard of it */
  endInit(failure?: Failure): Promise<void>
}

/** nobody has a reservation */
export const free = { unreservedConcurrency: 1000 }

/** A fleet of shells on a virtual clock. */
export function setUp(limits: FleetOptions['limits'] = {}, otherLaunch?: Launch) {
  const clock = createVirtualClock()
  const made: Shell[] = []
  const launch: Launch = (version, type) => {
    const { promise, resolve } = Promise.withResolvers<{ durationMs: number; failure?: Failure }>()
    const shell: Shell = {
      id: `${version.functionName}-${made.length}`,
      version,
      state: 'starting',
      logStream: '',
      type,
      initialised: promise,
      endInit: async (failure) => {
        shell.state = failure === undefined ? 'ready' : 'gone'
        resolve(failure === undefined ? { durationMs: 1 } : { durationMs: 1, failure })
        await promise
        // The fleet waits for the same promise, one step further.
        await Promise.resolve()
      },
      stopCount: 0,
      freezeCount: 0,
      freeze: () => {
        shell.freezeCount++
        if (shell.state === 'ready') shell.state = 'frozen'
      },
      invoke: () => assert.fail('the fleet does not invoke'),
      emit: () => assert.fail('the fleet says nothing'),
      stop: async () => {
        shell.stopCount++
        shell.state = 'gone'
      },
    }
    made.push(shell)
    return shell
  }
  const fleet = new Fleet({
    clock,
    launch: otherLaunch ?? launch,
    limits: { maxStartingCount: 2, ...limits },
  })
  return { clock, made, fleet, launch }
}

/** Lease and see it through its start. */
export async function leaseOf(fleet: Fleet, version: FunctionVersion): Promise<Lease> {
  const lease = await fleet.lease(version, free)
  const shell = lease.environment as Shell
  shell.state = 'busy'
  lease.started()
  return lease
}

/** The run is over. */
export function giveBack(lease: Lease): void {
  ;(lease.environment as Shell).state = 'ready'
  lease.release()
}
