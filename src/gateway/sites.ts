/**
 * Web sites beside AWS's own API, on the same port: function URLs. A site is told apart by its host name or its path before anything
 * else is looked at; nothing of a request for a site ever reaches the API, and nothing of the API a site. Here the caller is
 * verified where the site wants that, and the body is read; what a site answers is decided in the room that made it.
 */
import { lambdaLimits } from '../config.ts'
import type { Clock } from '../lib/clock.ts'
import { AwsError } from '../lib/errors/aws-error.ts'
import type { Ids } from '../lib/ids.ts'
import { AuthFailure, toAwsError } from './auth/auth-failure.ts'
import { readAuthorization } from './auth/authorization.ts'
import type { Verifier } from './auth/verify.ts'
import { ClientGone, collect } from './body.ts'
import type { BytesInFlight } from './body.ts'
import { isForeignPage } from './browser-guard.ts'
import type { LocalRequest, LocalResponse } from './local-routes.ts'
import type { Caller } from './service.ts'

/** A request for a site, checked and read. */
export type SiteRequest = {
  readonly requestId: string
  readonly method: string
  /** path and query as on the wire, without what names the site */
  readonly target: string
  /** lower-case names; repeated headers joined by `,` */
  readonly headers: Readonly<Record<string, string>>
  readonly body: readonly Uint8Array[]
  /** of the client */
  readonly sourceIp: string
  /** of the server */
  readonly port: number
  /** who signed; undefined where that was not asked for */
  readonly caller: Caller | undefined
  /** aborted when the client has gone */
  readonly signal: AbortSignal
}

export type Site = {
  /** path and query within the site */
  readonly target: string
  /** true when the site is named by the path: its pages then share their origin with the API */
  readonly isByPath: boolean
  /** Answer at once, before the caller is known and the body is read (a preflight); undefined to go on. */
  answerEarly(method: string, headers: SiteRequest['headers']): LocalResponse | undefined
  /** region in which the request must be signed; undefined lets everybody in, pages of other sites too */
  readonly signedIn: string | undefined
  answer(request: SiteRequest): Promise<LocalResponse>
  /** Dress an error of the gateway's as the site's own. */
  refuse(status: number, code: string, message: string): LocalResponse
}

export type Sites = {
  /** @returns the site a request is for; undefined when it is for the API */
  find(host: string, target: string): Site | undefined
}

type SiteLane = {
  readonly sites: Sites
  readonly verifier: Verifier
  readonly inFlight: BytesInFlight
  readonly clock: Clock
  readonly ids: Ids
  /** true while pages of other sites could sign */
  readonly guardsAgainstPages: () => boolean
  onInternalError(error: unknown, operation: string): void
}

const siteHost = /\.lambda-url\./i

/** true for the host names of function URLs: `<id>.lambda-url.<region>.…` */
export function isSiteHost(host: string | undefined): boolean {
  return host !== undefined && siteHost.test(host)
}

/** Answers requests for sites.
 *  @returns undefined for a request that is for the API; rejects with ClientGone only */
export type SiteServer = (request: LocalRequest) => Promise<LocalResponse> | undefined

/** Make the server of all sites. */
export function createSiteServer(lane: SiteLane): SiteServer {
  return (request) => {
    const site = lane.sites.find(request.headers['host'] ?? '', request.target)
    return site && serve(lane, site, request)
  }
}

async function serve(lane: SiteLane, site: Site, request: LocalRequest): Promise<LocalResponse> {
  const requestId = lane.ids.uuid()
  const response = await answer(lane, { site, request, requestId })
  const { body } = response
  const isBare = request.method === 'HEAD' && body instanceof Uint8Array
  const headers = {
    'x-amzn-RequestId': requestId,
    ...response.headers,
    ...(isBare && { 'content-length': String(body.length) }),
  }
  return { ...response, headers: site.isByPath ? sandboxed(headers) : headers }
}

type Visit = {
  readonly site: Site
  readonly request: LocalRequest
  readonly requestId: string
}

async function answer(lane: SiteLane, visit: Visit): Promise<LocalResponse> {
  const { site, request } = visit
  try {
    const headers = siteHeaders(request)
    const early = site.answerEarly(request.method, headers)
    if (early) return early
    const { caller, body } = await enter(lane, visit)
    const { requestId } = visit
    const { method, signal, sourceIp = '', port = 0 } = request
    const { target } = site
    return await site.answer({
      requestId,
      method,
      target,
      headers,
      body,
      sourceIp,
      port,
      caller,
      signal,
    })
  } catch (error) {
    if (error instanceof ClientGone) throw error
    const told = error instanceof AuthFailure ? toAwsError(error, 'rest') : error
    if (told instanceof AwsError) return refusalOf(site, told)
    lane.onInternalError(error, 'function URL')
    return site.refuse(500, 'InternalFailure', 'Internal Server Error')
  }
}

/** AWS's answer tells nobody why; a header of Lair's own does. */
export function refusalOf(
  { refuse }: Pick<Site, 'refuse'>,
  { status, code, message, fields }: AwsError,
): LocalResponse {
  const refusal = refuse(status, code, message)
  const { reason } = fields
  if (typeof reason !== 'string') return refusal
  return { ...refusal, headers: { ...refusal.headers, 'x-lair-reason': reason } }
}

/** Read the body, of a caller who may come in. */
async function enter(
  lane: SiteLane,
  { site, request }: Visit,
): Promise<{ caller: Caller | undefined; body: readonly Uint8Array[] }> {
  const limit = {
    maxBytes: lambdaLimits.nominalPayloadBytes,
    tooLarge,
    inFlight: lane.inFlight,
  }
  if ((request.body.declaredBytes ?? 0) > limit.maxBytes) throw tooLarge()
  if (site.signedIn === undefined) {
    const { chunks } = await collect(request.body.stream(), limit)
    return { caller: undefined, body: chunks }
  }
  if (lane.guardsAgainstPages() && isForeignPage(request.headers)) {
    throw forbidden('a page of another site could sign with the key "test": make own credentials')
  }
  const authorization = readAuthorization(request)
  if (!authorization) throw forbidden('the request is not signed, and AuthType is AWS_IAM')
  const admitted = lane.verifier.admit(request, authorization)
  const { scope } = authorization
  if (scope.service !== 'lambda') {
    throw new AuthFailure('scope', "Credential should be scoped to correct service: 'lambda'. ")
  }
  if (scope.region !== site.signedIn) {
    throw new AuthFailure('scope', 'Credential should be scoped to a valid region. ')
  }
  const { chunks, sha256 } = await collect(request.body.stream(), limit)
  lane.verifier.check(request, admitted, sha256)
  const { accountId, accessKeyId, arn } = admitted.credential
  return { caller: { accountId, accessKeyId, arn }, body: chunks }
}

function tooLarge(): AwsError {
  return new AwsError({
    code: 'RequestTooLargeException',
    status: 413,
    message: `Request must be smaller than ${lambdaLimits.nominalPayloadBytes} bytes for the InvokeFunction operation`,
  })
}

/** Who may not call, or did not sign.
 *  @param reason  for whoever owns the URL: plain ASCII, nothing of the request
 *  source  AWS Lambda dev guide "Control access to Lambda function URLs"; recorded answers */
export function forbidden(reason: string): AwsError {
  return new AwsError({
    code: 'AccessDeniedException',
    status: 403,
    fields: { reason },
    message:
      'Forbidden. For troubleshooting Function URL authorization issues, see: https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html',
  })
}

/** Headers as they came, each name once.
 *  @throws AwsError InvalidRequestException (400) when two hosts are named: whose request it is could be read in two ways */
function siteHeaders(request: LocalRequest): Record<string, string> {
  const headers: Record<string, string> = Object.create(null)
  const { rawHeaders = [] } = request
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]?.toLowerCase() ?? ''
    const value = rawHeaders[index + 1] ?? ''
    const earlier = headers[name]
    if (earlier !== undefined && name === 'host') {
      throw new AwsError({
        code: 'InvalidRequestException',
        status: 400,
        message: 'The request has more than one Host header',
      })
    }
    const separator = name === 'cookie' ? '; ' : ','
    headers[name] = earlier === undefined ? value : `${earlier}${separator}${value}`
  }
  return headers
}

const sandbox = 'sandbox allow-downloads allow-forms allow-modals allow-popups allow-scripts'

/** A page below the API's own address must not act as the API's: the browser gives it an origin that nothing trusts. */
function sandboxed(headers: Readonly<Record<string, string>>): Record<string, string> {
  const own: string[] = []
  const rest: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) {
    if (name.toLowerCase() === 'content-security-policy') own.push(value)
    else rest[name] = value
  }
  return { ...rest, 'content-security-policy': [sandbox, ...own].join(', ') }
}
