/**
 * CORS of function URLs: preflights are answered here and never reach the function; other answers get the headers of the
 * configuration, which win over the function's own.
 * source: AWS Lambda API reference, Cors; dev guide "Creating and managing Lambda function URLs"; Fetch standard, CORS protocol.
 */
import type { Cors } from '@aws-sdk/client-lambda'

type Headers = Readonly<Record<string, string>>

/** true for a browser's question whether a page may send a request. */
export function isPreflight(method: string, headers: Headers): boolean {
  return (
    method === 'OPTIONS' &&
    headers['origin'] !== undefined &&
    headers['access-control-request-method'] !== undefined
  )
}

/** Headers of the answer to a preflight; none when the page may not. */
export function preflightHeaders(cors: Cors, headers: Headers): Record<string, string> {
  const method = headers['access-control-request-method'] ?? ''
  const methods = cors.AllowMethods ?? []
  const shared = corsHeaders(cors, headers)
  if (shared['access-control-allow-origin'] === undefined) return shared
  if (!methods.includes('*') && !methods.includes(method)) return { vary: 'Origin' }
  return {
    ...shared,
    'access-control-allow-methods': methods.join(','),
    ...(cors.AllowHeaders !== undefined &&
      cors.AllowHeaders.length > 0 && {
        'access-control-allow-headers': cors.AllowHeaders.join(','),
      }),
    ...(cors.MaxAge !== undefined && { 'access-control-max-age': String(cors.MaxAge) }),
  }
}

/** What every answer to a page gets. */
export function corsHeaders(cors: Cors, { origin }: Headers): Record<string, string> {
  if (origin === undefined) return {}
  const allowed = allowedOrigin(cors, origin)
  if (allowed === undefined) return { vary: 'Origin' }
  const { AllowCredentials, ExposeHeaders = [] } = cors
  return {
    'access-control-allow-origin': allowed,
    ...(AllowCredentials === true && { 'access-control-allow-credentials': 'true' }),
    ...(ExposeHeaders.length > 0 && { 'access-control-expose-headers': ExposeHeaders.join(',') }),
    ...(allowed !== '*' && { vary: 'Origin' }),
  }
}

/** A bare `*` stays one: with credentials browsers refuse it, and echoing the origin would let every site in. */
function allowedOrigin({ AllowOrigins = [] }: Cors, origin: string): string | undefined {
  if (AllowOrigins.includes('*')) return '*'
  return AllowOrigins.some((allowed) => isSameOrigin(allowed, origin)) ? origin : undefined
}

/** `https://*` allows every origin of that scheme. */
function isSameOrigin(allowed: string, origin: string): boolean {
  const isAnyHost = allowed.endsWith('://*')
  return isAnyHost
    ? origin.toLowerCase().startsWith(allowed.slice(0, -1).toLowerCase())
    : allowed.toLowerCase() === origin.toLowerCase()
}
