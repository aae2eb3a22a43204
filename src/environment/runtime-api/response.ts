/** `POST runtime/invocation/{id}/response`: what the function returned, whole or as a stream with trailers.
 *  source: AWS Lambda dev guide "Using the Lambda runtime API", Invocation response; Runtime Interface Emulator, rapi/handler. */
import type { RequestHead } from '../../lib/http/head.ts'
import { lambdaLimits } from '../../config.ts'
import { toErrorType } from './error-type.ts'
import type { Body, Connection, Receiver } from './connection.ts'
import { refusal } from './refusal.ts'
import {
  accepted,
  invalidRequestId,
  invalidResponseMode,
  invalidTransition,
  tooLarge,
  truncated,
} from './replies.ts'
import type { Answer, RuntimeSession } from './session.ts'

const defaultContentType = 'application/octet-stream'

/** Checked in AWS's order: id, state, response mode, body. */
export function response(session: RuntimeSession, head: RequestHead, requestId: string): Receiver {
  if (requestId !== session.requestId) return refusal(invalidRequestId)
  const before = session.state
  if (!session.move('response')) return refusal(invalidTransition(before, 'response'))
  const mode = head.headers['lambda-runtime-function-response-mode']
  if (mode !== undefined && mode !== '' && mode !== 'streaming') {
    // AWS's daemon leaves the runtime in this state, where all its calls are refused.
    const contentType = head.headers['content-type'] ?? ''
    const errorType = 'Runtime.InvalidResponseModeHeader'
    session.listener.onAnswer(session, { kind: 'error', payload: [], contentType, errorType })
    return refusal(invalidResponseMode)
  }
  const contentType = head.headers['content-type'] ?? defaultContentType
  return {
    maxBytes: lambdaLimits.maxPayloadBytes,
    end: (body, connection) => end(session, contentType, body, connection),
  }
}

function end(
  session: RuntimeSession,
  contentType: string,
  body: Body,
  connection: Connection,
): void {
  session.move('sent')
  session.listener.onAnswer(session, toAnswer(contentType, body))
  if (body.state === 'complete') connection.reply(accepted)
  else connection.reply(body.state === 'too-large' ? tooLarge : truncated)
}

function toAnswer(contentType: string, body: Body): Answer {
  if (body.state !== 'complete') return { kind: body.state }
  const errorType = body.trailers['lambda-runtime-function-error-type']
  if (errorType === undefined || errorType === '') {
    return { kind: 'response', payload: body.chunks, contentType }
  }
  // The error of a stream that failed on its way: base64, since JSON could break a header line.
  const encoded = body.trailers['lambda-runtime-function-error-body'] ?? ''
  return {
    kind: 'error',
    payload: [Buffer.from(encoded, 'base64')],
    contentType: 'application/json',
    errorType: toErrorType(errorType),
  }
}
