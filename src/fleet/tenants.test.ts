import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { free, giveBack, setUp } from '../../test/fleet/shells.ts'
import type { Shell } from '../../test/fleet/shells.ts'
import { versionOf } from '../../test/support/version.ts'
import { fleetLimits } from '../config.ts'

test('an environment serves one tenant only, whatever the order', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ tenant: fc.constantFrom('a', 'b', 'a b', ''), keeps: fc.boolean() }), {
        maxLength: 40,
      }),
      async (calls) => {
        const { fleet, clock } = setUp({ maxStartingCount: 100 })
        const owners = new Map<unknown, string>()
        const held = []
        for (const { tenant, keeps } of calls) {
          const leased = fleet.lease(versionOf(), free, tenant)
          clock.advance(100)
          const lease = await leased
          lease.started()
          assert.equal(owners.get(lease.environment) ?? tenant, tenant)
          owners.set(lease.environment, tenant)
          ;(lease.environment as Shell).state = 'busy'
          if (keeps) held.push(lease)
          else giveBack(lease)
        }
        for (const lease of held) giveBack(lease)
      },
    ),
    { numRuns: 100 },
  )
})

test('many tenants keep no more idle environments than the limit; the oldest go', async () => {
  const { fleet, made } = setUp({ maxStartingCount: 1000 })
  const count = fleetLimits.maxIdleTenantCount + 5
  for (let index = 0; index < count; index++) {
    const lease = await fleet.lease(versionOf(), free, `tenant-${index}`)
    lease.started()
    giveBack(lease)
  }
  assert.equal(fleet.counts().idleCount, fleetLimits.maxIdleTenantCount)
  assert.deepEqual(
    made.flatMap(({ stopCount }, index) => (stopCount > 0 ? [index] : [])),
    [0, 1, 2, 3, 4],
  )
})

test('retire() stops the environments of all tenants', async () => {
  const { fleet, made } = setUp()
  for (const tenant of ['a', 'b']) giveBack(await fleet.lease(versionOf(), free, tenant))
  await fleet.retire(versionOf().arn)
  assert.ok(made.every(({ stopCount }) => stopCount === 1))
  assert.equal(fleet.counts().environmentCount, 0)
})

test('a tenant’s environment serves one invocation at a time, whatever the function asks for', async () => {
  const { fleet, made } = setUp()
  await fleet.lease(versionOf({ maxConcurrency: 8 }), free, 'a')
  await fleet.lease(versionOf({ maxConcurrency: 8 }), free)
  assert.deepEqual(
    made.map(({ version }) => version.maxConcurrency),
    [undefined, 8],
  )
})
