/** Environments without processes, for tests of the fleet on a virtual clock: the fleet only looks at their state. */
import assert from 'node:assert/strict'
import type { EnvironmentState, ExecutionEnvironment } from '../../src/environment/contract.ts'
import { Fleet } from '../../src/fleet/fleet.ts'
import type { FleetOptions } from '../../src/fleet/fleet.ts'
import type { Lease } from '../../src/fleet/member.ts'
import type { FunctionVersion } from '../../src/model.ts'
import { createVirtualClock } from '../support/virtual-clock.ts'

/** An environment as far as the fleet knows one: it has a state and can be stopped. */
export type Shell = ExecutionEnvironment & { state: EnvironmentState; stopCount: number }

/** nobody has a reservation */
export const free = { unreservedConcurrency: 1000 }

/** A fleet of shells on a virtual clock. */
export function setUp(limits: FleetOptions['limits'] = {}) {
  const clock = createVirtualClock()
  const made: Shell[] = []
  const launch = (version: FunctionVersion): ExecutionEnvironment => {
    const shell: Shell = {
      id: `${version.functionName}-${made.length}`,
      version,
      state: 'starting',
      logStream: '',
      idleSinceMs: 0,
      initialised: Promise.withResolvers<never>().promise,
      stopCount: 0,
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
  const fleet = new Fleet({ clock, launch, limits: { maxStartingCount: 2, ...limits } })
  return { clock, made, fleet }
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
