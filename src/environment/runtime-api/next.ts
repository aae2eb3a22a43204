/** `GET runtime/invocation/next`: the runtime is done and waits for the next event.
 *  source: AWS Lambda dev guide "Using the Lambda runtime API", Next invocation; Runtime Interface Emulator, rapi/handler. */
import type { Invocation } from '../../model.ts'
import type { ResponseSink } from '../contract.ts'
import type { Body, Connection } from './connection.ts'
import { invalidTransition } from './replies.ts'
import type { RuntimeEvent, RuntimeSession } from './session.ts'

/** Park the call, or give the same event again when one is being worked on. */
export function next(session: RuntimeSession, _body: Body, connection: Connection): void {
  const before = session.state
  if (session.move('next')) session.park(connection, before)
  else connection.reply(invalidTransition(before, 'next'))
}

/** An invocation as the runtime is given it. Headers without a value are left out: some clients parse what is there.
 *  @param deadlineMs  epoch ms
 *  @param sink  gets the response if the runtime streams it */
export function toRuntimeEvent(
  invocation: Invocation,
  deadlineMs: number,
  sink?: ResponseSink,
): RuntimeEvent {
  let payloadBytes = 0
  for (const chunk of invocation.payload) payloadBytes += chunk.byteLength
  const head =
    'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n' +
    `Lambda-Runtime-Aws-Request-Id: ${invocation.requestId}\r\n` +
    `Lambda-Runtime-Deadline-Ms: ${Math.trunc(deadlineMs)}\r\n` +
    `Lambda-Runtime-Invoked-Function-Arn: ${invocation.invokedArn}\r\n` +
    field('Lambda-Runtime-Trace-Id', invocation.traceId) +
    field('Lambda-Runtime-Client-Context', invocation.clientContext) +
    field('Lambda-Runtime-Cognito-Identity', invocation.cognitoIdentity) +
    field('Lambda-Runtime-Aws-Tenant-Id', invocation.tenantId) +
    `Content-Length: ${payloadBytes}\r\n\r\n`
  return { requestId: invocation.requestId, head, payload: invocation.payload, payloadBytes, sink }
}

/** Line breaks in a value are white space of JSON; as bytes they would end the field. */
function field(name: string, value: string | undefined): string {
  return value === undefined || value === ''
    ? ''
    : `${name}: ${/[\r\n\0]/.test(value) ? value.replace(/[\r\n\0]+/g, ' ') : value}\r\n`
}
