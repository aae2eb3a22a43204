/** The request target: path and query, split before anything is decoded. source: RFC 3986 section 2.4; RFC 9112 section 3.2 */
import { malformedUri, malformedInput } from './faults.ts'

export type Target = {
  /** percent-encoded, starts with `/` */
  readonly path: string
  /** without `?`; empty when there is none */
  readonly query: string
}

/** A query or form is refused beyond this many parameters. */
const maxParameterCount = 20_000

/** Name and value of each parameter, in order. */
export type Parameters = readonly (readonly [name: string, value: string])[]

/** Split a target; the absolute form of a proxy request is understood. */
export function splitTarget(target: string): Target {
  const start = target.startsWith('/') ? 0 : pathStart(target)
  const mark = target.indexOf('?', start)
  const path = target.slice(start, mark === -1 ? undefined : mark)
  return {
    path: path.startsWith('/') ? path : `/${path}`,
    query: mark === -1 ? '' : target.slice(mark + 1),
  }
}

function pathStart(target: string): number {
  const authority = target.indexOf('://')
  if (authority === -1) return 0
  const slash = target.indexOf('/', authority + 3)
  return slash === -1 ? target.length : slash
}

/** Undo percent-encoding.
 *  @throws AwsError InvalidURI (400) */
export function percentDecode(text: string): string {
  if (!text.includes('%')) return text
  try {
    return decodeURIComponent(text)
  } catch {
    throw malformedUri()
  }
}

/** Parse a query string or a form body.
 *  @throws AwsError MalformedInput (400) beyond maxParameterCount, InvalidURI for broken escapes */
export function parseParameters(text: string): Parameters {
  if (text === '') return []
  const parts = text.split('&', maxParameterCount + 1)
  if (parts.length > maxParameterCount) throw malformedInput('The request has too many parameters')
  const result: (readonly [string, string])[] = []
  for (const part of parts) {
    if (part === '') continue
    const equals = part.indexOf('=')
    const name = equals === -1 ? part : part.slice(0, equals)
    const value = equals === -1 ? '' : part.slice(equals + 1)
    result.push([formDecode(name), formDecode(value)])
  }
  return result
}

function formDecode(text: string): string {
  return percentDecode(text.includes('+') ? text.replaceAll('+', ' ') : text)
}
