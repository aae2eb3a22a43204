import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setUp } from '../../test/fleet/shells.ts'
import { versionOf } from '../../test/support/version.ts'
import { StartAllowance } from './burst.ts'

function takeAll(allowance: StartAllowance, nowMs: number): number {
  let count = 0
  while (allowance.take(nowMs)) count++
  return count
}

test('StartAllowance gives 1,000 at once, then 100 a second, and saves none up', () => {
  const allowance = new StartAllowance()
  assert.equal(takeAll(allowance, 1_000_000), 1000)
  assert.equal(takeAll(allowance, 1_000_000), 0)
  assert.equal(takeAll(allowance, 1_000_100), 10)
  assert.equal(takeAll(allowance, 1_005_100), 500)
  assert.equal(takeAll(allowance, 2_000_000), 1000)
})

test('a function that grows too fast is throttled, another is not', async () => {
  const { fleet, clock } = setUp({ maxStartingCount: 5000, maxEnvironmentCount: 5000 })
  const limits = { unreservedConcurrency: 5000 }
  for (let count = 0; count < 1000; count++) await fleet.lease(versionOf(), limits)
  await assert.rejects(async () => await fleet.lease(versionOf(), limits), {
    status: 429,
    fields: { Type: 'User', Reason: 'ConcurrentInvocationLimitExceeded', retryAfterSeconds: '1' },
  })
  await fleet.lease(versionOf({ functionName: 'other' }), limits)
  clock.advance(10)
  await fleet.lease(versionOf(), limits)
})
