/** Lair's own paths beside AWS's: unsigned, below `/_lair/`. Further ones are handed in by server.ts. */
import type { Clock } from '../lib/clock.ts'
import type { BodySource } from './body.ts'

export type LocalRequest = {
  readonly method: string
  /** as on the wire, with the query */
  readonly target: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: BodySource
  /** aborted when the client has gone */
  readonly signal: AbortSignal
  /** names and values as on the wire, one after the other */
  readonly rawHeaders?: readonly string[]
  /** address of the client */
  readonly sourceIp?: string
  /** of the server, that the client connected to */
  readonly port?: number
}

export type LocalResponse = {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array | AsyncIterable<Uint8Array>
  /** each is a Set-Cookie header of its own */
  readonly cookies?: readonly string[]
}

export type LocalRoute = {
  /** a GET route answers HEAD too */
  readonly method: string
  /** of the path, e.g. `/_lair/code/` */
  readonly prefix: string
  handle(request: LocalRequest): Promise<LocalResponse>
}

/** The routes that every gateway has. */
export function builtInRoutes(options: { version: string; clock: Clock }): readonly LocalRoute[] {
  const startedMs = options.clock.monotonicMs()
  const health = (): unknown => ({
    status: 'ok',
    uptimeMs: Math.round(options.clock.monotonicMs() - startedMs),
  })
  const version = (): unknown => ({ name: 'lair', version: options.version })
  return [
    { method: 'GET', prefix: '/_lair/health', handle: async () => jsonResponse(200, health()) },
    { method: 'GET', prefix: '/_lair/version', handle: async () => jsonResponse(200, version()) },
  ]
}

/** The answer of the first route that fits; undefined when the path is none of ours. */
export async function answerLocally(
  routes: readonly LocalRoute[],
  request: LocalRequest,
): Promise<LocalResponse | undefined> {
  if (!request.target.startsWith('/_lair/')) return undefined
  const path = request.target.split('?', 1)[0] ?? ''
  const fitting = routes.filter(({ prefix }) =>
    prefix.endsWith('/') ? path.startsWith(prefix) : path === prefix,
  )
  if (fitting.length === 0) return jsonResponse(404, { message: 'Lair has no such path' })
  const method = request.method === 'HEAD' ? 'GET' : request.method
  const route = fitting.find((candidate) => candidate.method === method)
  if (!route) return jsonResponse(405, { message: 'Lair has no such method here' })
  return route.handle(request)
}

/** A small JSON answer. */
export function jsonResponse(status: number, value: unknown): LocalResponse {
  return {
    status,
    headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
    body: Buffer.from(`${JSON.stringify(value)}\n`),
  }
}
