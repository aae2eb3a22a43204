/** The real SDK clients as counterparts: a client whose requests end in our codec and whose answers come from it. */
import { Readable } from 'node:stream'
import { identify } from '../../src/protocol/codec.ts'
import type { Identified, WireRequest, WireResponse } from '../../src/protocol/codec.ts'
import { serviceFacts } from '../../src/protocol/load-model.ts'
import type { ServiceName } from '../../src/protocol/services.ts'

export type Sdk = Readonly<Record<string, unknown>>

export type Arrived = {
  readonly identified: Identified | undefined
  readonly request: WireRequest
  readonly body: Buffer
}

export type SdkClient = { send(command: object): Promise<Record<string, unknown>>; destroy(): void }

/** What the server answers to a request. */
export type Answer = (arrived: Arrived) => WireResponse

type SdkRequest = {
  readonly method: string
  readonly hostname: string
  readonly path: string
  readonly query?: Readonly<Record<string, string | readonly string[] | null>>
  readonly headers: Readonly<Record<string, string>>
  readonly body?: unknown
}

/** The package of a service's client. */
export async function importSdk(service: ServiceName): Promise<Sdk> {
  return (await import(`@aws-sdk/client-${service}`)) as Sdk
}

/** A client of a service; `answer` is called with every request it makes. */
export function openClient(
  service: ServiceName,
  sdk: Sdk,
  answer: Answer,
  options: object = {},
): SdkClient {
  const name = Object.keys(sdk).find((key) => key.endsWith('Client') && key !== '__Client') ?? ''
  const Client = sdk[name] as new (options: object) => SdkClient
  return new Client({
    region: 'us-east-1',
    endpoint: 'http://127.0.0.1:4566',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    maxAttempts: 1,
    forcePathStyle: true,
    ...(service === 'sqs' ? { md5: false } : {}),
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: { handle: (request: SdkRequest) => handle(service, request, answer) },
    ...options,
  })
}

/** A command of an operation. */
export function commandOf(sdk: Sdk, operation: string, input: object): object {
  const Command = sdk[`${operation}Command`] as new (input: object) => object
  return new Command(input)
}

async function handle(service: ServiceName, given: SdkRequest, answer: Answer): Promise<object> {
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(given.headers)) headers[name.toLowerCase()] = value
  const request: WireRequest = {
    method: given.method,
    target: given.path + queryOf(given.query ?? {}),
    headers,
    host: given.hostname,
  }
  const body = await bytesOf(given.body)
  const scopeService = /\/([^/]+)\/aws4_request/.exec(headers['authorization'] ?? '')?.[1]
  const scope = { service: scopeService ?? serviceFacts[service].signingName, region: 'us-east-1' }
  const early = identify(request, undefined, scope)
  const identified = early?.needsBody === true ? identify(request, body, scope) : early
  const response = answer({ identified, request, body })
  const stream =
    response.body instanceof Uint8Array
      ? Readable.from([response.body])
      : Readable.from(response.body)
  return {
    response: { statusCode: response.status, headers: { ...response.headers }, body: stream },
  }
}

function queryOf(query: Readonly<Record<string, string | readonly string[] | null>>): string {
  const parts: string[] = []
  for (const [name, value] of Object.entries(query)) {
    if (value === null || value === undefined) parts.push(encodeURIComponent(name))
    else
      for (const item of [value].flat())
        parts.push(`${encodeURIComponent(name)}=${encodeURIComponent(item)}`)
  }
  return parts.length === 0 ? '' : `?${parts.join('&')}`
}

async function bytesOf(body: unknown): Promise<Buffer> {
  if (body === undefined || body === null) return Buffer.alloc(0)
  if (typeof body === 'string' || body instanceof Uint8Array) return Buffer.from(body)
  const parts: Uint8Array[] = []
  for await (const part of body as AsyncIterable<Uint8Array>) parts.push(part)
  return Buffer.concat(parts)
}

/** The same value with bytes as base64 and dates as text, so that only content is compared. */
export function normal(value: unknown): unknown {
  if (value instanceof Uint8Array) return `bytes ${Buffer.from(value).toString('base64')}`
  if (value instanceof Date) return `date ${value.toISOString()}`
  if (Array.isArray(value)) return value.map(normal)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, item]) => item !== undefined)
      .map(([name, item]) => [name, normal(item)]),
  )
}
