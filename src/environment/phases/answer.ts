/** What the caller is told of the runtime's answer. */
import { unreachable } from '../../lib/assert.ts'
import type { Reply } from '../../model.ts'
import { errorPayload } from '../failure.ts'
import type { Answer } from '../runtime-api/session.ts'

const json = 'application/json'

/** source: AWS Lambda dev guide "Troubleshoot invocation issues"; replies recorded from AWS (the size is the limit, not the response's) */
export function answerToReply(answer: Answer, requestId: string): Reply {
  switch (answer.kind) {
    case 'response':
      return { kind: 'ok', payload: answer.payload, contentType: answer.contentType }
    case 'error': {
      const { payload, contentType, errorType } = answer
      return { kind: 'function-error', payload, contentType, errorType }
    }
    case 'too-large': {
      const errorType = 'Function.ResponseSizeTooLarge'
      const errorMessage = `Response payload size exceeded maximum allowed payload size (${answer.maxBytes} bytes).`
      // The one payload with its members in this order.
      const payload = [Buffer.from(JSON.stringify({ errorMessage, errorType }))]
      return { kind: 'function-error', payload, contentType: json, errorType }
    }
    case 'truncated': {
      const errorType = 'Runtime.TruncatedResponse'
      const errorMessage = `RequestId: ${requestId} Error: HTTP request detected as truncated`
      const payload = errorPayload(errorType, errorMessage)
      return { kind: 'function-error', payload, contentType: json, errorType }
    }
    default:
      return unreachable(answer)
  }
}
