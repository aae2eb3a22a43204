import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createVirtualClock } from '../../test/support/virtual-clock.ts'
import { fleetLimits } from '../config.ts'
import { withDefaults } from './fleet-options.ts'
import type { Member } from './member.ts'
import { Roster } from './roster.ts'

/** A roster with one environment that starts. */
function setUp(machine: { isBusy: boolean }) {
  const clock = createVirtualClock()
  const options = { clock, launch: () => assert.fail(), isMachineBusy: () => machine.isBusy }
  const roster = new Roster(options, withDefaults(undefined))
  const member = { startTimer: undefined } as Member
  roster.add(member, () => roster.endStart(member))
  return { clock, roster, member }
}

test('a slow start makes room for the next', () => {
  const { clock, roster } = setUp({ isBusy: false })
  assert.equal(roster.startingCount, 1)
  clock.advance(fleetLimits.startSlotMs)
  assert.equal(roster.startingCount, 0)
})

test('while the machine is busy a slow start makes room after a second', () => {
  const { clock, roster } = setUp({ isBusy: true })
  clock.advance(fleetLimits.maxStartSlotMs - 1)
  assert.equal(roster.startingCount, 1)
  clock.advance(1)
  assert.equal(roster.startingCount, 0)
})

test('a slow start makes room as soon as the machine is busy no more', () => {
  const machine = { isBusy: true }
  const { clock, roster } = setUp(machine)
  clock.advance(2 * fleetLimits.startSlotMs)
  machine.isBusy = false
  clock.advance(fleetLimits.startSlotMs)
  assert.equal(roster.startingCount, 0)
})

test('what has begun counts among the starts no more, once', () => {
  const { clock, roster, member } = setUp({ isBusy: true })
  assert.ok(roster.endStart(member))
  assert.ok(!roster.endStart(member))
  clock.advance(fleetLimits.maxStartSlotMs)
  assert.equal(roster.startingCount, 0)
})
