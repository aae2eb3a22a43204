/**
 * Which endpoint a request is for. The two restore endpoints and the credentials exist only in environments made for snapshots: in
 * others they are unknown paths.
 * source: AWS Lambda dev guide "Using the Lambda runtime API"; Runtime Interface Emulator, rapi/router.
 */
import { isForeignPage } from '../../gateway/browser-guard.ts'
import type { RequestHead } from '../../lib/http/head.ts'
import type { Extensions } from '../extensions-api/extensions.ts'
import { routeExtension } from '../extensions-api/routes.ts'
import { routeTelemetry } from '../telemetry-api/routes.ts'
import type { Receiver } from './connection.ts'
import { credentials } from './credentials.ts'
import { error } from './error.ts'
import { initError } from './init-error.ts'
import { next } from './next.ts'
import { ping } from './ping.ts'
import { refusal } from './refusal.ts'
import {
  forbiddenOrigin,
  invalidRequestId,
  invokeTimeout,
  methodNotAllowed,
  notFound,
  notFoundHead,
} from './replies.ts'
import { response } from './response.ts'
import { restoreError } from './restore-error.ts'
import { restoreNext } from './restore-next.ts'
import type { RuntimeSession } from './session.ts'

const base = '/2018-06-01'
const nextPath = `${base}/runtime/invocation/next`
const invocationPath = `${base}/runtime/invocation/`
const initErrorPath = `${base}/runtime/init/error`
const pingPath = `${base}/ping`
const restoreNextPath = `${base}/runtime/restore/next`
const restoreErrorPath = `${base}/runtime/restore/error`
const credentialsPath = '/2021-04-23/credentials'

const refusedMethod = refusal(methodNotAllowed)

/** Find the endpoint and let it look at the head. */
export function route(
  session: RuntimeSession,
  head: RequestHead,
  extensions?: Extensions,
): Receiver {
  if (isFromWebPage(head)) return refusal(forbiddenOrigin)
  session.runtimeRelease ??= releaseOf(head)
  const { method, target } = head
  const query = target.indexOf('?')
  const path = query === -1 ? target : target.slice(0, query)
  if (path === nextPath) {
    if (method !== 'GET') return refusedMethod
    return { maxBytes: 0, end: (body, connection) => next(session, body, connection) }
  }
  if (path.startsWith(invocationPath)) {
    return answerRoute(session, head, path.slice(invocationPath.length))
  }
  if (path === initErrorPath) {
    return method === 'POST' ? initError(session, head) : refusedMethod
  }
  if (path === pingPath) {
    if (method !== 'GET') return refusedMethod
    return { maxBytes: 0, end: (body, connection) => ping(session, body, connection) }
  }
  return (
    (extensions && extensionRoute(extensions, head, path)) ??
    (session.snapshot && snapshotRoute(session, head, path)) ??
    unknownPath(method)
  )
}

/** What only extensions call. */
function extensionRoute(
  extensions: Extensions,
  head: RequestHead,
  path: string,
): Receiver | undefined {
  return routeExtension(extensions, head, path) ?? routeTelemetry(extensions, head, path)
}

/** @param rest  `{id}/response` or `{id}/error` */
function answerRoute(session: RuntimeSession, head: RequestHead, rest: string): Receiver {
  const slash = rest.indexOf('/')
  const requestId = rest.slice(0, Math.max(0, slash))
  const kind = rest.slice(slash + 1)
  if (requestId === '' || (kind !== 'response' && kind !== 'error')) return unknownPath(head.method)
  if (head.method !== 'POST') return refusedMethod
  const { workers } = session
  const owner = workers === undefined ? session : workers.find(requestId)
  if (owner) return (kind === 'response' ? response : error)(owner, head, requestId)
  return refusal(workers?.isLate(requestId) === true ? invokeTimeout : invalidRequestId)
}

/** The endpoints of an environment that is made for a snapshot. */
function snapshotRoute(
  session: RuntimeSession,
  head: RequestHead,
  path: string,
): Receiver | undefined {
  const { method } = head
  switch (path) {
    case restoreNextPath:
      if (method !== 'GET') return refusedMethod
      return { maxBytes: 0, end: (body, connection) => restoreNext(session, body, connection) }
    case restoreErrorPath:
      return method === 'POST' ? restoreError(session, head) : refusedMethod
    case credentialsPath:
      return method === 'GET' ? credentials(session, head) : refusedMethod
    default:
      return undefined
  }
}

function unknownPath(method: string): Receiver {
  return refusal(method === 'HEAD' ? notFoundHead : notFound)
}

/** Browsers say where a request comes from, runtimes never do. A page that guesses the port must not take an event, nor one
 *  whose name was bound to loopback. */
function isFromWebPage({ headers }: RequestHead): boolean {
  return (
    headers['origin'] !== undefined ||
    headers['sec-fetch-site'] !== undefined ||
    isForeignPage(headers)
  )
}

const maxReleaseLength = 128

function releaseOf(head: RequestHead): string {
  const agent = head.headers['user-agent']?.split(' ')[0] ?? ''
  const features = head.headers['lambda-runtime-features']
  return (features === undefined ? agent : `${agent} (${features})`).slice(0, maxReleaseLength)
}
