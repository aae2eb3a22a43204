/**
 * The replies of the Runtime API to the runtime, as whole HTTP responses: statuses, bodies and header names exactly as AWS's daemon
 * sends them, JSON escaped for HTML and ended by a newline.
 * source: Runtime Interface Emulator, rapi/rendering and rapi/model.
 */
import { lambdaLimits } from '../../config.ts'
import { type RuntimeState, wantedState } from '../states.ts'

type Refusable = keyof typeof wantedState

/** A response with a JSON body.
 *  @param fields  further header fields, each with its line end */
export function jsonReply(status: string, value: unknown, fields = ''): string {
  const body = `${escapeHtml(JSON.stringify(value))}\n`
  return reply(status, 'application/json', body).replace('\r\n', `\r\n${fields}`)
}

/** A response with a body of text. */
export function reply(status: string, contentType: string, body: string): string {
  const length = Buffer.byteLength(body)
  return `HTTP/1.1 ${status}\r\nContent-Type: ${contentType}\r\nContent-Length: ${length}\r\n\r\n${body}`
}

function escapeHtml(json: string): string {
  return json.replaceAll('<', '\\u003c').replaceAll('>', '\\u003e').replaceAll('&', '\\u0026')
}

const plainText = 'text/plain; charset=utf-8'

export const accepted = jsonReply('202 Accepted', { status: 'OK' })
/** to a runtime that goes on from its snapshot */
export const restored = reply('200 OK', 'application/json', '')
export const unknownToken = reply(
  '404 Not Found',
  plainText,
  'cannot get credentials for the provided token\n',
)
export const pong = reply('200 OK', plainText, 'pong')
export const notFound = reply('404 Not Found', plainText, '404 page not found\n')
/** a reply to HEAD has no body, whatever its length says */
export const notFoundHead = notFound.slice(0, -'404 page not found\n'.length)
export const methodNotAllowed = 'HTTP/1.1 405 Method Not Allowed\r\nContent-Length: 0\r\n\r\n'
export const badRequest =
  'HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n400 Bad Request'
export const headTooLarge =
  'HTTP/1.1 431 Request Header Fields Too Large\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n431 Request Header Fields Too Large'
/** for web pages, which have no business here */
export const forbiddenOrigin = jsonReply('403 Forbidden', {
  errorMessage: 'Requests of web pages are not served',
  errorType: 'Forbidden',
})

export const invalidRequestId = jsonReply('400 Bad Request', {
  errorMessage: 'Invalid request ID',
  errorType: 'InvalidRequestID',
})
export const invalidResponseMode = jsonReply('400 Bad Request', {
  errorMessage: 'Invalid function response mode',
  errorType: 'InvalidFunctionResponseMode',
})
export const truncated = jsonReply('400 Bad Request', {
  errorMessage: 'HTTP request detected as truncated',
  errorType: 'TruncatedHTTPRequest',
})
export const tooLarge = tooLargeReply(lambdaLimits.maxPayloadBytes)
/** the same for a streamed response */
export const tooLongStream = tooLargeReply(lambdaLimits.maxStreamedBytes)

function tooLargeReply(maxBytes: number): string {
  return jsonReply('413 Request Entity Too Large', {
    errorMessage: `Exceeded maximum allowed payload size (${maxBytes} bytes).`,
    errorType: 'RequestEntityTooLarge',
  })
}

/** to an answer that comes after its invocation timed out, where the process lives on */
export const invokeTimeout = jsonReply('410 Gone', {
  errorMessage: 'Invoke timeout',
  errorType: 'InvokeTimeout',
})
export const tooManyIdleRuntimes = jsonReply('400 Bad Request', {
  errorMessage: 'Too many idle runtimes',
  errorType: 'Runtime.TooManyIdleRuntimes',
})

/** A call that is not allowed now. */
export function invalidTransition(from: RuntimeState, call: Refusable): string {
  return jsonReply('403 Forbidden', {
    errorMessage: `State transition from ${from} to ${wantedState[call]} failed for runtime. Error: State transition is not allowed`,
    errorType: 'InvalidStateTransition',
  })
}
