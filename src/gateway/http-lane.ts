/**
 * Everything but the fast lane, on node:http: local routes, all operations of all services, streams, and the odd client. Requests
 * of one connection are answered one after the other.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { gatewayLimits, limits } from '../config.ts'
import type { Clock } from '../lib/clock.ts'
import { BrokenResponse, ClientGone } from './body.ts'
import type { BodySource } from './body.ts'
import { isForeignPage } from './browser-guard.ts'
import type { Deadlines, Expirable } from './deadlines.ts'
import { answerLocally, jsonResponse } from './local-routes.ts'
import type { LocalRequest, LocalResponse, LocalRoute } from './local-routes.ts'
import { eachOwnHeader, headerValue, responseHead } from './response-head.ts'
import type { SiteServer } from './sites.ts'

/** What the lane needs of its server. */
export type HttpLane = {
  readonly clock: Clock
  readonly deadlines: Deadlines
  readonly httpDate: () => string
  readonly routes: readonly LocalRoute[]
  /** the server is closing: no connection is kept */
  readonly isDraining: () => boolean
  /** true while pages of other sites could sign */
  readonly guardsAgainstPages: () => boolean
  /** answers requests for function URLs; undefined without any */
  readonly serveSite?: SiteServer | undefined
  /** Answer a request of an AWS service. @throws ClientGone */
  dispatch(request: LocalRequest): Promise<LocalResponse>
  /** told of what a local route throws */
  onInternalError(error: unknown, operation: string): void
}

/** What one connection is doing. */
type Turn = {
  waitingCount: number
  /** settles when the requests so far are answered; never rejects */
  last: Promise<void>
  response: ServerResponse | undefined
}

export type HttpListeners = {
  /** of `request` and `checkContinue` */
  readonly onRequest: (request: IncomingMessage, response: ServerResponse) => void
  /** of `clientError`: bytes that are no HTTP, or that came too slowly */
  readonly onClientError: (error: Error, socket: Duplex) => void
}

/** Make the listeners that node:http calls. */
export function createHttpListeners(lane: HttpLane): HttpListeners {
  const turns = new WeakMap<Duplex, Turn>()
  return {
    onRequest: (request, response) => {
      const { socket } = request
      const turn = turns.get(socket) ?? newTurn()
      turns.set(socket, turn)
      // Writing to a client that left is no error of ours; `close` tells of it.
      response.on('error', () => {})
      if (turn.waitingCount >= gatewayLimits.maxPipelinedCount) {
        socket.destroy()
        return
      }
      turn.waitingCount += 1
      turn.last = turn.last.then(async () => {
        turn.response = response
        await serve(lane, request, response)
        turn.waitingCount -= 1
        turn.response = undefined
        // Its head may have promised to keep the connection before the closing began.
        if (lane.isDraining() && turn.waitingCount === 0) socket.destroySoon()
      })
    },
    onClientError: (error, socket) => {
      const isAnswering = turns.get(socket)?.response?.headersSent === true
      if (!socket.writable || isAnswering || hasCode(error, 'ECONNRESET')) {
        socket.destroy()
        return
      }
      const status = statusOfClientError(error)
      const date = lane.httpDate()
      const head = { status, headers: {}, contentLength: 0, date, isKeepAlive: false }
      socket.end(responseHead(head), 'latin1', () => socket.destroy())
    },
  }
}

function newTurn(): Turn {
  return { waitingCount: 0, last: Promise.resolve(), response: undefined }
}

function statusOfClientError(error: Error): number {
  if (hasCode(error, 'HPE_HEADER_OVERFLOW')) return 431
  if (hasCode(error, 'ERR_HTTP_REQUEST_TIMEOUT')) return 408
  return 400
}

function hasCode(error: Error, code: string): boolean {
  return 'code' in error && error.code === code
}

/** Never rejects. */
async function serve(
  lane: HttpLane,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (request.socket.destroyed) return
  const abort = new AbortController()
  response.on('close', () => {
    if (!response.writableFinished) abort.abort()
  })
  const body = new RequestBody(request, response)
  try {
    const answered = await answer(lane, toLocalRequest(request, body, abort.signal))
    await write(lane, { request, response, answered, body })
  } catch (error) {
    if (error instanceof BrokenResponse) {
      // What there is of it still arrives.
      request.socket.destroySoon()
      return
    }
    if (!(error instanceof ClientGone)) lane.onInternalError(error, 'gateway')
    request.socket.destroy()
  }
}

async function answer(lane: HttpLane, request: LocalRequest): Promise<LocalResponse> {
  if (!request.target.startsWith('/')) {
    return jsonResponse(400, { message: 'The request target must be a path' })
  }
  const site = lane.serveSite?.(request)
  if (site) return site
  if (lane.guardsAgainstPages() && isForeignPage(request.headers)) {
    return jsonResponse(403, { message: 'Lair takes no requests from web pages of other sites' })
  }
  try {
    const local = await answerLocally(lane.routes, request)
    if (local) return local
  } catch (error) {
    if (error instanceof ClientGone) throw error
    lane.onInternalError(error, request.target.split('?', 1)[0] ?? '')
    return jsonResponse(500, { message: 'Internal error' })
  }
  return lane.dispatch(request)
}

function toLocalRequest(
  request: IncomingMessage,
  body: BodySource,
  signal: AbortSignal,
): LocalRequest {
  const headers: Record<string, string> = Object.create(null)
  for (const name in request.headers) {
    const value = request.headers[name]
    if (value !== undefined) headers[name] = typeof value === 'string' ? value : value.join(', ')
  }
  const { method = '', url: target = '', rawHeaders, socket } = request
  const { remoteAddress: sourceIp = '', localPort: port = 0 } = socket
  return { method, target, headers, body, signal, rawHeaders, sourceIp, port }
}

/** The body of one request on node:http. */
class RequestBody implements BodySource {
  readonly #request: IncomingMessage
  readonly #response: ServerResponse
  readonly declaredBytes: number | undefined
  /** the client waits to be told to send */
  #isAwaited: boolean

  constructor(request: IncomingMessage, response: ServerResponse) {
    this.#request = request
    this.#response = response
    const isChunked = request.headers['transfer-encoding'] !== undefined
    this.declaredBytes = isChunked ? undefined : Number(request.headers['content-length'] ?? 0)
    this.#isAwaited = request.headers.expect?.toLowerCase() === '100-continue'
  }

  /** true while the client is, or may be, still sending it */
  get isComing(): boolean {
    return !this.#request.complete && !this.#isAwaited
  }

  async *stream(): AsyncGenerator<Uint8Array, void, undefined> {
    if (this.#isAwaited) this.#response.writeContinue()
    this.#isAwaited = false
    try {
      yield* this.#request.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>
    } catch (cause) {
      throw new ClientGone('The client left before its request was whole', { cause })
    }
  }
}

type Writing = {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly answered: LocalResponse
  readonly body: RequestBody
}

async function write(lane: HttpLane, writing: Writing): Promise<void> {
  const { request, response, answered } = writing
  if (response.destroyed) throw new ClientGone('The client left before its response')
  writeHead(lane, writing)
  const patience = new Patience(lane, request.socket)
  try {
    const { body } = answered
    if (body instanceof Uint8Array && !writing.body.isComing) {
      response.end(body)
    } else {
      const chunks = body instanceof Uint8Array ? [body] : body
      for await (const chunk of chunks) await patience.wait(response, response.write(chunk))
      if (writing.body.isComing) await discard(request, patience)
      response.end()
    }
    await patience.finish(response)
  } finally {
    patience.stop()
  }
}

function writeHead(lane: HttpLane, { request, response, answered }: Writing): void {
  const { status, headers } = answered
  response.sendDate = false
  response.statusCode = status
  response.setHeader('Date', lane.httpDate())
  eachOwnHeader(headers, (name, value) => response.setHeader(name, value))
  if (answered.cookies) response.setHeader('Set-Cookie', answered.cookies.map(headerValue))
  // What is left of a body that was refused is not taken for a request.
  if (lane.isDraining() || !request.complete) response.setHeader('Connection', 'close')
  const isCounted = answered.body instanceof Uint8Array && request.method !== 'HEAD'
  // A stream, and the answer to HEAD, may know the length that the codec was told.
  const length = isCounted ? answered.body.length : headers['content-length']
  if (length !== undefined && status !== 204 && status !== 304) {
    response.setHeader('Content-Length', length)
  }
}

/** Read on what the client still sends, so that it gets to see the answer; within limits. */
async function discard(request: IncomingMessage, patience: Patience): Promise<void> {
  let left: number = limits.maxBodyBytes
  patience.restart()
  try {
    const rest = request.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>
    for await (const chunk of rest) {
      left -= chunk.length
      if (left <= 0) return
    }
  } catch {
    // The client went away: it has seen the answer, or never will.
  }
}

/** Waits for a client to take its response, but not for ever. */
class Patience implements Expirable {
  readonly #lane: HttpLane
  readonly #socket: Socket
  deadlineMs: number

  constructor(lane: HttpLane, socket: Socket) {
    this.#lane = lane
    this.#socket = socket
    this.deadlineMs = Infinity
    lane.deadlines.add(this)
  }

  restart(): void {
    this.deadlineMs = this.#lane.clock.monotonicMs() + gatewayLimits.responseTimeoutMs
  }

  expire(): void {
    this.#socket.destroy()
  }

  stop(): void {
    this.#lane.deadlines.delete(this)
  }

  /** @param isTaken  what `write` returned */
  async wait(response: ServerResponse, isTaken: boolean): Promise<void> {
    this.deadlineMs = Infinity
    if (!isTaken) await this.#until(response, 'drain')
  }

  async finish(response: ServerResponse): Promise<void> {
    if (!response.writableFinished) await this.#until(response, 'finish')
  }

  async #until(response: ServerResponse, event: 'drain' | 'finish'): Promise<void> {
    if (response.destroyed) throw new ClientGone('The client left before its response was whole')
    this.restart()
    await new Promise<void>((resolve, reject) => {
      const onClose = (): void => {
        if (response.writableFinished) resolve()
        else reject(new ClientGone('The client left before its response was whole'))
      }
      response.once('close', onClose)
      response.once(event, () => {
        response.off('close', onClose)
        resolve()
      })
    })
    this.deadlineMs = Infinity
  }
}
