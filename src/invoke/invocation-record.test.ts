import assert from 'node:assert/strict'
import { test } from 'node:test'
import { tooManyRequests } from '../lib/errors/lambda.ts'
import type { Reply } from '../model.ts'
import { toDeadLetterAttributes, toInvocationRecord } from './invocation-record.ts'
import type { EndedEvent } from './invocation-record.ts'

const record = {
  accountId: '111111111111',
  region: 'eu-west-1',
  functionName: 'f',
  requestId: 'b0e6c1f2-1111-4222-8333-444455556666',
  traceId: 'Root=1-2-3',
  acceptedAtMs: 0,
  failureCount: 2,
}
const contentType = 'application/json'

function ended(reply: Reply, event: Partial<EndedEvent> = {}): EndedEvent {
  return {
    record,
    payload: Buffer.from('{"raise_error": 1}'),
    condition: reply.kind === 'ok' ? 'Success' : 'RetriesExhausted',
    attempt: { kind: 'ran', reply, executedVersion: '$LATEST' },
    endedAtMs: Date.UTC(2019, 10, 14, 18, 16, 5, 568),
    ...event,
  }
}

const failed: Reply = {
  kind: 'function-error',
  payload: [Buffer.from('{"errorMessage":"No","errorType":"Error"}')],
  contentType,
  errorType: 'Error',
}

test('toInvocationRecord() of a failed event has the members and the order of AWS', () => {
  assert.equal(
    toInvocationRecord(ended(failed))?.toString(),
    '{"version":"1.0","timestamp":"2019-11-14T18:16:05.568Z","requestContext":{' +
      '"requestId":"b0e6c1f2-1111-4222-8333-444455556666",' +
      '"functionArn":"arn:aws:lambda:eu-west-1:111111111111:function:f:$LATEST",' +
      '"condition":"RetriesExhausted","approximateInvokeCount":3},' +
      '"requestPayload":{"raise_error": 1},' +
      '"responseContext":{"statusCode":200,"executedVersion":"$LATEST","functionError":"Unhandled"},' +
      '"responsePayload":{"errorMessage":"No","errorType":"Error"}}',
  )
})

test('toInvocationRecord() of a success has no functionError; an answer that is no JSON is a string', () => {
  const answers: [string, unknown][] = [
    ['{"a":1}', { a: 1 }],
    ['', null],
    ['<p>"no"</p>', '<p>"no"</p>'],
  ]
  for (const [text, expected] of answers) {
    const reply: Reply = { kind: 'ok', payload: [Buffer.from(text)], contentType }
    const value = JSON.parse(toInvocationRecord(ended(reply))?.toString() ?? '')
    assert.deepEqual(value.responseContext, { statusCode: 200, executedVersion: '$LATEST' })
    assert.deepEqual(value.responsePayload, expected)
  }
})

test('toInvocationRecord() of what never ran tells nothing of an answer', () => {
  const event = ended(failed, {
    record: { ...record, failureCount: 0, qualifier: 'live' },
    attempt: { kind: 'expired' },
    condition: 'EventAgeExceeded',
  })
  const value = JSON.parse(toInvocationRecord(event)?.toString() ?? '')
  assert.deepEqual(Object.keys(value), ['version', 'timestamp', 'requestContext', 'requestPayload'])
  assert.equal(value.requestContext.approximateInvokeCount, 0)
  assert.match(value.requestContext.functionArn, /:function:f:live$/)
})

test('toInvocationRecord() of a function without concurrency tells nothing of the refusal', () => {
  const event = ended(failed, {
    record: { ...record, failureCount: 0 },
    attempt: { kind: 'refused', error: tooManyRequests('Rate Exceeded.') },
    condition: 'ZeroReservedConcurrency',
  })
  const value = JSON.parse(toInvocationRecord(event)?.toString() ?? '')
  assert.deepEqual(Object.keys(value), ['version', 'timestamp', 'requestContext', 'requestPayload'])
  assert.equal(value.requestContext.approximateInvokeCount, 0)
})

test('toInvocationRecord() gives up when request and answer are too large together', () => {
  const large = { ...failed, payload: [Buffer.alloc(2 ** 20, 32)] }
  assert.equal(toInvocationRecord(ended(large)), undefined)
})

test('toDeadLetterAttributes() tells the status and the first kilobyte of the message', () => {
  const RequestID = record.requestId
  assert.deepEqual(toDeadLetterAttributes(ended(failed)), {
    RequestID,
    ErrorCode: 200,
    ErrorMessage: 'No',
  })
  const long = { ...failed, payload: [Buffer.from(`{"errorMessage":"${'é'.repeat(2000)}"}`)] }
  assert.equal(toDeadLetterAttributes(ended(long)).ErrorMessage, 'é'.repeat(512))
  const attempt = { kind: 'refused', error: tooManyRequests('Rate Exceeded.') } as const
  assert.deepEqual(toDeadLetterAttributes(ended(failed, { attempt })), {
    RequestID,
    ErrorCode: 429,
    ErrorMessage: 'Rate Exceeded.',
  })
})
