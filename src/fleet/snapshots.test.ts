import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setUp } from '../../test/fleet/shells.ts'
import { versionOf } from '../../test/support/version.ts'
import { fleetLimits } from '../config.ts'
import { platformFailure } from '../environment/failure.ts'
import { Snapshots } from './snapshots.ts'

const broken = platformFailure('Runtime.ExitError', 'no')

function open(maxCount?: number) {
  const { clock, made, launch } = setUp()
  const snapshots = new Snapshots({ clock, launch, ...(maxCount !== undefined && { maxCount }) })
  return { clock, made, snapshots }
}

test('create() keeps an environment, frozen, once its init has ended', async () => {
  const { made, snapshots } = open()
  const created = snapshots.create(versionOf())
  await made[0]?.endInit()
  assert.equal(await created, 'ready')
  assert.equal(made[0]?.state, 'frozen')
  assert.equal(snapshots.count, 1)
})

test('create() keeps nothing of an init that failed, and tells all who asked', async () => {
  const { made, snapshots, clock } = open()
  const both = [snapshots.create(versionOf()), snapshots.create(versionOf())]
  assert.equal(made.length, 1)
  await made[0]?.endInit(broken)
  assert.deepEqual(await Promise.all(both), ['failed', 'failed'])
  assert.equal(snapshots.count, 0)
  assert.equal(clock.timerCount, 0)
})

test('take() gives each out once, and another is made after a quiet moment', async () => {
  const { made, snapshots, clock } = open()
  const created = snapshots.create(versionOf())
  await made[0]?.endInit()
  await created
  assert.equal(snapshots.take(versionOf()), made[0])
  assert.equal(snapshots.take(versionOf()), undefined)
  clock.advance(fleetLimits.refillQuietMs - 1)
  assert.equal(made.length, 1)
  clock.advance(1)
  assert.equal(made.length, 2)
  assert.equal(snapshots.take(versionOf()), made[1], 'one on its way is as good')
})

test('take() gives out nothing that has died', async () => {
  const { made, snapshots } = open()
  const created = snapshots.create(versionOf())
  await made[0]?.endInit()
  await created
  if (made[0]) made[0].state = 'gone'
  assert.equal(snapshots.take(versionOf()), undefined)
})

test('a refill that fails is tried again after a while', async () => {
  const { made, snapshots, clock } = open()
  assert.equal(snapshots.take(versionOf()), undefined)
  clock.advance(fleetLimits.refillQuietMs)
  await made[0]?.endInit(broken)
  await new Promise(setImmediate)
  clock.advance(fleetLimits.refillBackoffMs - 1)
  assert.equal(made.length, 1)
  clock.advance(1)
  assert.equal(made.length, 2)
})

test('another revision stops what was kept of the one before', async () => {
  const { made, snapshots } = open()
  const created = snapshots.create(versionOf())
  await made[0]?.endInit()
  await created
  assert.equal(snapshots.take(versionOf({ revisionId: 'second' })), undefined)
  assert.equal(made[0]?.stopCount, 1)
})

test('no more than the limit are kept: the one that was used longest ago goes, and is no failure', async () => {
  const { made, snapshots } = open(2)
  const names = ['a', 'b', 'c']
  const created = names.map((functionName) => snapshots.create(versionOf({ functionName })))
  assert.equal(made[0]?.stopCount, 1)
  for (const shell of made) await shell.endInit(shell === made[0] ? broken : undefined)
  assert.deepEqual(await Promise.all(created), ['ready', 'ready', 'ready'])
  assert.equal(snapshots.count, 2)
})

test('retire() stops those of a function; close() all, without a word about their inits', async () => {
  const { made, snapshots, clock } = open()
  const first = versionOf({ version: '1' })
  const created = snapshots.create(first)
  await made[0]?.endInit()
  await created
  await snapshots.retire(first.arn.slice(0, -2))
  assert.deepEqual([made[0]?.stopCount, snapshots.count], [1, 0])
  const unfinished = snapshots.create(versionOf({ version: '2' }))
  const closing = snapshots.close()
  await made[1]?.endInit(broken)
  await closing
  assert.equal(await unfinished, 'closed')
  assert.equal(made[1]?.stopCount, 1)
  snapshots.take(versionOf({ version: '3' }))
  assert.equal(clock.timerCount, 0)
})
