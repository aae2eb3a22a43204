/** The events that extensions get, as whole HTTP responses.
 *  source: AWS Lambda dev guide "Using the Lambda Extensions API", Next; Runtime Interface Emulator, rapi/model. */
import type { Invocation } from '../../model.ts'
import { jsonReply } from '../runtime-api/replies.ts'

export type InvokeEvent = {
  readonly invocation: Invocation
  /** epoch ms */
  readonly deadlineMs: number
}

export function invokeResponse({ invocation, deadlineMs }: InvokeEvent, eventId: string): string {
  const { requestId, invokedArn, traceId } = invocation
  const event = {
    eventType: 'INVOKE',
    deadlineMs: Math.trunc(deadlineMs),
    requestId,
    invokedFunctionArn: invokedArn,
    ...(traceId !== '' && { tracing: { type: 'X-Amzn-Trace-Id', value: traceId } }),
  }
  return eventResponse(event, eventId)
}

/** @param reason  in lower case, as AWS sends it, though its guide says otherwise
 *  @param deadlineMs  epoch ms */
export function shutdownResponse(reason: string, deadlineMs: number, eventId: string): string {
  const event = {
    eventType: 'SHUTDOWN',
    deadlineMs: Math.trunc(deadlineMs),
    shutdownReason: reason,
  }
  return eventResponse(event, eventId)
}

function eventResponse(event: object, eventId: string): string {
  return jsonReply('200 OK', event, `Lambda-Extension-Event-Identifier: ${eventId}\r\n`)
}
