import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toErrorType } from './error-type.ts'

test('toErrorType() keeps known categories whole and replaces the rest', () => {
  for (const [value, expected] of [
    ['Runtime.ExitError', 'Runtime.ExitError'],
    ['Function.MyError', 'Function.MyError'],
    ['x Runtime.Some y', 'x Runtime.Some y'],
    ['Function.lower', 'Function.Unknown'],
    ['Error', 'Runtime.Unknown'],
    ['', 'Runtime.Unknown'],
    [undefined, 'Runtime.Unknown'],
  ] as const) {
    assert.equal(toErrorType(value), expected)
  }
})
