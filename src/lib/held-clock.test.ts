import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createVirtualClock } from '../../test/support/virtual-clock.ts'
import { HeldClock } from './held-clock.ts'

test('a held clock passes no time and fires no timer, and goes on where it was', () => {
  const below = createVirtualClock()
  const clock = new HeldClock(below)
  const startMs = clock.monotonicMs()
  const fired: string[] = []
  clock.after(100, () => fired.push('before'))
  clock.after(5, () => fired.push('early'))
  const cleared = clock.after(100, () => fired.push('never'))
  below.advance(40)
  clock.hold()
  clock.hold()
  clock.after(10, () => fired.push('while'))
  below.advance(1000)
  assert.deepEqual([clock.monotonicMs() - startMs, fired], [40, ['early']])
  assert.equal(clock.nowMs(), below.nowMs())
  cleared.clear()
  clock.release()
  clock.release()
  below.advance(9)
  assert.deepEqual(fired, ['early'])
  below.advance(1)
  assert.deepEqual(fired, ['early', 'while'])
  below.advance(50)
  assert.deepEqual([clock.monotonicMs() - startMs, fired], [100, ['early', 'while', 'before']])
})
