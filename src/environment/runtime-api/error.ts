/** `POST runtime/invocation/{id}/error`: the function failed and the runtime lives on.
 *  source: AWS Lambda dev guide "Using the Lambda runtime API", Invocation error; Runtime Interface Emulator, rapi/handler. */
import { lambdaLimits } from '../../config.ts'
import type { RequestHead } from '../../lib/http/head.ts'
import { toErrorType } from './error-type.ts'
import type { Body, Connection, Receiver } from './connection.ts'
import { refusal } from './refusal.ts'
import { accepted, invalidRequestId, invalidTransition, tooLarge, truncated } from './replies.ts'
import type { Answer, RuntimeSession } from './session.ts'
import { isJsonObject, type JsonObject } from '../../lib/json.ts'

const withCauseType = 'application/vnd.aws.lambda.error.cause+json'

export function error(session: RuntimeSession, head: RequestHead, requestId: string): Receiver {
  if (requestId !== session.requestId) return refusal(invalidRequestId)
  const before = session.state
  if (!session.move('error')) return refusal(invalidTransition(before, 'error'))
  return {
    maxBytes: lambdaLimits.maxPayloadBytes,
    end: (body, connection) => end(session, head, body, connection),
  }
}

function end(session: RuntimeSession, head: RequestHead, body: Body, connection: Connection): void {
  session.move('sent')
  session.listener.onAnswer(session, toAnswer(head, body))
  if (body.state === 'complete') connection.reply(accepted)
  else connection.reply(body.state === 'too-large' ? tooLarge : truncated)
}

function toAnswer(head: RequestHead, body: Body): Answer {
  if (body.state === 'too-large')
    return { kind: 'too-large', maxBytes: lambdaLimits.maxPayloadBytes }
  if (body.state === 'truncated') return { kind: 'truncated' }
  const errorType = toErrorType(head.headers['lambda-runtime-function-error-type'])
  const contentType = head.headers['content-type'] ?? ''
  if (contentType === withCauseType) return { kind: 'error', errorType, ...withoutCause(body) }
  return { kind: 'error', payload: body.chunks, contentType, errorType }
}

/** The cause is for X-Ray; the caller gets the rest, members in AWS's order. */
function withoutCause(body: Body): { payload: readonly Uint8Array[]; contentType: string } {
  try {
    const { errorMessage, errorType, stackTrace } = parseError(Buffer.concat(body.chunks))
    const rest = { errorMessage, errorType, stackTrace }
    return { payload: [Buffer.from(JSON.stringify(rest))], contentType: 'application/json' }
  } catch {
    return {
      payload: [Buffer.from('"Invalid error body"')],
      contentType: 'application/octet-stream',
    }
  }
}

function parseError(bytes: Buffer): JsonObject {
  const value: unknown = JSON.parse(bytes.toString())
  if (!isJsonObject(value)) throw new SyntaxError('An error is an object')
  return value
}
