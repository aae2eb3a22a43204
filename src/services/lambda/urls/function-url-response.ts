/**
 * What a function URL answers with what a function returned: an object that describes the response, any other value as JSON, or a
 * streamed response with its prelude. A function's headers pass, but not those that frame the message.
 * source: AWS Lambda dev guide "Invoking Lambda function URLs", response payload format; recorded answers.
 */
import { isJsonObject, type JsonObject } from '../../../lib/json.ts'

/** Status, headers and cookies. */
export type UrlHead = {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly cookies: readonly string[]
}

export type UrlResponse = UrlHead & { readonly body: Uint8Array }

/** Content type by which a runtime says that a stream begins with a prelude. */
export const preludeType = 'application/vnd.awslambda.http-integration-response'
/** ends a prelude */
export const preludeEnd = Buffer.alloc(8)

const json = 'application/json'

/** Map a buffered result.
 *  @returns undefined when it is malformed */
export function toUrlResponse(payload: Buffer): UrlResponse | undefined {
  const value = parse(payload.toString())
  if (value === undefined) return undefined
  if (!isJsonObject(value) || value['statusCode'] === undefined) {
    const text = typeof value === 'string' ? value : JSON.stringify(value)
    const headers = { 'content-type': json }
    return { status: 200, headers, cookies: [], body: Buffer.from(text) }
  }
  const head = toHead(value, json)
  const body = head && toBody(value)
  return head && body && { ...head, body }
}

/** Map a prelude. @returns undefined when it is malformed */
export function toPrelude(text: string): UrlHead | undefined {
  const value = parse(text)
  return isJsonObject(value)
    ? toHead({ statusCode: 200, ...value }, 'application/octet-stream')
    : undefined
}

/** Take a stream's prelude and its payload apart, when all of it is there.
 *  @returns undefined when there is no prelude in it */
export function splitPrelude(bytes: Buffer): { prelude: string; rest: Buffer } | undefined {
  const end = bytes.indexOf(preludeEnd)
  if (end === -1) return undefined
  return { prelude: bytes.toString('utf8', 0, end), rest: bytes.subarray(end + preludeEnd.length) }
}

/** JSON has no undefined. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** What belongs to the connection, or is the server's to say. */
const unheeded = new Set([
  'connection',
  'content-length',
  'date',
  'keep-alive',
  'proxy-authenticate',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'x-amzn-requestid',
])

function toHead(value: JsonObject, defaultType: string): UrlHead | undefined {
  const status = toStatus(value['statusCode'])
  const headers = toHeaders(value['headers'] ?? {})
  const cookies: unknown = value['cookies'] ?? []
  if (status === undefined || headers === undefined || !Array.isArray(cookies)) return undefined
  headers['content-type'] ??= defaultType
  return { status, headers, cookies: cookies.map(String) }
}

/** A number, or a text of one. */
function toStatus(value: unknown): number | undefined {
  if (typeof value !== 'number' && typeof value !== 'string') return undefined
  const status = Number(value)
  return Number.isInteger(status) && status >= 200 && status <= 599 ? status : undefined
}

function toHeaders(value: unknown): Record<string, string> | undefined {
  if (!isJsonObject(value)) return undefined
  const headers: Record<string, string> = Object.create(null)
  for (const [name, item] of Object.entries(value)) {
    const key = name.toLowerCase()
    if (item === null || unheeded.has(key)) continue
    if (typeof item === 'string') headers[key] = item
    else if (typeof item === 'number' || typeof item === 'boolean') headers[key] = `${item}`
    else return undefined
  }
  return headers
}

function toBody({ body, isBase64Encoded }: JsonObject): Buffer | undefined {
  if (body === undefined || body === null) return Buffer.alloc(0)
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  return Buffer.from(text, isBase64Encoded === true ? 'base64' : 'utf8')
}
