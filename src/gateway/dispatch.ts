/**
 * From a request to the answer of its service: identify, authenticate, decode, call, encode. Both lanes end here, and only here
 * errors become bytes. Knows nothing of sockets.
 */
import { defaults, lambdaLimits, limits } from '../config.ts'
import { AwsError } from '../lib/errors/aws-error.ts'
import { requestTooLarge } from '../lib/errors/lambda.ts'
import type { Clock } from '../lib/clock.ts'
import type { Ids } from '../lib/ids.ts'
import {
  decodeInput,
  encodeOutput,
  identify,
  notImplemented,
  unknownOperation,
} from '../protocol/codec.ts'
import type { Identified, WireBody, WireRequest, WireResponse } from '../protocol/codec.ts'
import { serviceFacts } from '../protocol/load-model.ts'
import type { ServiceName } from '../protocol/services.ts'
import { AuthFailure } from './auth/auth-failure.ts'
import { readAuthorization } from './auth/authorization.ts'
import type { Authorization } from './auth/authorization.ts'
import type { SignedParts } from './auth/canonical.ts'
import { openSignedBody } from './auth/payload.ts'
import type { Admitted, Verifier } from './auth/verify.ts'
import { bodyTooLarge, collect, joined, tooMuchAtOnce, unpackGzip } from './body.ts'
import type { BodyLimit, BodySource, BytesInFlight } from './body.ts'
import { renderError, wireRequestId, withRequestIds } from './respond.ts'
import type { RawRequest, RawResponse, RequestContext, Service } from './service.ts'

/** What dispatching needs of its server. */
export type Dispatcher = {
  readonly services: ReadonlyMap<ServiceName, Service>
  readonly verifier: Verifier
  readonly clock: Clock
  readonly ids: Ids
  readonly inFlight: BytesInFlight
  /** base URL for clients whose Host header says nothing */
  endpoint(): string
  /** told of everything thrown that is no AwsError */
  onInternalError(error: unknown, operation: string): void
}

/** A request whose body is not read yet. */
export type Exchange = {
  /** the headers are this exchange's own: announced trailers are added to them */
  readonly request: WireRequest & { readonly headers: Record<string, string> }
  readonly body: BodySource
  readonly signal: AbortSignal
}

/** What is known so far, for the answer of an error. */
type Progress = { readonly requestId: string; identified: Identified | undefined }

/** Answer a request of any service.
 *  @throws ClientGone when there is nobody to answer */
export async function dispatch(dispatcher: Dispatcher, exchange: Exchange): Promise<WireResponse> {
  const progress: Progress = { requestId: dispatcher.ids.uuid(), identified: undefined }
  try {
    const response = await run(dispatcher, exchange, progress)
    return withRequestIds(response, progress, dispatcher.ids)
  } catch (error) {
    return renderError(dispatcher, error, progress)
  }
}

async function run(
  dispatcher: Dispatcher,
  exchange: Exchange,
  progress: Progress,
): Promise<WireResponse> {
  const { request } = exchange
  const signature = tryReadAuthorization(request)
  const scope = signature instanceof AuthFailure ? undefined : signature?.scope
  progress.identified = identify(request, undefined, scope)
  if (signature instanceof AuthFailure) throw signature
  const admitted = signature && dispatcher.verifier.admit(request, signature)
  if (!admitted) refuseUnsigned(progress.identified)
  let body = await openBody(dispatcher, exchange, { admitted, identified: progress.identified })
  if (progress.identified?.needsBody) {
    body = await wholeBody(body, bodyLimit(dispatcher, progress.identified))
    progress.identified = identify(request, joined(body), scope)
    if (!admitted) refuseUnsigned(progress.identified)
  }
  const { identified } = progress
  if (identified === undefined) throw unknownService()
  if (admitted) checkScope(admitted, identified)
  if (identified.operation === undefined) throw unknownOperation(identified, request)
  const requestId = wireRequestId(progress)
  return call(dispatcher, { exchange, admitted, identified, body, requestId })
}

function tryReadAuthorization(request: WireRequest): Authorization | AuthFailure | undefined {
  try {
    return readAuthorization(request)
  } catch (error) {
    if (error instanceof AuthFailure) return error
    throw error
  }
}

/** A form body may still turn out to be an operation that is open to everybody. */
function refuseUnsigned(identified: Identified | undefined): void {
  if (identified?.needsBody || identified?.isUnsigned) return
  throw new AuthFailure('missing', 'Missing Authentication Token')
}

/** A credential is scoped to one service.
 *  source  "Common Errors" of the API references (InvalidSignatureException) */
function checkScope({ authorization, isS3 }: Admitted, identified: Identified): void {
  const expected = serviceFacts[identified.service].signingName
  if (authorization.scope.service === expected || (isS3 && identified.service === 's3')) return
  throw new AuthFailure('scope', `Credential should be scoped to correct service: '${expected}'. `)
}

function unknownService(): AwsError {
  return new AwsError({
    code: 'UnknownOperationException',
    status: 404,
    message: 'The request names no service of Lair',
  })
}

type Body = readonly Uint8Array[] | AsyncIterable<Uint8Array>

/** A caller whose signature is not proven yet, or who has none, does not get to send much. */
const maxUnsignedBytes = 1024 * 1024

async function openBody(
  dispatcher: Dispatcher,
  exchange: Exchange,
  known: { admitted: Admitted | undefined; identified: Identified | undefined },
): Promise<Body> {
  const { request, body } = exchange
  const { admitted, identified } = known
  const limit = admitted
    ? bodyLimit(dispatcher, identified)
    : { maxBytes: maxUnsignedBytes, tooLarge: bodyTooLarge, inFlight: dispatcher.inFlight }
  // A stream is not kept: its length is the handler's business.
  const isKept = !(admitted && identified?.streamsInput)
  if (isKept && (body.declaredBytes ?? 0) > limit.maxBytes) throw limit.tooLarge()
  if (!admitted) return (await collect(body.stream(), limit)).chunks
  return openSignedBody(dispatcher.verifier, {
    parts: request,
    admitted,
    source: body,
    limit,
    trailers: request.headers,
  })
}

function bodyLimit(
  { inFlight }: Pick<Dispatcher, 'inFlight'>,
  identified: Identified | undefined,
): BodyLimit {
  const { service, operation } = identified ?? {}
  if (
    service === 'lambda' &&
    (operation === 'Invoke' || operation === 'InvokeWithResponseStream')
  ) {
    return { maxBytes: lambdaLimits.maxPayloadBytes, tooLarge: invokeTooLarge, inFlight }
  }
  return { maxBytes: limits.maxBodyBytes, tooLarge: bodyTooLarge, inFlight }
}

/** source  Lambda API reference, Invoke (RequestTooLargeException) */
function invokeTooLarge(): AwsError {
  return requestTooLarge(
    `Request must be smaller than ${lambdaLimits.nominalPayloadBytes} bytes for the InvokeFunction operation`,
  )
}

async function wholeBody(body: Body, limit: BodyLimit): Promise<readonly Uint8Array[]> {
  return Symbol.asyncIterator in body ? (await collect(body, limit)).chunks : body
}

type Call = {
  readonly exchange: Exchange
  readonly admitted: Admitted | undefined
  readonly identified: Identified
  readonly body: Body
  readonly requestId: string
}

async function call(dispatcher: Dispatcher, given: Call): Promise<WireResponse> {
  const { exchange, admitted, identified, requestId } = given
  const { request, signal } = exchange
  const service = dispatcher.services.get(identified.service)
  const context = requestContext(dispatcher, {
    requestId,
    admitted,
    headers: request.headers,
    signal,
  })
  const raw = ownMember(service?.raw, identified.operation)
  if (raw) {
    const body = await wholeBody(given.body, bodyLimit(dispatcher, identified))
    const { method, target, headers } = request
    const response = await raw({ method, target, headers, body }, context)
    return { ...response, body: joined(response.body) }
  }
  const handler = ownMember(service?.handlers, identified.operation)
  if (!handler) throw notImplemented(identified)
  const input = decodeInput(identified, request, await inputBody(dispatcher, given))
  return encodeOutput(identified, await handler(input as never, context), requestId)
}

/** The body as the codec takes it: a stream only where the operation takes one. */
async function inputBody(
  dispatcher: Dispatcher,
  { exchange, identified, admitted, body }: Call,
): Promise<WireBody> {
  if (identified.streamsInput && Symbol.asyncIterator in body) return body
  const limit = bodyLimit(dispatcher, identified)
  const bytes = joined(await wholeBody(body, limit))
  const isPacked = exchange.request.headers['content-encoding']?.toLowerCase() === 'gzip'
  return isPacked && !admitted?.isS3 ? unpackGzip(bytes, limit) : bytes
}

function ownMember<Value>(
  members: Readonly<Record<string, Value>> | undefined,
  name: string | undefined,
): Value | undefined {
  return members && name !== undefined && Object.hasOwn(members, name) ? members[name] : undefined
}

type ContextParts = Pick<RequestContext, 'requestId' | 'headers' | 'signal'> & {
  readonly admitted: Admitted | undefined
}

function requestContext(dispatcher: Dispatcher, parts: ContextParts): RequestContext {
  const { requestId, headers, signal, admitted } = parts
  const credential = admitted?.credential
  return {
    accountId: credential?.accountId ?? defaults.accountId,
    region: admitted?.authorization.scope.region ?? defaults.region,
    requestId,
    caller: credential && {
      accountId: credential.accountId,
      accessKeyId: credential.accessKeyId,
      arn: credential.arn,
    },
    endpoint: endpointOf(headers, dispatcher),
    headers,
    signal,
  }
}

const hostForm = /^(?:[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{1,5})?$/

function endpointOf(headers: RequestContext['headers'], dispatcher: Dispatcher): string {
  const host = headers['host']
  return host !== undefined && hostForm.test(host) ? `http://${host}` : dispatcher.endpoint()
}

/** What the fast lane knows of its one operation. */
export type InvokeRoute = {
  readonly admit: (head: SignedParts) => Admitted | RawResponse
  readonly answer: (
    request: RawRequest,
    admitted: Admitted,
    bodySha256: string,
    signal: AbortSignal,
  ) => Promise<RawResponse>
  readonly tooLarge: () => RawResponse
  readonly tooMuchAtOnce: () => RawResponse
}

/** Prepare the answering of Invoke without the codec.
 *  @returns undefined when no service takes it raw */
export function invokeRoute(dispatcher: Dispatcher): InvokeRoute | undefined {
  const handler = dispatcher.services.get('lambda')?.raw?.['Invoke']
  if (!handler) return undefined
  const identified = identify(
    { method: 'POST', target: '/2015-03-31/functions/x/invocations', headers: {}, host: '' },
    undefined,
    { service: 'lambda', region: defaults.region },
  )
  const begin = (): Progress => ({ requestId: dispatcher.ids.uuid(), identified })
  const fail = (error: unknown, progress: Progress): RawResponse => {
    const response = renderError(dispatcher, error, progress)
    return { ...response, body: response.body instanceof Uint8Array ? [response.body] : [] }
  }
  return {
    admit: (head) => {
      try {
        return admitInvoke(dispatcher.verifier, head)
      } catch (error) {
        return fail(error, begin())
      }
    },
    answer: async (request, admitted, bodySha256, signal) => {
      const progress = begin()
      try {
        dispatcher.verifier.check(request, admitted, bodySha256)
        const { headers } = request
        const { requestId } = progress
        const response = await handler(
          request,
          requestContext(dispatcher, { requestId, admitted, headers, signal }),
        )
        return withRequestIds(response, progress, dispatcher.ids)
      } catch (error) {
        return fail(error, progress)
      }
    },
    tooLarge: () => fail(invokeTooLarge(), begin()),
    tooMuchAtOnce: () => fail(tooMuchAtOnce(), begin()),
  }
}

function admitInvoke(verifier: Verifier, head: SignedParts): Admitted {
  const authorization = readAuthorization(head)
  if (!authorization) throw new AuthFailure('missing', 'Missing Authentication Token')
  const admitted = verifier.admit(head, authorization)
  if (authorization.scope.service !== 'lambda') {
    throw new AuthFailure('scope', "Credential should be scoped to correct service: 'lambda'. ")
  }
  return admitted
}
