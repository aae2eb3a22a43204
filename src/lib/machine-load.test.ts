import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isMachineBusy, runnableCount } from './machine-load.ts'

test('runnableCount() is what runs or waits for a core', () => {
  assert.equal(runnableCount('44.09 34.41 24.51 48/415 26695\n'), 48)
  assert.equal(runnableCount('gibberish'), 0)
  assert.equal(typeof isMachineBusy(), 'boolean')
})
