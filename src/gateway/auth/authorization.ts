/**
 * What a request says of its own signature: from the Authorization header or from the query of a presigned URL. Only reads;
 * verify.ts decides whether to believe it.
 */
import { AuthFailure } from './auth-failure.ts'
import { splitTarget, uriDecode } from './canonical.ts'
import type { SignedParts } from './canonical.ts'

/** `<date>/<region>/<service>/aws4_request`, the second half of a credential. */
export type CredentialScope = {
  /** YYYYMMDD */
  readonly date: string
  readonly region: string
  readonly service: string
}

export type Authorization = {
  readonly kind: 'header' | 'query'
  readonly accessKeyId: string
  readonly scope: CredentialScope
  /** lower-case names, in the client's order */
  readonly signedHeaders: readonly string[]
  /** lower-case hex, 64 characters */
  readonly signature: string
  /** basic ISO 8601, `YYYYMMDDTHHMMSSZ` */
  readonly timestamp: string
  /** the same, epoch ms */
  readonly signedAtMs: number
  /** how long a presigned URL is good for; undefined when it does not say */
  readonly expiresMs: number | undefined
  readonly sessionToken: string | undefined
}

const algorithm = 'AWS4-HMAC-SHA256'
const signatureForm = /^[0-9a-f]{64}$/
const regionForm = /^[a-z0-9-]{1,32}$/
const serviceForm = /^[A-Za-z0-9-]{1,64}$/
const headerNames = /^[!#$%&'*+\-.^_`|~0-9a-z]+(?:;[!#$%&'*+\-.^_`|~0-9a-z]+)*$/
const basicTimestamp = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/

/** Read the signature of a request.
 *  @returns undefined when the request carries none
 *  @throws AuthFailure when it carries one that cannot be read
 *  source  AWS IAM user guide "Authentication methods"; S3 API reference "Authenticating requests: using query parameters" */
export function readAuthorization(parts: SignedParts): Authorization | undefined {
  const header = parts.headers['authorization']
  if (header !== undefined) return fromHeader(header, parts)
  const { query } = splitTarget(parts.target)
  if (query.includes('X-Amz-')) return fromQuery(query)
  if (query.includes('AWSAccessKeyId=') && query.includes('Signature=')) throw unsupported('SigV2')
  return undefined
}

/** the newest timestamp that was read: in one second all clients send the same */
let newest: { readonly text: string; readonly atMs: number } = { text: '', atMs: 0 }

/** Epoch ms of `YYYYMMDDTHHMMSSZ`; undefined when it is no such time. */
export function parseTimestamp(text: string): number | undefined {
  if (text === newest.text) return newest.atMs
  const atMs = toEpochMs(text)
  if (atMs !== undefined) newest = { text, atMs }
  return atMs
}

function toEpochMs(text: string): number | undefined {
  const match = basicTimestamp.exec(text)
  if (!match) return undefined
  const [year, month, day, hour, minute, second] = match.slice(1).map(Number)
  const at = Date.UTC(year ?? 0, (month ?? 0) - 1, day, hour, minute, second)
  // A day or hour that does not exist would have been carried over.
  const date = new Date(at)
  const exists =
    date.getUTCFullYear() === year &&
    date.getUTCMonth() + 1 === month &&
    date.getUTCDate() === day &&
    date.getUTCHours() === hour &&
    date.getUTCMinutes() === minute
  return exists && (second ?? 60) < 60 ? at : undefined
}

/** `YYYYMMDDTHHMMSSZ` of an epoch time in ms. */
export function formatTimestamp(atMs: number): string {
  return new Date(atMs).toISOString().replace(/[:-]|\.\d{3}/g, '')
}

/** Everything of the header but the signature itself. */
type Signer = Pick<Authorization, 'accessKeyId' | 'scope' | 'signedHeaders'>

/** A client sends the same header but for the signature until midnight: what it means is kept. */
const signers = new Map<string, Signer>()
const maxSignerCount = 1000
const maxSignerLength = 1024
const signatureMark = 'Signature='

function fromHeader(header: string, parts: SignedParts): Authorization {
  const split = header.length - 64
  const start = header.slice(0, split)
  const signer = signers.get(start)
  const time = signer && timeOfHeaders(parts.headers)
  if (signer === undefined || time === undefined) return fromNewHeader(header, parts)
  return {
    kind: 'header',
    accessKeyId: signer.accessKeyId,
    scope: signer.scope,
    signedHeaders: signer.signedHeaders,
    signature: parseSignature(header.slice(split), 'incomplete'),
    timestamp: time.timestamp,
    signedAtMs: time.signedAtMs,
    expiresMs: undefined,
    sessionToken: parts.headers['x-amz-security-token'],
  }
}

function fromNewHeader(header: string, parts: SignedParts): Authorization {
  const fields = headerFields(header)
  const time = timeOfHeaders(parts.headers)
  const lacking = ['Credential', 'Signature', 'SignedHeaders'].filter((name) => !fields.get(name))
  if (lacking.length > 0 || time === undefined) throw incompleteHeader(lacking, time === undefined)
  const { accessKeyId, scope } = parseCredential(fields.get('Credential') ?? '', 'incomplete')
  const signedHeaders = parseSignedHeaders(fields.get('SignedHeaders') ?? '', 'incomplete')
  const signature = parseSignature(fields.get('Signature') ?? '', 'incomplete')
  const start = header.slice(0, header.length - signature.length)
  if (start.endsWith(signatureMark) && start.length <= maxSignerLength) {
    if (signers.size >= maxSignerCount) signers.clear()
    signers.set(start, { accessKeyId, scope, signedHeaders })
  }
  return {
    kind: 'header',
    accessKeyId,
    scope,
    signedHeaders,
    signature,
    ...time,
    expiresMs: undefined,
    sessionToken: parts.headers['x-amz-security-token'],
  }
}

function headerFields(header: string): Map<string, string> {
  const space = header.indexOf(' ')
  const scheme = space === -1 ? header : header.slice(0, space)
  if (scheme !== algorithm) throw wrongScheme(scheme)
  const fields = new Map<string, string>()
  for (const part of header.slice(space + 1).split(',')) {
    const field = part.trim()
    const equals = field.indexOf('=')
    if (equals < 1) {
      throw new AuthFailure(
        'incomplete',
        `'${field}' not a valid key=value pair (missing equal-sign) in Authorization header.`,
      )
    }
    fields.set(field.slice(0, equals), field.slice(equals + 1))
  }
  return fields
}

type Time = Pick<Authorization, 'timestamp' | 'signedAtMs'>

/** X-Amz-Date, or else Date in any form that HTTP knows. */
function timeOfHeaders(headers: SignedParts['headers']): Time | undefined {
  const stamp = headers['x-amz-date']
  if (stamp !== undefined) {
    const signedAtMs = parseTimestamp(stamp)
    if (signedAtMs === undefined) throw badTimestamp(stamp, 'incomplete')
    return { timestamp: stamp, signedAtMs }
  }
  const date = headers['date']
  if (date === undefined) return undefined
  const signedAtMs = parseTimestamp(date) ?? Date.parse(date)
  if (!Number.isFinite(signedAtMs)) throw badTimestamp(date, 'incomplete')
  return { timestamp: formatTimestamp(signedAtMs), signedAtMs }
}

const queryNames = [
  'X-Amz-Algorithm',
  'X-Amz-Credential',
  'X-Amz-Signature',
  'X-Amz-Date',
  'X-Amz-SignedHeaders',
] as const

function fromQuery(query: string): Authorization | undefined {
  const fields = queryFields(query)
  if (!queryNames.some((name) => fields.has(name))) return undefined
  const named = fields.get('X-Amz-Algorithm')
  if (named !== undefined && named !== algorithm) throw wrongScheme(named)
  if (queryNames.some((name) => !fields.get(name))) {
    throw new AuthFailure(
      'incomplete-query',
      'Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.',
    )
  }
  const timestamp = fields.get('X-Amz-Date') ?? ''
  const signedAtMs = parseTimestamp(timestamp)
  if (signedAtMs === undefined) throw badTimestamp(timestamp, 'incomplete-query')
  return {
    kind: 'query',
    ...parseCredential(fields.get('X-Amz-Credential') ?? '', 'incomplete-query'),
    signedHeaders: parseSignedHeaders(fields.get('X-Amz-SignedHeaders') ?? '', 'incomplete-query'),
    signature: parseSignature(fields.get('X-Amz-Signature') ?? '', 'incomplete-query'),
    timestamp,
    signedAtMs,
    expiresMs: parseExpires(fields.get('X-Amz-Expires')),
    sessionToken: fields.get('X-Amz-Security-Token'),
  }
}

/** The `X-Amz-` fields of a query, decoded; of repeated ones the first counts. */
function queryFields(query: string): Map<string, string> {
  const fields = new Map<string, string>()
  for (const part of query.split('&')) {
    const equals = part.indexOf('=')
    if (equals === -1 || !part.startsWith('X-Amz-')) continue
    const name = part.slice(0, equals)
    const value = uriDecode(part.slice(equals + 1))
    if (value !== undefined && !fields.has(name)) fields.set(name, value)
  }
  return fields
}

const maxExpiresSeconds = 604_800

function parseExpires(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  if (!/^-?\d{1,15}$/.test(text)) {
    throw new AuthFailure('incomplete-query', 'X-Amz-Expires should be a number')
  }
  const seconds = Number(text)
  if (seconds < 0) throw new AuthFailure('incomplete-query', 'X-Amz-Expires must be non-negative')
  if (seconds > maxExpiresSeconds) {
    throw new AuthFailure(
      'incomplete-query',
      'X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than 604800 seconds',
    )
  }
  return seconds * 1000
}

type FailureKind = 'incomplete' | 'incomplete-query'

function parseCredential(
  text: string,
  kind: FailureKind,
): { accessKeyId: string; scope: CredentialScope } {
  const elements = text.split('/')
  const [accessKeyId = '', date = '', region = '', service = '', term] = elements
  if (elements.length !== 5) {
    throw new AuthFailure(
      kind,
      `Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '${text}'`,
    )
  }
  if (term !== 'aws4_request') {
    throw new AuthFailure(
      kind,
      `Credential should be scoped with a valid terminator: 'aws4_request', not '${term}'.`,
    )
  }
  if (!/^\d{8}$/.test(date) || !regionForm.test(region) || !serviceForm.test(service)) {
    throw new AuthFailure(
      'scope',
      `Credential should be scoped to a valid date, region and service, not '${date}/${region}/${service}'.`,
    )
  }
  return { accessKeyId, scope: { date, region, service } }
}

function parseSignedHeaders(text: string, kind: FailureKind): readonly string[] {
  const names = text.toLowerCase()
  if (!headerNames.test(names)) {
    throw new AuthFailure(kind, `SignedHeaders is malformed: '${text}'`)
  }
  return names.split(';')
}

function parseSignature(text: string, kind: FailureKind): string {
  if (!signatureForm.test(text)) {
    throw new AuthFailure(kind, 'Signature must be 64 lower-case hexadecimal characters.')
  }
  return text
}

function badTimestamp(text: string, kind: FailureKind): AuthFailure {
  return new AuthFailure(
    kind,
    `Date must be in ISO-8601 'basic format'. Got '${text}'. See http://en.wikipedia.org/wiki/ISO_8601`,
  )
}

function incompleteHeader(lacking: readonly string[], lacksTime: boolean): AuthFailure {
  const sentences = lacking.map((name) => `Authorization header requires '${name}' parameter.`)
  if (lacksTime) {
    sentences.push(
      "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.",
    )
  }
  sentences.push(`Authorization=${algorithm}`)
  return new AuthFailure('incomplete', sentences.join(' '))
}

/** The rest of the header may be a password, so only the scheme is named. */
function wrongScheme(scheme: string): AuthFailure {
  if (scheme === 'AWS') return unsupported('SigV2')
  if (/^AWS\d-[A-Z0-9-]{1,40}$/.test(scheme)) return unsupported(scheme)
  return new AuthFailure(
    'incomplete',
    `Authorization header requires 'Credential' parameter. Authorization header requires 'Signature' parameter. Authorization header requires 'SignedHeaders' parameter. Authorization=${scheme.slice(0, 64)}`,
  )
}

function unsupported(scheme: string): AuthFailure {
  return new AuthFailure(
    'unsupported',
    `Unsupported AWS 'algorithm': '${scheme}'. Please use AWS4-HMAC-SHA256.`,
  )
}
