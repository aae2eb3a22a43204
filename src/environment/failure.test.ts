import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ExitReport } from '../sandbox/driver.ts'
import { exitFailure, postedFailure, timeoutFailure, toReply } from './failure.ts'

const textOf = (report: ExitReport): string => {
  const { payload } = toReply(exitFailure(report), 'id')
  return JSON.parse(Buffer.concat(payload).toString()).errorMessage
}

test('exitFailure() words every end as Go does', () => {
  const isOutOfMemory = false
  assert.equal(
    textOf({ exitCode: 0, isOutOfMemory }),
    'RequestId: id Error: Runtime exited without providing a reason',
  )
  for (const [report, text] of [
    [{ exitCode: 255 }, 'exit status 255'],
    [{ signal: 'SIGKILL' }, 'signal: killed'],
    [{ signal: 'SIGABRT' }, 'signal: aborted'],
    [{ signal: 'SIGSTKFLT' }, 'signal: SIGSTKFLT'],
  ] as const) {
    const expected = `RequestId: id Error: Runtime exited with error: ${text}`
    assert.equal(textOf({ ...report, isOutOfMemory }), expected)
  }
})

test('exitFailure() tells memory and launch errors by their types alone', () => {
  const memory = exitFailure({ signal: 'SIGKILL', isOutOfMemory: true })
  assert.equal(memory.errorType, 'Runtime.OutOfMemory')
  assert.match(Buffer.concat(memory.payload('id')).toString(), /"errorType":"Runtime.ExitError"/)
  const launch = exitFailure({
    isOutOfMemory: false,
    launchError: 'fork/exec x: exec format error',
  })
  assert.equal(launch.errorType, 'Runtime.InvalidEntrypoint')
})

test('timeoutFailure() has two decimals; postedFailure() keeps the body', () => {
  assert.deepEqual(toReply(timeoutFailure(3000), 'id'), {
    kind: 'timeout',
    payload: [
      Buffer.from(
        '{"errorType":"Sandbox.Timedout","errorMessage":"RequestId: id Error: Task timed out after 3.00 seconds"}',
      ),
    ],
    errorType: 'Sandbox.Timedout',
  })
  const body = [Buffer.from('any')]
  assert.deepEqual(toReply(postedFailure('Runtime.X', body), 'id'), {
    kind: 'crashed',
    payload: body,
    errorType: 'Runtime.X',
  })
})
