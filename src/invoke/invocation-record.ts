/** The two things that are told of an asynchronous event when it is over: the invocation record for destinations, and the
 *  attributes that go with the event to a dead-letter queue. Pure; where they go is destinations.ts's. */
import { lambdaLimits } from '../config.ts'
import { functionArn, latest } from '../lib/arn.ts'
import { AwsError } from '../lib/errors/aws-error.ts'
import type { Reply } from '../model.ts'
import type { EventRecord } from './event-record.ts'
import type { Attempt, DiscardCondition } from './retry.ts'

/** An event that is over. */
export type EndedEvent = {
  readonly record: EventRecord
  /** JSON */
  readonly payload: Uint8Array
  readonly condition: 'Success' | DiscardCondition
  /** the last one */
  readonly attempt: Attempt
  /** epoch ms */
  readonly endedAtMs: number
}

/** Attributes of the message that carries an event to a dead-letter queue. */
export type DeadLetterAttributes = {
  readonly RequestID: string
  /** an HTTP status */
  readonly ErrorCode?: number
  readonly ErrorMessage: string
}

const maxErrorMessageBytes = 1024

/** The invocation record, as JSON; undefined when request and response are too large together.
 *  @source AWS Lambda dev guide "Capturing records of Lambda asynchronous invocations"; recorded records (order of keys; nothing
 *    of a response where there was none) */
export function toInvocationRecord(event: EndedEvent): Buffer | undefined {
  const { record, payload, condition, attempt, endedAtMs } = event
  const context = {
    requestId: record.requestId,
    functionArn: functionArn(record, record.functionName, record.qualifier ?? latest),
    condition,
    approximateInvokeCount: record.failureCount + (attempt.kind === 'ran' ? 1 : 0),
  }
  const response = attempt.kind === 'ran' ? attempt.reply.payload : []
  const payloadBytes = payload.byteLength + byteLength(response)
  if (payloadBytes > lambdaLimits.maxAsyncPayloadBytes) return undefined
  const head =
    `{"version":"1.0","timestamp":${JSON.stringify(new Date(endedAtMs).toISOString())},` +
    `"requestContext":${JSON.stringify(context)},"requestPayload":`
  const bytes = Buffer.concat([
    Buffer.from(head),
    payload.byteLength === 0 ? Buffer.from('{}') : payload,
    ...(condition === 'ZeroReservedConcurrency' ? [] : responseOf(attempt)),
    Buffer.from('}'),
  ])
  return bytes.byteLength > lambdaLimits.maxAsyncPayloadBytes ? undefined : bytes
}

/** What a dead-letter queue is told beside the event.
 *  @source AWS Lambda dev guide "Adding a dead-letter queue"; observed: no code and this very text with no reserved concurrency */
export function toDeadLetterAttributes(event: EndedEvent): DeadLetterAttributes {
  const { attempt, condition } = event
  const RequestID = event.record.requestId
  if (condition === 'ZeroReservedConcurrency') {
    const text =
      'Function not invoked. Function isconfigured with zero reserved concurrent executions'
    return { RequestID, ErrorMessage: text }
  }
  switch (attempt.kind) {
    case 'ran':
      return { RequestID, ErrorCode: 200, ErrorMessage: cut(errorMessageOf(attempt.reply)) }
    case 'refused':
      return { RequestID, ...refusalOf(attempt.error) }
    case 'expired':
      return { RequestID, ErrorMessage: 'The event is older than MaximumEventAgeInSeconds' }
  }
}

function refusalOf(error: unknown): { ErrorCode: number; ErrorMessage: string } {
  if (error instanceof AwsError)
    return { ErrorCode: error.status, ErrorMessage: cut(error.message) }
  return { ErrorCode: 500, ErrorMessage: 'Service error' }
}

/** `responseContext` and `responsePayload`, as far as there are any. */
function responseOf(attempt: Attempt): Uint8Array[] {
  if (attempt.kind === 'expired') return []
  if (attempt.kind === 'refused') {
    if (!(attempt.error instanceof AwsError)) return []
    return [Buffer.from(`,"responseContext":{"statusCode":${attempt.error.status}}`)]
  }
  const { reply, executedVersion } = attempt
  const context = {
    statusCode: 200,
    executedVersion,
    ...(reply.kind !== 'ok' && { functionError: 'Unhandled' }),
  }
  const head = `,"responseContext":${JSON.stringify(context)},"responsePayload":`
  return [Buffer.from(head), ...asJson(reply.payload)]
}

/** What is no JSON becomes a string of it. */
function asJson(payload: readonly Uint8Array[]): readonly Uint8Array[] {
  const text = Buffer.concat(payload).toString()
  if (text === '') return [Buffer.from('null')]
  return parse(text) === undefined ? [Buffer.from(JSON.stringify(text))] : payload
}

function errorMessageOf(reply: Reply): string {
  const value = parse(Buffer.concat(reply.payload).toString())
  const isObject = typeof value === 'object' && value !== null
  return isObject && 'errorMessage' in value && typeof value.errorMessage === 'string'
    ? value.errorMessage
    : ''
}

/** undefined for what is no JSON */
function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** The first 1 KB, of whole characters. */
function cut(text: string): string {
  const bytes = Buffer.from(text)
  if (bytes.byteLength <= maxErrorMessageBytes) return text
  return bytes.toString('utf8', 0, maxErrorMessageBytes).replace(/\uFFFD$/, '')
}

function byteLength(chunks: readonly Uint8Array[]): number {
  return chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0)
}
