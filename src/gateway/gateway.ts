/**
 * The public port: one HTTP server for every AWS service and Lair's own paths. Connections start in the fast lane and move to
 * node:http with the first request that is no plain Invoke.
 */
import { createServer } from 'node:http'
import type { Server } from 'node:http'
import { lookup } from 'node:dns/promises'
import type { Socket } from 'node:net'
import { gatewayLimits, limits } from '../config.ts'
import { assert } from '../lib/assert.ts'
import type { Clock, Timer } from '../lib/clock.ts'
import { PlatformError } from '../lib/errors/platform-error.ts'
import type { Ids } from '../lib/ids.ts'
import { preloadModels } from '../protocol/codec.ts'
import { createVerifier } from './auth/verify.ts'
import { BytesInFlight } from './body.ts'
import type { Credentials } from './credentials.ts'
import { Deadlines } from './deadlines.ts'
import { dispatch, invokeRoute } from './dispatch.ts'
import type { Dispatcher } from './dispatch.ts'
import { FastConnection } from './fast-lane.ts'
import { createHttpListeners } from './http-lane.ts'
import { builtInRoutes } from './local-routes.ts'
import type { LocalRoute } from './local-routes.ts'
import { createHttpDate } from './response-head.ts'
import type { Service } from './service.ts'
import { createSiteServer } from './sites.ts'
import type { Sites } from './sites.ts'

export type GatewayOptions = {
  /** name or address to listen on */
  readonly host: string
  /** 0 = any free port */
  readonly port: number
  readonly services: readonly Service[]
  readonly credentials: Credentials
  readonly clock: Clock
  readonly ids: Ids
  /** further unsigned routes below `/_lair/` */
  readonly routes?: readonly LocalRoute[]
  /** web sites on the same port: function URLs */
  readonly sites?: Sites
  /** of bodies that are on their way; gatewayLimits.maxUnprovenBytes unless a test is about it */
  readonly maxBytesInFlight?: number
  /** what /_lair/version says */
  readonly version?: string
  /** told of everything a handler throws that is no AwsError; the caller gets a bare 500 */
  onInternalError?(error: unknown, operation: string): void
}

export type Gateway = {
  /** address it listens on */
  readonly host: string
  readonly port: number
  /** `http://<host>:<port>` */
  readonly endpoint: string
  /** Take no more connections, let running requests end for up to `drainMs`, then cut. Idempotent. */
  close(options?: { drainMs?: number }): Promise<void>
}

/** Start the gateway.
 *  @throws PlatformError when the host is not loopback while everybody knows the credentials, or the port is taken */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const { credentials, clock, ids } = options
  const host = await checkedAddress(options.host, credentials)
  preloadModels(options.services.map((service) => service.name))
  const server = createServer({
    maxHeaderSize: gatewayLimits.maxHeaderBytes,
    headersTimeout: limits.headerTimeoutMs,
    requestTimeout: limits.requestTimeoutMs,
    keepAliveTimeout: limits.keepAliveTimeoutMs,
    connectionsCheckingInterval: gatewayLimits.sweepMs,
    keepAlive: true,
    keepAliveInitialDelay: limits.keepAliveTimeoutMs,
  })
  server.maxConnections = limits.maxConnectionCount
  let endpoint = ''
  const dispatcher: Dispatcher = {
    services: new Map(options.services.map((service) => [service.name, service])),
    verifier: createVerifier({ credentials, clock }),
    clock,
    ids,
    inFlight: new BytesInFlight(options.maxBytesInFlight ?? gatewayLimits.maxUnprovenBytes),
    endpoint: () => endpoint,
    onInternalError: (error, operation) => options.onInternalError?.(error, operation),
  }
  const close = attach(server, dispatcher, options)
  const port = await listen(server, host, options.port)
  endpoint = `http://${host.includes(':') ? `[${host}]` : host}:${port}`
  return { host, port, endpoint, close }
}

type Close = Gateway['close']

/** Put both lanes on the server. @returns what closes it */
function attach(server: Server, dispatcher: Dispatcher, options: GatewayOptions): Close {
  const { clock } = options
  const deadlines = new Deadlines(clock)
  const httpDate = createHttpDate(clock)
  const sockets = new Set<Socket>()
  const fast = new Set<FastConnection>()
  let isDraining = false
  const guardsAgainstPages = () => options.credentials.isDefault
  const { sites } = options
  const listeners = createHttpListeners({
    clock,
    deadlines,
    httpDate,
    routes: [
      ...builtInRoutes({ version: options.version ?? '0.0.0', clock }),
      ...(options.routes ?? []),
    ],
    isDraining: () => isDraining,
    guardsAgainstPages,
    serveSite: sites && createSiteServer({ ...dispatcher, sites, guardsAgainstPages }),
    dispatch: ({ method, target, headers, body, signal }) => {
      const request = { method, target, headers, host: headers['host'] ?? '' }
      return dispatch(dispatcher, { request, body, signal })
    },
    onInternalError: (error, operation) => dispatcher.onInternalError(error, operation),
  })
  server.on('request', listeners.onRequest)
  server.on('checkContinue', listeners.onRequest)
  server.on('clientError', listeners.onClientError)
  const handOver = takeConnections(server)
  const route = invokeRoute(dispatcher)
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    if (!route) return handOver(socket)
    const connection = new FastConnection(socket, {
      clock,
      deadlines,
      httpDate,
      admit: route.admit,
      answer: route.answer,
      tooLarge: route.tooLarge,
      tooMuchAtOnce: route.tooMuchAtOnce,
      inFlight: dispatcher.inFlight,
      handOver: (handed, bytes) => {
        fast.delete(connection)
        handed.pause()
        handed.unshift(bytes)
        handOver(handed)
        handed.resume()
      },
    })
    fast.add(connection)
    socket.on('close', () => fast.delete(connection))
  })
  let closing: Promise<void> | undefined
  return ({ drainMs = limits.drainMs } = {}) => {
    isDraining = true
    closing ??= closeServer(server, () => {
      for (const connection of fast) connection.drain()
      return clock.after(drainMs, () => {
        for (const socket of sockets) socket.destroy()
      })
    }).finally(() => deadlines.close())
    return closing
  }
}

/** Take new connections away from node:http.
 *  @returns what gives it one */
function takeConnections(server: Server): (socket: Socket) => void {
  const [listener] = server.listeners('connection')
  assert(listener !== undefined, 'node:http listens for connections')
  server.removeAllListeners('connection')
  return (socket) => listener.call(server, socket)
}

/** @param drain  starts the draining; the timer it returns cuts it short */
async function closeServer(server: Server, drain: () => Timer): Promise<void> {
  const closed = new Promise<void>((resolve) => {
    server.close(() => resolve())
  })
  const timer = drain()
  await closed
  timer.clear()
}

async function listen(server: Server, host: string, port: number): Promise<number> {
  try {
    await new Promise<void>((resolve, reject) => {
      // For good: a connection that could not be accepted is an error of its client alone.
      server.on('error', reject)
      server.listen({ host, port }, resolve)
    })
  } catch (cause) {
    throw new PlatformError(`Cannot listen on ${host} port ${port}: ${reason(cause)}`, { cause })
  }
  const address = server.address()
  assert(address !== null && typeof address === 'object', 'a listening server has a port')
  return address.port
}

function reason(cause: unknown): string {
  if (cause instanceof Error && 'code' in cause) {
    if (cause.code === 'EADDRINUSE') return 'the port is taken'
    if (cause.code === 'EACCES') return 'the port is not allowed to this user'
    return String(cause.code)
  }
  return String(cause)
}

/** The address of `host`; anything but loopback needs credentials that not everybody knows. */
async function checkedAddress(host: string, credentials: Credentials): Promise<string> {
  let address: string
  try {
    address = (await lookup(host)).address
  } catch (cause) {
    throw new PlatformError(`Cannot listen on "${host}": the name has no address`, { cause })
  }
  if (credentials.isDefault && !isLoopback(address)) {
    throw new PlatformError(
      `Cannot listen on "${host}": everybody knows the default credentials, so only loopback is served until "lair credentials create" has made others`,
    )
  }
  return address
}

function isLoopback(address: string): boolean {
  return address === '::1' || /^127(?:\.\d{1,3}){3}$/.test(address)
}
