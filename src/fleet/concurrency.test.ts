import assert from 'node:assert/strict'
import { test } from 'node:test'
import { versionOf } from '../../test/support/version.ts'
import { Concurrency, giveSlot, takeSlot } from './concurrency.ts'

const version = (functionName: string, accountId = '000000000000') =>
  versionOf({ functionName, accountId })

test('takeSlot() refuses at the reserved concurrency, with its own reason', () => {
  const counters = new Concurrency().enter(version('f'))
  const limits = { reservedConcurrency: 2, unreservedConcurrency: 100 }
  takeSlot(counters, limits)
  const kind = takeSlot(counters, limits)
  assert.throws(() => takeSlot(counters, limits), {
    code: 'TooManyRequestsException',
    status: 429,
    message: 'Rate Exceeded.',
    fields: {
      Type: 'User',
      Reason: 'ReservedFunctionConcurrentInvocationLimitExceeded',
      retryAfterSeconds: '1',
    },
  })
  giveSlot(counters, kind)
  takeSlot(counters, limits)
})

test('takeSlot() lets functions of one account and region share the unreserved pool', () => {
  const concurrency = new Concurrency()
  const first = concurrency.enter(version('f'))
  const second = concurrency.enter(version('g'))
  const elsewhere = concurrency.enter(version('f', '111111111111'))
  takeSlot(first, { unreservedConcurrency: 1 })
  assert.throws(() => takeSlot(second, { unreservedConcurrency: 1 }), {
    fields: { Type: 'User', Reason: 'ConcurrentInvocationLimitExceeded', retryAfterSeconds: '1' },
  })
  takeSlot(elsewhere, { unreservedConcurrency: 1 })
  takeSlot(second, { reservedConcurrency: 1, unreservedConcurrency: 1 })
})

test('takeSlot() blocks a function with a reservation of nothing', () => {
  const counters = new Concurrency().enter(version('f'))
  assert.throws(() => takeSlot(counters, { reservedConcurrency: 0, unreservedConcurrency: 9 }))
})

test('a slot that was taken from the pool goes back there, even when a reservation came in between', () => {
  const counters = new Concurrency().enter(version('f'))
  const kind = takeSlot(counters, { unreservedConcurrency: 1 })
  assert.throws(() => takeSlot(counters, { reservedConcurrency: 1, unreservedConcurrency: 1 }))
  giveSlot(counters, kind)
  assert.equal(counters.account.unreservedCount, 0)
  assert.equal(counters.functionCount, 0)
})

test('counters that nobody uses are dropped, those of their account with the last', () => {
  const concurrency = new Concurrency()
  const used = ['f', 'f', 'g'].map((name) => concurrency.enter(version(name)))
  assert.equal(concurrency.size, 3)
  for (const counters of used) concurrency.leave(counters)
  assert.equal(concurrency.size, 0)
})
