/**
 * The fast lane: Invoke read from the raw socket and answered in one write, without node:http. Whatever is not plainly an
 * Invoke with a Content-Length goes to node:http, on the same connection, with all its bytes.
 */
import type { Socket } from 'node:net'
import { gatewayLimits, lambdaLimits, limits } from '../config.ts'
import type { Clock } from '../lib/clock.ts'
import { BadRequestHead, bodyFraming, parseRequestHead } from '../lib/http/head.ts'
import type { RequestHead } from '../lib/http/head.ts'
import type { Admitted } from './auth/verify.ts'
import { BodyHash } from './body.ts'
import type { BytesInFlight } from './body.ts'
import type { Deadlines, Expirable } from './deadlines.ts'
import { responseHead } from './response-head.ts'
import type { RawRequest, RawResponse } from './service.ts'
import { isSiteHost } from './sites.ts'

/** What a connection of the fast lane needs of its server. */
export type FastLane = {
  readonly clock: Clock
  readonly deadlines: Deadlines
  readonly httpDate: () => string
  /** Look at who calls, before any of the body is kept.
   *  @returns the caller, its signature unproven; or the answer for one who is unknown or late */
  admit(head: RequestHead): Admitted | RawResponse
  /** Answer an Invoke; never rejects.
   *  @param bodySha256  lower-case hex */
  answer(
    request: RawRequest,
    admitted: Admitted,
    bodySha256: string,
    signal: AbortSignal,
  ): Promise<RawResponse>
  /** what an Invoke gets whose body is too large to be read */
  tooLarge(): RawResponse
  /** what an Invoke gets while `inFlight` is full */
  tooMuchAtOnce(): RawResponse
  /** bodies that did not come in one piece */
  readonly inFlight: BytesInFlight
  /** Give the socket to node:http, these bytes first. */
  handOver(socket: Socket, bytes: Buffer): void
}

const linePrefix = Buffer.from('POST /2015-03-31/functions/')
const invokeTarget = /^\/2015-03-31\/functions\/[^/?]+\/invocations\/?(?:\?|$)/
/** responses up to this size are copied behind their head, larger ones are written as they are */
const maxCopiedBytes = 16_384
const empty = Buffer.alloc(0)

/** true for the request line of an Invoke.
 *  source  service model of Lambda, operation Invoke */
export function isInvoke(method: string, target: string): boolean {
  return method === 'POST' && invokeTarget.test(target)
}

type State =
  /** between two requests, or within a head */
  | 'head'
  | 'body'
  | 'running'
  | 'writing'
  /** refused: the rest of the body is read and thrown away, so that the client gets to see the answer */
  | 'discarding'
  | 'closed'

/** One connection, for as long as it brings nothing but invocations. */
export class FastConnection implements Expirable {
  readonly #socket: Socket
  readonly #lane: FastLane
  deadlineMs: number
  #state: State = 'head'
  #bytes: Buffer = empty
  #pieceCount = 0
  #head: RequestHead | undefined
  #admission: Admitted | RawResponse | undefined
  #body: Buffer[] = []
  #bodyHash = new BodyHash()
  #missingBytes = 0
  /** of `#body`, as counted in flight */
  #countedBytes = 0
  #abort: AbortController | undefined
  #isDraining = false

  constructor(socket: Socket, lane: FastLane) {
    this.#socket = socket
    this.#lane = lane
    this.deadlineMs = lane.clock.monotonicMs() + limits.headerTimeoutMs
    lane.deadlines.add(this)
    socket.on('data', this.#onData)
    socket.on('end', this.#onEnd)
    socket.on('error', this.#onError)
    socket.on('close', this.#onClose)
  }

  /** Serve no further request; close at once when idle. */
  drain(): void {
    this.#isDraining = true
    if (this.#state === 'head' && this.#bytes.length === 0) this.#socket.destroy()
  }

  destroy(): void {
    this.#socket.destroy()
  }

  expire(): void {
    if (this.#state === 'head' && this.#bytes.length === 0) this.#socket.destroy()
    else if (this.#state === 'head' || this.#state === 'body') this.#refuse(408)
    else this.#socket.destroy()
  }

  readonly #onData = (chunk: Buffer): void => {
    switch (this.#state) {
      case 'head':
        if (this.#bytes.length === 0) this.#startDeadline(limits.headerTimeoutMs)
        this.#bytes = this.#bytes.length === 0 ? chunk : Buffer.concat([this.#bytes, chunk])
        this.#pieceCount += 1
        this.#readHead()
        return
      case 'body':
        this.#readBody(chunk)
        return
      case 'discarding':
        this.#discard(chunk.length)
        return
      case 'running':
      case 'writing':
        this.#bytes = this.#bytes.length === 0 ? chunk : Buffer.concat([this.#bytes, chunk])
        if (this.#bytes.length > gatewayLimits.maxPipelinedBytes) this.#socket.pause()
        return
      default:
    }
  }

  readonly #onEnd = (): void => {
    // A client that shuts its half has gone: nobody would read the answer.
    this.#socket.destroy()
  }

  readonly #onError = (): void => {
    this.#socket.destroy()
  }

  readonly #onClose = (): void => {
    this.#state = 'closed'
    this.#bytes = empty
    this.#dropBody()
    this.#lane.deadlines.delete(this)
    this.#abort?.abort()
  }

  #startDeadline(ms: number): void {
    this.deadlineMs = this.#lane.clock.monotonicMs() + ms
  }

  #readHead(): void {
    const bytes = this.#bytes
    const known = Math.min(bytes.length, linePrefix.length)
    if (bytes.compare(linePrefix, 0, known, 0, known) !== 0) return this.#leave()
    const head = this.#parse(bytes)
    if (head === 'not ours') return this.#leave()
    if (head === undefined) {
      if (this.#pieceCount >= gatewayLimits.maxFastHeadPieces) this.#leave()
      return
    }
    this.#head = head
    this.#pieceCount = 0
    this.#missingBytes = Number(head.headers['content-length'] ?? 0)
    this.#bytes = empty
    const rest = bytes.subarray(head.bodyOffset)
    const admission = this.#lane.admit(head)
    this.#admission = admission
    // A stranger's body is not kept: the answer goes out before it has come.
    if (isRefusal(admission) && rest.length < this.#missingBytes) {
      this.#refuseBody(admission, rest.length)
      return
    }
    if (this.#missingBytes > lambdaLimits.maxPayloadBytes) {
      this.#refuseBody(this.#lane.tooLarge(), rest.length)
      return
    }
    this.#state = 'body'
    this.#startDeadline(limits.requestTimeoutMs)
    this.#readBody(rest)
  }

  #parse(bytes: Buffer): RequestHead | undefined | 'not ours' {
    try {
      const head = parseRequestHead(bytes, 0, gatewayLimits.maxFastHeadBytes)
      if (head === undefined) return undefined
      return isPlainInvoke(head) ? head : 'not ours'
    } catch (error) {
      if (error instanceof BadRequestHead) return 'not ours'
      throw error
    }
  }

  /** node:http takes over from here, and answers what is malformed. */
  #leave(): void {
    const bytes = this.#bytes
    this.#bytes = empty
    this.#state = 'closed'
    this.#lane.deadlines.delete(this)
    const socket = this.#socket
    socket.off('data', this.#onData)
    socket.off('end', this.#onEnd)
    socket.off('error', this.#onError)
    socket.off('close', this.#onClose)
    this.#lane.handOver(socket, bytes)
  }

  #readBody(chunk: Buffer): void {
    if (chunk.length > this.#missingBytes) {
      this.#bytes = chunk.subarray(this.#missingBytes)
      this.#take(chunk.subarray(0, this.#missingBytes))
    } else {
      this.#take(chunk)
    }
    if (this.#missingBytes === 0) return this.#run()
    const cost = this.#lane.inFlight.tryAdd(chunk.length)
    this.#countedBytes += cost
    if (cost === 0) this.#refuseBody(this.#lane.tooMuchAtOnce(), 0)
  }

  #dropBody(): void {
    this.#lane.inFlight.remove(this.#countedBytes)
    this.#countedBytes = 0
    this.#body = []
  }

  #take(chunk: Buffer): void {
    if (chunk.length === 0) return
    this.#body.push(chunk)
    this.#bodyHash.add(chunk)
    this.#missingBytes -= chunk.length
  }

  #run(): void {
    const head = this.#head
    const admission = this.#admission
    if (head === undefined || admission === undefined) return
    const request = rawRequest(head, this.#body)
    const bodySha256 = this.#bodyHash.hex()
    this.#dropBody()
    this.#bodyHash = new BodyHash()
    this.#state = 'running'
    if (isRefusal(admission)) {
      this.#write(admission, head.isKeepAlive && !this.#isDraining)
      return
    }
    this.deadlineMs = Infinity
    // The client goes with its connection, whichever of its requests is under way.
    this.#abort ??= new AbortController()
    this.#lane.answer(request, admission, bodySha256, this.#abort.signal).then(
      (response) => {
        if (this.#state === 'running') this.#write(response, head.isKeepAlive && !this.#isDraining)
      },
      () => this.#socket.destroy(),
    )
  }

  #write(response: RawResponse, isKeepAlive: boolean): void {
    const socket = this.#socket
    this.#state = 'writing'
    this.#startDeadline(gatewayLimits.responseTimeoutMs)
    let size = 0
    for (const chunk of response.body) size += chunk.length
    const { status, headers } = response
    const date = this.#lane.httpDate()
    const head = responseHead({ status, headers, contentLength: size, date, isKeepAlive })
    const written = isKeepAlive ? this.#onWritten : this.#onLastWritten
    if (size <= maxCopiedBytes) {
      const bytes = Buffer.allocUnsafe(head.length + size)
      let at = bytes.write(head, 'latin1')
      for (const chunk of response.body) {
        bytes.set(chunk, at)
        at += chunk.length
      }
      socket.write(bytes, written)
      return
    }
    socket.cork()
    socket.write(head, 'latin1')
    const last = response.body.length - 1
    response.body.forEach((chunk, index) => {
      if (index === last) socket.write(chunk, written)
      else socket.write(chunk)
    })
    socket.uncork()
  }

  readonly #onWritten = (error?: Error | null): void => {
    if (error || this.#state !== 'writing') return
    if (this.#isDraining) {
      this.#socket.end()
      return
    }
    this.#state = 'head'
    this.#head = undefined
    this.#startDeadline(limits.keepAliveTimeoutMs)
    if (this.#socket.isPaused()) this.#socket.resume()
    if (this.#bytes.length > 0) {
      this.#startDeadline(limits.headerTimeoutMs)
      this.#pieceCount = 1
      this.#readHead()
    }
  }

  readonly #onLastWritten = (): void => {
    if (this.#state === 'writing') this.#socket.end(() => this.#socket.destroy())
  }

  #refuseBody(response: RawResponse, receivedBytes: number): void {
    this.#dropBody()
    this.#write(response, false)
    this.#state = 'discarding'
    if (this.#missingBytes > limits.maxBodyBytes) this.#missingBytes = limits.maxBodyBytes
    this.#discard(receivedBytes)
  }

  #discard(byteCount: number): void {
    this.#missingBytes -= byteCount
    if (this.#missingBytes <= 0) this.#socket.end(() => this.#socket.destroy())
  }

  #refuse(status: number): void {
    this.#state = 'discarding'
    this.#startDeadline(0)
    const date = this.#lane.httpDate()
    const head = { status, headers: {}, contentLength: 0, date, isKeepAlive: false }
    this.#socket.end(responseHead(head), 'latin1', () => this.#socket.destroy())
  }
}

/** What needs more than a byte count (interim answers, codings, browsers) is left to node:http. */
function isPlainInvoke(head: RequestHead): boolean {
  const { headers } = head
  return (
    isInvoke(head.method, head.target) &&
    typeof bodyFraming(head) === 'number' &&
    headers['host'] !== undefined &&
    headers['expect'] === undefined &&
    headers['upgrade'] === undefined &&
    headers['origin'] === undefined &&
    headers['sec-fetch-site'] === undefined &&
    !isSiteHost(headers['host']) &&
    (headers['authorization']?.includes('/lambda/aws4_request') ?? false)
  )
}

function isRefusal(admission: Admitted | RawResponse): admission is RawResponse {
  return 'status' in admission
}

function rawRequest(head: RequestHead, body: readonly Uint8Array[]): RawRequest {
  return { method: head.method, target: head.target, headers: head.headers, body }
}
