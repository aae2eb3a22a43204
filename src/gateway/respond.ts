/** Errors and request ids on their way out: the one place that turns what was thrown into a response. */
import { AwsError } from '../lib/errors/aws-error.ts'
import { serviceException } from '../lib/errors/lambda.ts'
import type { Ids } from '../lib/ids.ts'
import { encodeError } from '../protocol/codec.ts'
import type { Identified, WireResponse } from '../protocol/codec.ts'
import { AuthFailure, toAwsError } from './auth/auth-failure.ts'
import type { Dialect } from './auth/auth-failure.ts'
import { ClientGone } from './body.ts'

/** What is known of the request that is answered. */
export type Answered = {
  readonly requestId: string
  readonly identified: Identified | undefined
}

type Reporter = {
  readonly ids: Ids
  onInternalError(error: unknown, operation: string): void
}

/** The response to an error: AWS's own for the caller's, a 500 that tells nothing for ours.
 *  @throws ClientGone, handed on: there is nobody to answer */
export function renderError(reporter: Reporter, error: unknown, answered: Answered): WireResponse {
  if (error instanceof ClientGone) throw error
  const { identified, requestId } = answered
  try {
    const awsError = toCallersError(reporter, error, identified)
    return withRequestIds(
      encodeError(identified, awsError, wireRequestId(answered)),
      answered,
      reporter.ids,
    )
  } catch (cause) {
    reporter.onInternalError(cause, operationName(identified))
    return { status: 500, headers: { 'x-amzn-RequestId': requestId }, body: new Uint8Array() }
  }
}

const requestIdNames = new Set(['x-amzn-requestid', 'x-amz-request-id'])

/** Add the headers by which AWS names a request, unless the handler did.
 *  source  S3 user guide "Getting Amazon S3 request IDs"; response headers of the other services' API references */
export function withRequestIds<Response extends Pick<WireResponse, 'headers'>>(
  response: Response,
  answered: Answered,
  ids: Ids,
): Response {
  const names = Object.keys(response.headers)
  if (names.some((name) => requestIdNames.has(name.toLowerCase()))) return response
  const own =
    answered.identified?.service === 's3'
      ? {
          'x-amz-request-id': wireRequestId(answered),
          'x-amz-id-2': Buffer.from(ids.hex(48), 'hex').toString('base64'),
        }
      : { 'x-amzn-RequestId': answered.requestId }
  return { ...response, headers: { ...own, ...response.headers } }
}

/** The request id as the service writes it: S3's are 16 upper-case characters. */
export function wireRequestId({ identified, requestId }: Answered): string {
  return identified?.service === 's3'
    ? requestId.replaceAll('-', '').slice(0, 16).toUpperCase()
    : requestId
}

function toCallersError(
  reporter: Reporter,
  error: unknown,
  identified: Identified | undefined,
): AwsError {
  if (error instanceof AwsError) return error
  const dialect = dialectOf(identified)
  if (error instanceof AuthFailure) return toAwsError(error, dialect)
  reporter.onInternalError(error, operationName(identified))
  return internalError(dialect, identified)
}

function dialectOf(identified: Identified | undefined): Dialect {
  switch (identified?.protocol) {
    case 'restXml':
      return 's3'
    case 'awsQuery':
      return 'query'
    case 'awsJson1_0':
    case 'awsJson1_1':
    case 'rpcv2Cbor':
      return 'json'
    default:
      return 'rest'
  }
}

function internalError(dialect: Dialect, identified: Identified | undefined): AwsError {
  const message = 'We encountered an internal error. Please try again.'
  if (identified?.service === 'lambda') return serviceException(message)
  const code = dialect === 's3' ? 'InternalError' : 'InternalFailure'
  return new AwsError({ code, status: 500, message })
}

function operationName(identified: Identified | undefined): string {
  return `${identified?.service ?? 'unknown'}.${identified?.operation ?? 'unknown'}`
}
