/**
 * The event of a request to a function URL: payload format 2.0.
 * source: AWS Lambda dev guide "Invoking Lambda function URLs", request and response payloads; recorded events.
 */
import type { SiteRequest } from '../../../gateway/sites.ts'

export type UrlEventOptions = {
  readonly urlId: string
  /** name of the URL, without port */
  readonly domainName: string
  readonly traceId: string
  /** epoch ms */
  readonly nowMs: number
}

/** Fields of one connection, not of the request, and those that the URL itself writes. */
const dropped = new Set([
  'connection',
  'cookie',
  'expect',
  'keep-alive',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

const routeKey = '$default'

/** Make the event, members in AWS's order. */
export function toUrlEvent(request: SiteRequest, options: UrlEventOptions): string {
  const { headers, target } = request
  const mark = target.indexOf('?')
  const rawPath = mark === -1 ? target : target.slice(0, mark)
  const rawQueryString = mark === -1 ? '' : target.slice(mark + 1)
  const cookies = cookiesOf(headers['cookie'])
  const parameters = parametersOf(rawQueryString)
  return JSON.stringify({
    version: '2.0',
    routeKey,
    rawPath,
    rawQueryString,
    ...(cookies.length > 0 && { cookies }),
    headers: eventHeaders(request, options.traceId),
    ...(parameters !== undefined && { queryStringParameters: parameters }),
    requestContext: requestContext(request, rawPath, options),
    ...bodyOf(request),
  })
}

function eventHeaders(request: SiteRequest, traceId: string): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(request.headers)) {
    if (!dropped.has(name) && !name.startsWith('x-forwarded-')) setOwn(headers, name, value)
  }
  const bytes = bytesOf(request.body)
  if (bytes > 0) headers['content-length'] ??= String(bytes)
  headers['x-amzn-trace-id'] = traceId
  headers['x-forwarded-for'] = plainAddress(request.sourceIp)
  headers['x-forwarded-port'] = String(request.port)
  headers['x-forwarded-proto'] = 'http'
  return headers
}

function requestContext(request: SiteRequest, path: string, options: UrlEventOptions): object {
  const { urlId, domainName, nowMs } = options
  const { caller, headers, method, requestId } = request
  return {
    accountId: caller?.accountId ?? 'anonymous',
    apiId: urlId,
    ...(caller && {
      authorizer: {
        iam: {
          accessKey: caller.accessKeyId,
          accountId: caller.accountId,
          callerId: caller.accountId,
          cognitoIdentity: null,
          principalOrgId: null,
          userArn: caller.arn,
          userId: caller.accountId,
        },
      },
    }),
    domainName,
    domainPrefix: urlId,
    http: {
      method,
      path,
      protocol: 'HTTP/1.1',
      sourceIp: plainAddress(request.sourceIp),
      userAgent: headers['user-agent'],
    },
    requestId,
    routeKey,
    stage: routeKey,
    time: toTime(nowMs),
    timeEpoch: nowMs,
  }
}

/** One text for each cookie, as sent. */
function cookiesOf(header: string | undefined): string[] {
  const cookies = header?.split(';').map((cookie) => cookie.trim()) ?? []
  return cookies.filter((cookie) => cookie !== '')
}

/** Decoded; values of a repeated name joined. */
function parametersOf(query: string): Record<string, string> | undefined {
  if (query === '') return undefined
  const parameters: Record<string, string> = {}
  for (const [name, value] of new URLSearchParams(query)) {
    const earlier = Object.hasOwn(parameters, name) ? `${parameters[name]},` : ''
    setOwn(parameters, name, earlier + value)
  }
  return parameters
}

/** A name may be `__proto__`. */
function setOwn(object: Record<string, string>, name: string, value: string): void {
  Object.defineProperty(object, name, {
    value,
    enumerable: true,
    configurable: true,
    writable: true,
  })
}

const textTypes =
  /^(?:text\/[^;]+|application\/(?:json|javascript|xml|[^;]+\+(?:json|xml)))\s*(?:;|$)/i

/** Text of a textual type is passed as it is, everything else as base64. */
function bodyOf({ body, headers }: SiteRequest): { body?: string; isBase64Encoded: boolean } {
  if (bytesOf(body) === 0) return { isBase64Encoded: false }
  const bytes = Buffer.concat(body)
  const text = textTypes.test(headers['content-type'] ?? '') ? decode(bytes) : undefined
  return text === undefined
    ? { body: bytes.toString('base64'), isBase64Encoded: true }
    : { body: text, isBase64Encoded: false }
}

function decode(bytes: Buffer): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return undefined
  }
}

function bytesOf(body: readonly Uint8Array[]): number {
  return body.reduce((sum, chunk) => sum + chunk.byteLength, 0)
}

/** IPv4 as people write it. */
function plainAddress(address: string): string {
  return address.replace(/^::ffff:/i, '')
}

const months = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ')

/** `12/Mar/2020:19:03:58 +0000` */
function toTime(epochMs: number): string {
  const date = new Date(epochMs)
  const day = String(date.getUTCDate()).padStart(2, '0')
  const clock = date.toISOString().slice(11, 19)
  return `${day}/${months[date.getUTCMonth()]}/${date.getUTCFullYear()}:${clock} +0000`
}
