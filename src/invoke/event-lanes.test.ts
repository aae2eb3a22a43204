import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventLimits } from '../config.ts'
import { EventLanes } from './event-lanes.ts'

test('lanes take turns', () => {
  const lanes = new EventLanes()
  for (const name of ['a', 'b', 'c']) lanes.wake(name, 0)
  const turns = Array.from({ length: 5 }, () => lanes.nextDue(0)?.name)
  assert.deepEqual(turns, ['a', 'b', 'c', 'a', 'b'])
})

test('a lane is due when its earliest event is, and gone when it has none', () => {
  const lanes = new EventLanes()
  lanes.wake('a', 50)
  lanes.wake('a', 40)
  assert.equal(lanes.nextDue(39), undefined)
  assert.equal(lanes.nextDueAtMs(), 40)
  const lane = lanes.nextDue(40)
  assert.ok(lane)
  lanes.rest(lane, undefined)
  assert.equal(lanes.nextDueAtMs(), undefined)
})

test('a refused lane runs as many at once as ran well, and slowly more with each that runs', () => {
  const lanes = new EventLanes()
  lanes.wake('a', 0)
  const lane = lanes.nextDue(0)
  assert.ok(lane)
  lane.activeCount = 6
  lanes.refused(lane)
  assert.equal(lane.limit, 5)
  assert.equal(lane.room, -1)
  assert.equal(lanes.nextDue(0), undefined)
  for (let count = 0; count < 6; count++) lanes.ran(lane)
  lane.activeCount = 5
  assert.equal(lane.room, 1)
})

test('a refused lane with nothing else running still tries one', () => {
  const lanes = new EventLanes()
  lanes.wake('a', 0)
  const lane = lanes.nextDue(0)
  assert.ok(lane)
  lane.activeCount = 1
  lanes.refused(lane)
  lane.activeCount = 0
  assert.equal(lane.room, 1)
})

test('a lane without further events stays until its last one is over', () => {
  const lanes = new EventLanes()
  lanes.wake('a', 0)
  const lane = lanes.nextDue(0)
  assert.ok(lane)
  lane.activeCount = 1
  lanes.rest(lane, undefined)
  assert.equal(lanes.nextDueAtMs(), undefined)
  lanes.wake('a', 5)
  assert.equal(lanes.nextDue(5), lane)
  lanes.rest(lane, undefined)
  lanes.stopped(lane)
  lanes.wake('a', Infinity)
  assert.equal(lane.room, lane.ramp.ceiling)
  lanes.finished(lane)
  lanes.wake('a', 6)
  assert.notEqual(lanes.nextDue(6), lane)
})

test('a lane never runs more at once than its function reserved', () => {
  const lanes = new EventLanes()
  lanes.wake('a', 0)
  const lane = lanes.nextDue(0)
  assert.ok(lane)
  lanes.bound(lane, 3)
  assert.equal(lane.room, 3)
  for (let count = 0; count < 10; count++) lanes.ran(lane)
  assert.equal(lane.room, 3)
  lanes.bound(lane, 0)
  assert.equal(lane.room, 1)
  lanes.bound(lane, undefined)
  assert.equal(lane.room, lane.ramp.ceiling)
})

test('a lane with more events than may run at once runs more after a while', () => {
  const lanes = new EventLanes()
  lanes.wake('a', 5000)
  const lane = lanes.nextDue(5000)
  assert.ok(lane)
  const { startConcurrency, rampMs } = eventLimits
  assert.equal(lane.room, startConcurrency)
  lane.activeCount = startConcurrency
  assert.equal(lanes.nextDue(5001), undefined)
  assert.equal(lanes.nextDueAtMs(), 5000 + rampMs)
  assert.equal(lanes.nextDue(5000 + rampMs), lane)
  assert.equal(lane.room, startConcurrency)
})

test('pauses get longer one by one, however many events a lane is refused at once', () => {
  const lanes = new EventLanes()
  lanes.wake('a', 0)
  const lane = lanes.nextDue(0)
  assert.ok(lane)
  for (lane.activeCount = 8; lane.activeCount > 0; lane.activeCount--) lanes.refused(lane)
  lanes.pause(lane, 0, 1000)
  assert.equal(lane.pauseCount, 1)
  lanes.wake('a', 10)
  assert.equal(lanes.nextDue(10), lane)
  lanes.pause(lane, 10, 1010)
  assert.equal(lane.pauseCount, 1)
  lanes.pause(lane, 1010, 3010)
  assert.equal(lane.pauseCount, 2)
  lanes.ran(lane)
  assert.equal(lane.pauseCount, 0)
})
