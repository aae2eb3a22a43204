import assert from 'node:assert/strict'
import { test } from 'node:test'
import { free, giveBack, leaseOf, setUp } from '../../test/fleet/shells.ts'
import { createVirtualClock } from '../../test/support/virtual-clock.ts'
import { versionOf } from '../../test/support/version.ts'
import { Fleet } from './fleet.ts'
import type { Shell } from '../../test/fleet/shells.ts'

test('what was idle for a moment is frozen, once; what is asked again sooner never is', async () => {
  const { fleet, made, clock } = setUp()
  const version = versionOf()
  let lease = await leaseOf(fleet, version)
  for (let count = 0; count < 50; count++) {
    clock.advance(3)
    giveBack(lease)
    clock.advance(9)
    const next = fleet.lease(version, free)
    assert.ok(!(next instanceof Promise))
    lease = next
    ;(lease.environment as Shell).state = 'busy'
  }
  assert.equal(made[0]?.freezeCount, 0)
  giveBack(lease)
  clock.advance(20)
  assert.equal(made[0].freezeCount, 1)
  clock.advance(1000)
  assert.equal(made[0].freezeCount, 1)
})

test('of several environments those that rest are frozen while another works', async () => {
  const { fleet, made, clock } = setUp()
  const version = versionOf()
  const leases = [await leaseOf(fleet, version), await leaseOf(fleet, version)]
  for (const lease of leases) giveBack(lease)
  for (let count = 0; count < 5; count++) {
    const lease = fleet.lease(version, free)
    assert.ok(!(lease instanceof Promise))
    ;(lease.environment as Shell).state = 'busy'
    clock.advance(5)
    giveBack(lease)
    clock.advance(2)
  }
  assert.deepEqual(
    made.map(({ freezeCount }) => freezeCount),
    [1, 0],
  )
})

test('nothing is frozen where that is switched off', async () => {
  const clock = createVirtualClock()
  const { made, launch } = setUp()
  const fleet = new Fleet({ clock, launch, isFreezing: false })
  giveBack(await leaseOf(fleet, versionOf()))
  clock.advance(1000)
  assert.equal(made[0]?.freezeCount, 0)
})
