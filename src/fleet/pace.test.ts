import assert from 'node:assert/strict'
import { test } from 'node:test'
import { free, giveBack, leaseOf, setUp } from '../../test/fleet/shells.ts'
import { versionOf } from '../../test/support/version.ts'
import { fleetLimits } from '../config.ts'
import { Pace } from './pace.ts'

test('where runs are quick, one waits a little for a busy environment before another is started', async () => {
  const { fleet, made, clock } = setUp()
  const version = versionOf()
  const first = await leaseOf(fleet, version)
  clock.advance(1)
  giveBack(first)
  const busy = fleet.lease(version, free)
  assert.ok(!(busy instanceof Promise))
  const patient = fleet.lease(version, free)
  clock.advance(4)
  giveBack(busy)
  const passedOn = await patient
  assert.equal(passedOn.environment, first.environment)
  const other = fleet.lease(version, free)
  clock.advance(19)
  assert.equal(made.length, 1)
  clock.advance(1)
  assert.notEqual((await other).environment, first.environment)
  assert.equal(made.length, 2)
})

/** Clients that each repeat one invocation, on a machine that gets so many runs done per ms.
 *  @returns share of the last second that was crowded */
function load(clientCount: number, runMs: number, rateOf: (runningCount: number) => number) {
  const fewCount = 2
  const pace = new Pace(fewCount)
  let runningCount = clientCount
  let crowdedMs = 0
  let done = 0
  const durationMs = 20_000
  for (let nowMs = 0; nowMs < durationMs; nowMs += 1) {
    const crowd = {
      memberCount: clientCount,
      idle: Array.from({ length: clientCount - runningCount }),
      waiting: { size: clientCount - runningCount },
      settlingCount: 0,
      expectingCount: 0,
    }
    const isCrowded = pace.isCrowded(crowd)
    for (done += rateOf(runningCount); done >= 1; done -= 1) pace.note(runMs, crowd, nowMs)
    runningCount = isCrowded ? fewCount : clientCount
    if (isCrowded && nowMs >= durationMs - 1000) crowdedMs += 1
  }
  return crowdedMs / 1000
}

test('tiny runs that fight for the cores go few at once; those that only wait go all at once', () => {
  const fighting = load(32, 0.1, (runningCount) => (runningCount > 2 ? 10 : 16))
  assert.ok(fighting > 0.9, `crowded for ${fighting} of the time`)
  const waiting = load(32, 0.9, (runningCount) => runningCount / 0.9)
  assert.ok(waiting < 0.1, `crowded for ${waiting} of the time`)
})

test('runs that are not tiny are never held back', () => {
  assert.equal(
    load(32, 2, (runningCount) => (runningCount > 2 ? 1 : 2)),
    0,
  )
})

test('few clients are never held back', () => {
  assert.equal(
    load(2, 0.1, () => 10),
    0,
  )
})

test('who is held back takes an idle environment after a moment', async () => {
  const { fleet, made, clock } = setUp({ fewRunCount: 1, maxStartingCount: 3 })
  const version = versionOf()
  const three = await Promise.all([1, 2, 3].map(() => leaseOf(fleet, version)))
  for (const lease of three) giveBack(lease)
  const runOne = () => {
    const leases = [1, 2, 3].map(() => fleet.lease(version, free))
    for (const lease of leases) if (!(lease instanceof Promise)) giveBack(lease)
    return leases
  }
  // All at once gets nothing done for a while, few at once does: the trial is won.
  for (let turn = 0; fleet.counts().waitingCount === 0; turn += 1) {
    assert.ok(turn < 10_000, 'a trial began')
    clock.advance(1)
    runOne()
  }
  const waitingCount = fleet.counts().waitingCount
  clock.advance(fleetLimits.crowdWaitMs)
  await Promise.resolve()
  assert.ok(fleet.counts().waitingCount < waitingCount)
  assert.equal(made.length, 3)
})
