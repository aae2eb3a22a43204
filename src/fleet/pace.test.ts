import assert from 'node:assert/strict'
import { test } from 'node:test'
import { free, giveBack, leaseOf, setUp } from '../../test/fleet/shells.ts'
import { versionOf } from '../../test/invoke/version.ts'
import { notePace, unknownPace } from './pace.ts'

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

test('of tiny runs only some go at once; one more takes an idle environment after a moment', async () => {
  const { fleet, made, clock } = setUp({ maxTinyRunCount: 1 })
  const version = versionOf()
  const both = await Promise.all([leaseOf(fleet, version), leaseOf(fleet, version)])
  for (const lease of both) giveBack(lease)
  const first = fleet.lease(version, free)
  assert.ok(!(first instanceof Promise))
  const passedOn = fleet.lease(version, free)
  giveBack(first)
  assert.equal((await passedOn).environment, first.environment)
  const idle = fleet.lease(version, free)
  clock.advance(4)
  assert.equal(fleet.counts().waitingCount, 1)
  clock.advance(1)
  assert.notEqual((await idle).environment, first.environment)
  assert.equal(made.length, 2)
})

test('notePace() believes one quick run at once and a slow one only in part', () => {
  const pace = { ...unknownPace }
  notePace(pace, 0.5)
  assert.equal(pace.tinyRunMs, 0.5)
  notePace(pace, 10)
  assert.equal(pace.lastRunMs, 10)
  assert.ok(pace.tinyRunMs > 0.5 && pace.tinyRunMs < 1)
  for (let count = 0; count < 10; count += 1) notePace(pace, 10)
  assert.ok(pace.tinyRunMs > 1)
})
