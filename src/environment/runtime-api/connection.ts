/**
 * One connection of the Runtime API on a raw socket: requests in order, pipelined or not, bodies by length or chunked, one reply
 * each. A parked `next` may wait for ever, so nothing here has a timeout. Routing and meaning are in routes.ts and its endpoints.
 * source: RFC 9112.
 */
import type { Socket } from 'node:net'
import { limits } from '../../config.ts'
import type { Clock } from '../../lib/clock.ts'
import {
  BadRequestHead,
  type RequestHead,
  bodyFraming,
  parseRequestHead,
} from '../../lib/http/head.ts'
import { ChunkedBody } from './chunked.ts'
import { badRequest, headTooLarge } from './replies.ts'

export type Body = {
  /** what came, uncopied; empty when it is too large */
  readonly chunks: readonly Uint8Array[]
  readonly bytes: number
  readonly state: 'complete' | 'too-large' | 'truncated'
  readonly trailers: Readonly<Record<string, string>>
}

/** Takes the body of one request and answers it then or later. */
export type Receiver = {
  /** more than that is read but not kept */
  readonly maxBytes: number
  /** Takes the content as it comes, up to `maxBytes`, instead of having it kept. May pause the connection. */
  readonly take?: (content: Buffer, connection: Connection) => void
  /** There is more than `maxBytes`: told once, to who takes the content. */
  readonly overflow?: () => void
  readonly end: (body: Body, connection: Connection) => void
}

export type ConnectionOwner = {
  /** A request has begun. */
  route(head: RequestHead, connection: Connection): Receiver
  closed(connection: Connection): void
}

/** An answer whose sender has asked its next question already waits so long for that question's answer, to go out in one write:
 *  most of the time an invocation takes is spent in writes. */
const holdMs = 2
const maxPipelinedBytes = 256 * 1024
/** a refused body is read to its end so that the client sees the answer, up to this */
const maxDrainBytes = 64 * 1024 * 1024
/** up to this size, head and event go out as one copy in one write */
const maxCopyBytes = 64 * 1024
const noTrailers = {}
const noChunks: readonly Uint8Array[] = []

export class Connection {
  readonly #socket: Socket
  readonly #owner: ConnectionOwner
  readonly #clock: Clock
  #rest: Buffer | undefined
  #held = ''
  #isHoldTimed = false
  #head: RequestHead | undefined
  #receiver: Receiver | undefined
  #chunked: ChunkedBody | undefined
  #remaining = 0
  #chunks: Uint8Array[] = []
  #bytes = 0
  #isAnswering = false
  #isParsing = false
  #isInputEnded = false
  #isClosed = false

  constructor(socket: Socket, owner: ConnectionOwner, clock: Clock) {
    this.#socket = socket
    this.#owner = owner
    this.#clock = clock
    socket.setNoDelay(true)
    socket.on('data', (chunk: Buffer) => this.#read(chunk))
    socket.on('end', () => this.#inputEnded())
    // What a broken connection means is decided when it closes.
    socket.on('error', () => {})
    socket.on('close', () => this.#closed())
  }

  get isOpen(): boolean {
    return !this.#isClosed && this.#socket.writable
  }

  /** Answer the request with a whole HTTP response. */
  reply(response: string): void {
    this.#answered()
    if (this.#isClosed) return
    if (this.#head?.isKeepAlive === false) {
      this.#flush()
      this.#socket.end(response.replace('\r\n', '\r\nConnection: close\r\n'))
      return
    }
    this.#held += response
    if (this.#rest === undefined) this.#flush()
    else this.#hold()
    this.#goOn()
  }

  /** Answer with a head and a payload that is passed on uncopied when it is large. */
  replyWith(eventHead: string, payload: readonly Uint8Array[], payloadBytes: number): void {
    this.#answered()
    if (this.#isClosed) return
    const socket = this.#socket
    const head = this.#held + eventHead
    this.#held = ''
    const headBytes = Buffer.byteLength(head)
    if (headBytes + payloadBytes <= maxCopyBytes) {
      const bytes = Buffer.allocUnsafe(headBytes + payloadBytes)
      let at = bytes.write(head)
      for (const chunk of payload) {
        bytes.set(chunk, at)
        at += chunk.byteLength
      }
      socket.write(bytes)
    } else {
      socket.cork()
      socket.write(head)
      for (const chunk of payload) socket.write(chunk)
      socket.uncork()
    }
    this.#goOn()
  }

  /** Read no more of a body that is taken as it comes. Its end resumes by itself. */
  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    if (!this.#isClosed && this.#socket.isPaused()) this.#socket.resume()
  }

  destroy(): void {
    this.#socket.destroy()
  }

  #hold(): void {
    if (this.#isHoldTimed) return
    this.#isHoldTimed = true
    this.#clock.after(holdMs, () => {
      this.#isHoldTimed = false
      this.#flush()
    })
  }

  #flush(): void {
    if (this.#held === '' || this.#isClosed) return
    this.#socket.write(this.#held)
    this.#held = ''
  }

  #answered(): void {
    this.#isAnswering = false
    this.#receiver = undefined
  }

  #goOn(): void {
    if (this.#isParsing) return
    if (this.#socket.isPaused()) this.#socket.resume()
    this.#parse()
  }

  #read(chunk: Buffer): void {
    this.#rest = this.#rest === undefined ? chunk : Buffer.concat([this.#rest, chunk])
    if (!this.#isAnswering) this.#parse()
    else if (this.#rest.length > maxPipelinedBytes) this.#socket.pause()
  }

  #parse(): void {
    this.#isParsing = true
    try {
      while (this.#rest !== undefined && !this.#isAnswering && !this.#isClosed) {
        const goesOn = this.#receiver ? this.#readBody(this.#rest) : this.#readHead(this.#rest)
        if (!goesOn) break
      }
    } catch (error) {
      if (!(error instanceof BadRequestHead)) throw error
      this.#refuse(error)
    } finally {
      this.#isParsing = false
    }
    if (this.#isInputEnded && !this.#isAnswering) {
      this.#flush()
      this.#socket.end()
    }
  }

  #readHead(bytes: Buffer): boolean {
    const head = parseRequestHead(bytes, 0, limits.maxHeaderBytes)
    if (!head) return false
    const framing = bodyFraming(head)
    this.#rest = head.bodyOffset < bytes.length ? bytes.subarray(head.bodyOffset) : undefined
    this.#head = head
    const receiver = this.#owner.route(head, this)
    this.#receiver = receiver
    if (framing === 0) {
      this.#isAnswering = true
      receiver.end({ chunks: noChunks, bytes: 0, state: 'complete', trailers: noTrailers }, this)
      return true
    }
    this.#chunks = []
    this.#bytes = 0
    this.#chunked = framing === 'chunked' ? new ChunkedBody() : undefined
    this.#remaining = framing === 'chunked' ? 0 : framing
    if (this.#rest === undefined && head.headers['expect']?.toLowerCase() === '100-continue') {
      this.#flush()
      this.#socket.write('HTTP/1.1 100 Continue\r\n\r\n')
    }
    return true
  }

  #readBody(bytes: Buffer): boolean {
    let end: number
    let isDone: boolean
    if (this.#chunked) {
      end = this.#chunked.feed(bytes, 0, (content) => this.#keep(content))
      isDone = this.#chunked.isDone
    } else {
      end = Math.min(this.#remaining, bytes.length)
      this.#keep(end === bytes.length ? bytes : bytes.subarray(0, end))
      this.#remaining -= end
      isDone = this.#remaining === 0
    }
    this.#rest = end < bytes.length ? bytes.subarray(end) : undefined
    if (isDone) this.#endBody(this.#isTooLarge ? 'too-large' : 'complete')
    else if (this.#excessBytes > maxDrainBytes) this.#giveUp()
    return true
  }

  /** how much there is beyond the limit; negative below it */
  get #excessBytes(): number {
    return this.#bytes - (this.#receiver?.maxBytes ?? 0)
  }

  get #isTooLarge(): boolean {
    return this.#excessBytes > 0
  }

  #keep(content: Buffer): void {
    this.#bytes += content.length
    if (this.#receiver?.take !== undefined) this.#pass(content, this.#receiver)
    else if (this.#isTooLarge) this.#chunks = []
    else this.#chunks.push(content)
  }

  #pass(content: Buffer, { take, overflow }: Receiver): void {
    const room = content.length - Math.max(0, this.#excessBytes)
    if (room > 0) take?.(room < content.length ? content.subarray(0, room) : content, this)
    if (room >= 0 && room < content.length) overflow?.()
  }

  #endBody(state: Body['state']): void {
    const receiver = this.#receiver
    this.#isAnswering = true
    const trailers = this.#chunked?.trailers ?? noTrailers
    const chunks = this.#chunks
    this.#chunks = []
    if (receiver?.take !== undefined) this.resume()
    receiver?.end({ chunks, bytes: this.#bytes, state, trailers }, this)
  }

  /** The body does not come to an end in sight: answer and close. */
  #giveUp(): void {
    if (this.#head) this.#head = { ...this.#head, isKeepAlive: false }
    this.#rest = undefined
    this.#endBody('too-large')
    this.#socket.destroySoon()
  }

  /** What comes next cannot be told apart any more: say so and close. */
  #refuse(error: BadRequestHead): void {
    this.#rest = undefined
    if (this.#receiver) {
      this.#truncated()
      return
    }
    if (this.#isClosed) return
    this.#flush()
    this.#isClosed = true
    this.#socket.end(error.message === 'Head is too long' ? headTooLarge : badRequest)
  }

  #inputEnded(): void {
    this.#isInputEnded = true
    if (this.#receiver && !this.#isAnswering) this.#truncated()
    // A parked request of a client that hung up is not answered any more.
    this.#flush()
    this.#socket.end()
  }

  #truncated(): void {
    if (this.#head) this.#head = { ...this.#head, isKeepAlive: false }
    this.#endBody('truncated')
  }

  #closed(): void {
    if (this.#receiver && !this.#isAnswering) this.#truncated()
    this.#isClosed = true
    this.#rest = undefined
    this.#owner.closed(this)
  }
}
