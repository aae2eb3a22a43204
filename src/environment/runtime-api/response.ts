/** `POST runtime/invocation/{id}/response`: what the function returned, whole or as a stream with trailers.
 *  source: AWS Lambda dev guide "Using the Lambda runtime API", Invocation response; Runtime Interface Emulator, rapi/handler. */
import type { RequestHead } from '../../lib/http/head.ts'
import { lambdaLimits } from '../../config.ts'
import type { ResponseSink } from '../contract.ts'
import { toErrorType } from './error-type.ts'
import type { Body, Connection, Receiver } from './connection.ts'
import { refusal } from './refusal.ts'
import {
  accepted,
  invalidRequestId,
  invalidResponseMode,
  invalidTransition,
  tooLarge,
  tooLongStream,
  truncated,
} from './replies.ts'
import type { Answer, RuntimeSession } from './session.ts'

const { maxPayloadBytes, maxStreamedBytes } = lambdaLimits
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
  if (session.sink && (mode === 'streaming' || isChunked(head))) {
    return streamed(session, session.sink, contentType)
  }
  return {
    maxBytes: maxPayloadBytes,
    end: (body, connection) => end(session, contentType, body, connection),
  }
}

/** Go's client streams every response and never says so: where the caller wants a stream, what comes in chunks is one.
 *  source: aws-lambda-go, whose readers stream through response-streaming function URLs */
function isChunked(head: RequestHead): boolean {
  return /\bchunked\b/i.test(head.headers['transfer-encoding'] ?? '')
}

/** Forward the response while it comes; the answer says how it ended. Its first byte opens it: an error before is an ordinary one. */
function streamed(session: RuntimeSession, sink: ResponseSink, contentType: string): Receiver {
  let hasBegun = false
  let isAnswered = false
  const begin = (): void => {
    if (hasBegun) return
    hasBegun = true
    sink.begin(contentType)
  }
  const answer = (told: Answer): void => {
    if (isAnswered) return
    isAnswered = true
    session.listener.onAnswer(session, told)
  }
  return {
    maxBytes: maxStreamedBytes,
    take: (content, connection) => {
      begin()
      if (sink.write(content)) return
      connection.pause()
      sink.onDrain(() => connection.resume())
    },
    overflow: () => answer({ kind: 'too-large', maxBytes: maxStreamedBytes }),
    end: (body, connection) => {
      session.move('sent')
      const told = toAnswer(contentType, body, maxStreamedBytes)
      if (told.kind === 'response') begin()
      answer(told)
      connection.reply(replyTo(body, tooLongStream))
    },
  }
}

function end(
  session: RuntimeSession,
  contentType: string,
  body: Body,
  connection: Connection,
): void {
  session.move('sent')
  session.listener.onAnswer(session, toAnswer(contentType, body, maxPayloadBytes))
  connection.reply(replyTo(body, tooLarge))
}

function replyTo(body: Body, tooLargeReply: string): string {
  if (body.state === 'complete') return accepted
  return body.state === 'too-large' ? tooLargeReply : truncated
}

function toAnswer(contentType: string, body: Body, maxBytes: number): Answer {
  if (body.state === 'too-large') return { kind: 'too-large', maxBytes }
  if (body.state === 'truncated') return { kind: 'truncated' }
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
