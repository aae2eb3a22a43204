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

/** Where the server is: `AWS_ENDPOINT_URL`, else the default address. */
export function endpoint(): string {
  return (
    process.env['AWS_ENDPOINT_URL_LAMBDA'] ??
    process.env['AWS_ENDPOINT_URL'] ??
    `http://${defaults.host}:${defaults.port}`
  ).replace(/\/$/, '')
}

/** Send one signed request.
 *  @throws AwsError as the server answered; CommandError when no server answers */
export async function send(request: ClientRequest): Promise<ClientResponse> {
  const url = new URL(endpoint() + request.target)
  const body = Buffer.from(request.body ?? '')
  const headers = signRequest({
    method: request.method,
    url,
    headers: { host: url.host, ...request.headers },
    body,
    service: request.service,
    region: process.env['AWS_REGION'] ?? process.env['AWS_DEFAULT_REGION'] ?? defaults.region,
    accessKeyId: process.env['AWS_ACCESS_KEY_ID'] ?? 'test',
    secretAccessKey: process.env['AWS_SECRET_ACCESS_KEY'] ?? 'test',
    ...(process.env['AWS_SESSION_TOKEN'] && { sessionToken: process.env['AWS_SESSION_TOKEN'] }),
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

function errorOf(response: Response, body: Buffer): AwsError {
  let parsed: Readonly<Record<string, string>> = {}
  try {
    parsed = JSON.parse(body.toString('utf8'))
  } catch {
    // not JSON: the status line has to do
  }
  const code =
    response.headers.get('x-amzn-errortype') ?? parsed['__type'] ?? `HTTP ${response.status}`
  const message = parsed['message'] ?? parsed['Message'] ?? response.statusText
  return new AwsError({ code: code.replace(/^.*#|:.*$/g, ''), status: response.status, message })
}
