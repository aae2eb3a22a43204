/** The command line as a client of a running server: signed requests over HTTP, errors as sentences. */
import { defaults } from '../config.ts'
import { AwsError } from '../lib/errors/aws-error.ts'
import { systemClock } from '../lib/clock.ts'
import { signRequest } from './sign.ts'
import { CommandError } from './terminal.ts'

export type ClientRequest = {
  readonly service: 'lambda' | 'logs'
  readonly method: string
  /** path and query, percent-encoded */
  readonly target: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Uint8Array | string
}

export type ClientResponse = { readonly headers: Headers; readonly body: Buffer }

const requestTimeoutMs = 16 * 60_000

/** Where a server is and with which keys it is spoken to. */
export type Connection = {
  /** base URL */
  readonly endpoint: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
  readonly region: string
}

const endpointNames = {
  lambda: 'AWS_ENDPOINT_URL_LAMBDA',
  logs: 'AWS_ENDPOINT_URL_CLOUDWATCH_LOGS',
} as const

/** What the environment says, as AWS's tools read it; without an endpoint the default address of `lair start`. */
export function connectionOf(service: ClientRequest['service']): Connection {
  const { env } = process
  const url =
    env[endpointNames[service]] ??
    env['AWS_ENDPOINT_URL'] ??
    `http://${defaults.host}:${env['LAIR_PORT'] ?? defaults.port}`
  return {
    endpoint: url.replace(/\/$/, ''),
    accessKeyId: env['AWS_ACCESS_KEY_ID'] ?? 'test',
    secretAccessKey: env['AWS_SECRET_ACCESS_KEY'] ?? 'test',
    ...(env['AWS_SESSION_TOKEN'] && { sessionToken: env['AWS_SESSION_TOKEN'] }),
    region: env['AWS_REGION'] ?? env['AWS_DEFAULT_REGION'] ?? defaults.region,
  }
}

/** Send one signed request.
 *  @param connection  where to; what the environment says unless told
 *  @throws AwsError as the server answered; CommandError when no server answers, or it knows other keys */
export async function send(
  request: ClientRequest,
  connection: Connection = connectionOf(request.service),
): Promise<ClientResponse> {
  const { endpoint, ...signer } = connection
  const url = parseUrl(endpoint + request.target)
  const body = Buffer.from(request.body ?? '')
  const headers = signRequest({
    ...signer,
    method: request.method,
    url,
    headers: { host: url.host, ...request.headers },
    body,
    service: request.service,
    nowMs: systemClock.nowMs(),
  })
  const response = await fetchOrExplain(url, {
    method: request.method,
    headers,
    ...(body.length > 0 && { body }),
    signal: AbortSignal.timeout(requestTimeoutMs),
  })
  const answer = Buffer.from(await response.arrayBuffer())
  if (!response.ok) throw errorOf(response, answer)
  return { headers: response.headers, body: answer }
}

function parseUrl(text: string): URL {
  const url = URL.parse(text)
  if (url) return url
  throw new CommandError(`AWS_ENDPOINT_URL is no URL: "${text}"`)
}

async function fetchOrExplain(url: URL, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, init)
  } catch (error) {
    throw new CommandError(
      `Cannot reach a server at ${url.origin}: start one with "lair start", or set AWS_ENDPOINT_URL (${reason(error)})`,
    )
  }
}

function reason(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined
  if (cause instanceof Error) return 'code' in cause ? String(cause.code) : cause.message
  return error instanceof Error ? error.message : String(error)
}

/** What a server says to keys it does not know. */
const keyErrors = new Set([
  'UnrecognizedClientException',
  'InvalidSignatureException',
  'ExpiredTokenException',
])

function errorOf(response: Response, body: Buffer): AwsError | CommandError {
  let parsed: Readonly<Record<string, string>> = {}
  try {
    parsed = JSON.parse(body.toString('utf8'))
  } catch {
    // not JSON: the status line has to do
  }
  const code =
    response.headers.get('x-amzn-errortype') ?? parsed['__type'] ?? `HTTP ${response.status}`
  const message = parsed['message'] ?? parsed['Message'] ?? response.statusText
  const name = code.replace(/^.*#|:.*$/g, '')
  if (!keyErrors.has(name)) return new AwsError({ code: name, status: response.status, message })
  const [sentence = ''] = message.split('\n', 1)
  return new CommandError(
    `${sentence} (${name}): the server does not know the keys in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY. Run eval "$(lair env)"`,
  )
}
