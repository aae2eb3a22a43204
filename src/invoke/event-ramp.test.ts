import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventLimits } from '../config.ts'
import { EventRamp } from './event-ramp.ts'

const { rampMs, rampHoldMs, startConcurrency, maxConcurrency } = eventLimits

/** Let a function run at its ceiling for some seconds. @param rate  runs per second at so many at once */
function climb(seconds: number, rate: (concurrency: number) => number): number[] {
  const ramp = new EventRamp(0)
  const ceilings: number[] = []
  for (let nowMs = rampMs; nowMs <= seconds * 1000; nowMs += rampMs) {
    const count = (rate(ramp.ceiling) * rampMs) / 1000
    for (let index = 0; index < count; index++) ramp.ran()
    ramp.step(nowMs)
    ceilings.push(ramp.ceiling)
  }
  return ceilings
}

test('EventRamp lets functions that wait run by the hundred within seconds', () => {
  const ceilings = climb(6, (concurrency) => concurrency * 5)
  assert.equal(ceilings[0], 2 * startConcurrency)
  assert.equal(ceilings.at(-1), maxConcurrency)
})

test('EventRamp knows nothing of runs that last long, and lets more run', () => {
  assert.equal(climb(6, () => 0).at(-1), maxConcurrency)
})

test('EventRamp goes back where more at once get no more done, and tries again after a while', () => {
  const ceilings = climb(30, () => 400)
  assert.equal(ceilings[0], 2 * startConcurrency)
  assert.equal(ceilings[1], startConcurrency)
  assert.ok(Math.max(...ceilings) === 2 * startConcurrency)
  const triedCount = ceilings.filter((ceiling) => ceiling > startConcurrency).length
  assert.ok(triedCount <= 2 + 30_000 / rampHoldMs, `${triedCount} of ${ceilings.length} s`)
})
