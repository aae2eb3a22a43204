import assert from 'node:assert/strict'
import { test } from 'node:test'
import { free, giveBack, leaseOf, setUp } from '../../test/fleet/shells.ts'
import type { Shell } from '../../test/fleet/shells.ts'
import { versionOf } from '../../test/support/version.ts'
import { platformFailure } from '../environment/failure.ts'

const version = versionOf({ version: '1' })
const failure = platformFailure('Runtime.Unknown', 'no')

/** A fleet with so many environments of `version` ready. */
async function provisioned(count: number, limits: Parameters<typeof setUp>[0] = {}) {
  const all = setUp({ maxStartingCount: 100, ...limits })
  all.fleet.provision(version, count)
  for (const shell of all.made) await shell.endInit()
  return all
}

function take(fleet: Awaited<ReturnType<typeof provisioned>>['fleet'], limits = free) {
  const lease = fleet.lease(version, limits)
  assert.ok(!(lease instanceof Promise))
  ;(lease.environment as Shell).state = 'busy'
  return lease
}

test('provision() initialises ahead, no more at once than may start', async () => {
  const { fleet, made, clock } = setUp({ maxStartingCount: 2 })
  assert.equal(fleet.provisioned(version.arn), undefined)
  fleet.provision(version, 3)
  assert.equal(made.length, 2)
  assert.deepEqual(fleet.provisioned(version.arn), { allocatedCount: 0, status: 'IN_PROGRESS' })
  await made[0]?.endInit()
  assert.equal(made.length, 3)
  clock.advance(100)
  for (const shell of made) await shell.endInit()
  assert.deepEqual(fleet.provisioned(version.arn), { allocatedCount: 3, status: 'READY' })
  assert.ok(made.every(({ type }) => type === 'provisioned-concurrency'))
})

test('provisioned environments are taken first and are not cold; the next is on demand', async () => {
  const { fleet, made } = await provisioned(2)
  const leases = [take(fleet), take(fleet)]
  assert.ok(leases.every(({ isCold }) => !isCold))
  const third = await leaseOf(fleet, version)
  assert.equal(third.isCold, true)
  assert.deepEqual(
    made.map(({ type }) => type),
    ['provisioned-concurrency', 'provisioned-concurrency', undefined],
  )
  giveBack(third)
  for (const lease of leases) giveBack(lease)
  assert.equal((take(fleet).environment as Shell).type, 'provisioned-concurrency')
})

test('provisioned environments take no concurrency of others, and are part of the reservation', async () => {
  const { fleet } = await provisioned(2)
  take(fleet, { unreservedConcurrency: 0 })
  take(fleet, { unreservedConcurrency: 0 })
  assert.throws(() => fleet.lease(version, { unreservedConcurrency: 0 }), { status: 429 })
  const reserved = { reservedConcurrency: 3, unreservedConcurrency: 0 }
  await fleet.lease(version, reserved)
  assert.throws(() => fleet.lease(version, reserved), {
    fields: {
      Type: 'User',
      Reason: 'ReservedFunctionConcurrentInvocationLimitExceeded',
      retryAfterSeconds: '1',
    },
  })
})

test('one that waits for a start takes a provisioned environment that becomes free', async () => {
  const { fleet, made } = await provisioned(1, { maxEnvironmentCount: 1 })
  const lease = take(fleet)
  const waiting = fleet.lease(version, { unreservedConcurrency: 1 })
  giveBack(lease)
  assert.equal((await waiting).environment, made[0])
  assert.ok(fleet.lease(versionOf(), { unreservedConcurrency: 1 }) instanceof Promise)
})

test('a full fleet makes room for what is provisioned, but not by stopping what is', async () => {
  const { fleet, made } = setUp({ maxStartingCount: 100, maxEnvironmentCount: 2 })
  for (const functionName of ['a', 'b']) giveBack(await leaseOf(fleet, versionOf({ functionName })))
  fleet.provision(version, 3)
  assert.deepEqual(
    made.map(({ stopCount, type }) => [stopCount, type]),
    [
      [1, undefined],
      [1, undefined],
      [0, 'provisioned-concurrency'],
      [0, 'provisioned-concurrency'],
    ],
  )
  assert.equal(fleet.counts().environmentCount, 2)
})

test('provisioned environments are frozen when idle, but never stopped for it', async () => {
  const { fleet, made, clock } = await provisioned(1, { idleMs: 15_000 })
  clock.advance(120_000)
  assert.deepEqual([made[0]?.freezeCount, made[0]?.stopCount], [1, 0])
  assert.equal(fleet.counts().idleCount, 1)
})

test('one that dies is replaced', async () => {
  const { fleet, made, clock } = await provisioned(1)
  const [first] = made
  assert.ok(first)
  first.state = 'gone'
  clock.advance(10_000)
  assert.equal(made.length, 2)
  assert.deepEqual(fleet.provisioned(version.arn), { allocatedCount: 0, status: 'IN_PROGRESS' })
  await made[1]?.endInit()
  const lease = take(fleet)
  ;(lease.environment as Shell).state = 'gone'
  lease.release()
  assert.equal(made.length, 3)
})

test('inits that fail three times in a row fail the provision, which is tried again later', async () => {
  const { fleet, made, clock } = setUp({ maxStartingCount: 100 })
  fleet.provision(version, 1)
  for (let count = 0; count < 3; count++) await made[count]?.endInit(failure)
  assert.equal(made.length, 3)
  assert.deepEqual(fleet.provisioned(version.arn), { allocatedCount: 0, status: 'FAILED' })
  clock.advance(59_000)
  assert.equal(made.length, 3)
  clock.advance(11_000)
  await made[3]?.endInit()
  assert.deepEqual(fleet.provisioned(version.arn), { allocatedCount: 1, status: 'READY' })
})

test('a launch that throws fails the provision', () => {
  const { fleet, made } = setUp({ maxStartingCount: 100 }, () => {
    throw new Error('no such runtime')
  })
  fleet.provision(version, 5)
  assert.equal(made.length, 0)
  assert.equal(fleet.provisioned(version.arn)?.status, 'FAILED')
})

test('a smaller number stops idle ones now and busy ones after their run', async () => {
  const { fleet, made } = await provisioned(3)
  const busy = take(fleet)
  fleet.provision(version, 2)
  assert.deepEqual(fleet.provisioned(version.arn), { allocatedCount: 2, status: 'READY' })
  assert.equal(made.filter(({ stopCount }) => stopCount > 0).length, 1)
  fleet.provision(version, 0)
  assert.equal(fleet.provisioned(version.arn), undefined)
  assert.equal(made.filter(({ stopCount }) => stopCount > 0).length, 2)
  giveBack(busy)
  assert.equal(made.filter(({ stopCount }) => stopCount > 0).length, 3)
  assert.equal(fleet.counts().environmentCount, 0)
})

test('retire() and close() stop provisioned environments, those that start included', async () => {
  const { fleet, made } = setUp({ maxStartingCount: 100 })
  fleet.provision(version, 2)
  await made[0]?.endInit()
  await fleet.retire(version.arn)
  assert.ok(made.every(({ stopCount }) => stopCount === 1))
  fleet.provision(version, 2)
  await fleet.close({ drainMs: 1000 })
  assert.ok(made.every(({ stopCount }) => stopCount === 1))
  assert.equal(made.length, 4)
})
