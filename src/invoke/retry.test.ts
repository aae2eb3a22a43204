import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AwsError } from '../lib/errors/aws-error.ts'
import {
  recursiveInvocation,
  resourceConflict,
  resourceNotFound,
  snapStartFailed,
  snapStartTimedOut,
  tooManyRequests,
} from '../lib/errors/lambda.ts'
import { PlatformError } from '../lib/errors/platform-error.ts'
import type { Reply } from '../model.ts'
import { defaultAsyncSettings } from './async-settings.ts'
import { judge } from './retry.ts'
import type { Attempt } from './retry.ts'

const fresh = {
  settings: defaultAsyncSettings,
  failureCount: 0,
  refusalCount: 1,
  ageMs: 0,
  reservedConcurrency: undefined,
}
const ok: Reply = { kind: 'ok', payload: [], contentType: 'application/json' }
const failed: Attempt = {
  kind: 'ran',
  reply: { kind: 'crashed', payload: [], errorType: 'Runtime.ExitError' },
  executedVersion: '$LATEST',
}
const hour = 60 * 60_000

function refused(error: Error): Attempt {
  return { kind: 'refused', error }
}

test('judge() forgets an event that ran well', () => {
  assert.deepEqual(judge({ kind: 'ran', reply: ok, executedVersion: '1' }, fresh), { kind: 'done' })
})

test('judge() retries a function error after one minute, then two, then gives up', () => {
  const delays = [0, 1, 2].map((failureCount) => judge(failed, { ...fresh, failureCount }))
  assert.deepEqual(delays, [
    { kind: 'retry', delayMs: 60_000, isFailure: true },
    { kind: 'retry', delayMs: 120_000, isFailure: true },
    { kind: 'discard', condition: 'RetriesExhausted' },
  ])
})

test('judge() retries as often as the settings say, and not beyond the age they allow', () => {
  const verdicts = (maxRetryCount: number, maxAgeMs: number) =>
    [0, 1, 2].map((failureCount) => {
      const settings = { maxRetryCount, maxAgeMs }
      const ageMs = [0, 60_100, 180_200][failureCount] ?? 0
      const verdict = judge(failed, { ...fresh, settings, failureCount, ageMs })
      return verdict.kind === 'discard' ? verdict.condition : verdict.kind
    })
  assert.equal(verdicts(0, 6 * hour)[0], 'RetriesExhausted')
  assert.deepEqual(verdicts(1, 6 * hour).slice(0, 2), ['retry', 'RetriesExhausted'])
  assert.equal(verdicts(2, 60_000)[0], 'EventAgeExceeded')
  assert.deepEqual(verdicts(2, 120_000).slice(0, 2), ['retry', 'EventAgeExceeded'])
  assert.deepEqual(verdicts(2, 300_000), ['retry', 'retry', 'RetriesExhausted'])
})

test('judge() tries a throttled event once more at the end of its age', () => {
  const throttle = refused(tooManyRequests('Rate Exceeded.'))
  const settings = { maxRetryCount: 2, maxAgeMs: 60_000 }
  const late = { ...fresh, settings, refusalCount: 10, ageMs: 59_000 }
  assert.deepEqual(judge(throttle, late), { kind: 'retry', delayMs: 1000, isFailure: false })
})

test('judge() backs off from a throttle between 1 s and 5 min, not counting it as a failure', () => {
  const throttle = refused(tooManyRequests('Rate Exceeded.'))
  const delays = [1, 2, 5, 30].map((refusalCount) => judge(throttle, { ...fresh, refusalCount }))
  assert.deepEqual(
    delays.map((verdict) => 'delayMs' in verdict && [verdict.delayMs, verdict.isFailure]),
    [
      [1000, false],
      [2000, false],
      [16_000, false],
      [300_000, false],
    ],
  )
})

test('judge() retries failures of the platform and of a function that is being made', () => {
  for (const error of [
    new PlatformError('Cannot write'),
    resourceConflict('Pending'),
    snapStartTimedOut(),
    snapStartFailed(),
    new AwsError({ code: 'InvalidRuntimeException', status: 502, message: 'x' }),
  ]) {
    assert.equal(judge(refused(error), fresh).kind, 'retry')
  }
})

test('judge() gives up events that are too old, that nothing may run, or whose function is gone', () => {
  const throttle = refused(tooManyRequests('Rate Exceeded.'))
  assert.deepEqual(judge(throttle, { ...fresh, ageMs: 6 * hour }), {
    kind: 'discard',
    condition: 'EventAgeExceeded',
  })
  assert.deepEqual(judge(throttle, { ...fresh, reservedConcurrency: 0 }), {
    kind: 'discard',
    condition: 'ZeroReservedConcurrency',
  })
  assert.deepEqual(judge(refused(recursiveInvocation('A loop')), fresh), {
    kind: 'discard',
    condition: 'RecursiveInvocation',
  })
  assert.deepEqual(judge({ kind: 'expired' }, fresh), {
    kind: 'discard',
    condition: 'EventAgeExceeded',
  })
  assert.deepEqual(judge(refused(resourceNotFound('Function not found')), fresh), {
    kind: 'discard',
    condition: 'NotInvocable',
  })
})
