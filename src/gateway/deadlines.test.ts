import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Deadlines } from './deadlines.ts'

function virtualClock() {
  let nowMs = 0
  let armed: { atMs: number; run: () => void } | undefined
  return {
    nowMs: () => nowMs,
    monotonicMs: () => nowMs,
    after(delayMs: number, run: () => void) {
      const timer = { atMs: nowMs + delayMs, run }
      armed = timer
      return {
        clear: () => {
          if (armed === timer) armed = undefined
        },
      }
    },
    advance(toMs: number): void {
      while (armed && armed.atMs <= toMs) {
        const { atMs, run } = armed
        armed = undefined
        nowMs = atMs
        run()
      }
      nowMs = toMs
    },
    isArmed: () => armed !== undefined,
  }
}

test('Deadlines expire what is late, and only that', () => {
  const clock = virtualClock()
  const deadlines = new Deadlines(clock)
  const expired: string[] = []
  const item = (name: string, deadlineMs: number) => {
    const watched = {
      deadlineMs,
      expire: () => {
        expired.push(`${name} at ${clock.nowMs()}`)
        deadlines.delete(watched)
      },
    }
    deadlines.add(watched)
  }
  item('a', 1500)
  item('b', 3000)
  item('never', Infinity)
  clock.advance(2500)
  assert.deepEqual(expired, ['a at 2000'])
  clock.advance(10_000)
  assert.deepEqual(expired, ['a at 2000', 'b at 3000'])
})

test('Deadlines hold no timer while nothing is watched', () => {
  const clock = virtualClock()
  const deadlines = new Deadlines(clock)
  assert.equal(clock.isArmed(), false)
  const item = { deadlineMs: Infinity, expire: () => {} }
  deadlines.add(item)
  assert.equal(clock.isArmed(), true)
  deadlines.delete(item)
  clock.advance(5000)
  assert.equal(clock.isArmed(), false)
  deadlines.add(item)
  deadlines.close()
  assert.equal(clock.isArmed(), false)
})
