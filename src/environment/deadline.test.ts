import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Clock } from '../lib/clock.ts'
import { Deadline } from './deadline.ts'

/** A clock that is moved by hand. */
function makeClock() {
  let nowMs = 0
  let timers: { atMs: number; run: () => void }[] = []
  let armedCount = 0
  const clock: Clock = {
    nowMs: () => nowMs,
    monotonicMs: () => nowMs,
    after: (delayMs, run) => {
      armedCount += 1
      const timer = { atMs: nowMs + delayMs, run }
      timers.push(timer)
      return { clear: () => (timers = timers.filter((other) => other !== timer)) }
    },
  }
  const pass = (ms: number): void => {
    const untilMs = nowMs + ms
    for (;;) {
      const [next] = timers.toSorted((left, right) => left.atMs - right.atMs)
      if (!next || next.atMs > untilMs) break
      timers = timers.filter((timer) => timer !== next)
      nowMs = next.atMs
      next.run()
    }
    nowMs = untilMs
  }
  return { clock, pass, armedCount: () => armedCount, pendingCount: () => timers.length }
}

test('Deadline expires once at its time', () => {
  const { clock, pass } = makeClock()
  const expiredAt: number[] = []
  const deadline = new Deadline(clock, () => expiredAt.push(clock.monotonicMs()))
  deadline.set(100)
  pass(99)
  assert.deepEqual(expiredAt, [])
  pass(500)
  assert.deepEqual(expiredAt, [100])
})

test('Deadline that moves on keeps its timer', () => {
  const { clock, pass, armedCount } = makeClock()
  let expiredCount = 0
  const deadline = new Deadline(clock, () => (expiredCount += 1))
  for (let round = 0; round < 1000; round += 1) {
    deadline.set(clock.monotonicMs() + 3000)
    pass(1)
    deadline.clear()
  }
  assert.equal(expiredCount, 0)
  assert.equal(armedCount(), 1)
  deadline.set(clock.monotonicMs() + 3000)
  pass(2999)
  assert.equal(expiredCount, 0)
  pass(1)
  assert.equal(expiredCount, 1)
})

test('Deadline that comes nearer is met; close() leaves no timer', () => {
  const { clock, pass, pendingCount } = makeClock()
  let expiredCount = 0
  const deadline = new Deadline(clock, () => (expiredCount += 1))
  deadline.set(5000)
  deadline.set(50)
  pass(50)
  assert.equal(expiredCount, 1)
  deadline.set(9000)
  deadline.close()
  assert.equal(pendingCount(), 0)
})
