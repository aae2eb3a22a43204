/** HTTP/1.1 by hand on one socket, for requests that Node's own client refuses to send. Reads responses strictly. */
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { once } from 'node:events'

export type RawAnswer = {
  readonly status: number
  /** lower-case names */
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
}

/** Bytes of a request; adds Host and Content-Length. */
export function requestBytes(request: {
  method: string
  target: string
  headers: Readonly<Record<string, string>>
  body: Uint8Array
}): Buffer {
  const lines = [`${request.method} ${request.target} HTTP/1.1`]
  for (const [name, value] of Object.entries(request.headers)) lines.push(`${name}: ${value}`)
  lines.push(`content-length: ${request.body.length}`, '', '')
  return Buffer.concat([Buffer.from(lines.join('\r\n'), 'latin1'), request.body])
}

/** One keep-alive connection: one request at a time. */
export class RawConnection {
  readonly #port: number
  readonly #timeoutMs: number
  #socket: Socket | undefined
  #received = Buffer.alloc(0)

  constructor(port: number, timeoutMs: number) {
    this.#port = port
    this.#timeoutMs = timeoutMs
  }

  /** Send a request and read its answer, on a new connection if the last one was closed.
   *  @returns undefined when the server closed the connection without an answer
   *  @throws Error when nothing came within the time limit, or what came is no HTTP */
  async exchange(bytes: Buffer, options: { isHead?: boolean; isLast?: boolean } = {}) {
    const socket = this.#socket ?? (await this.#open())
    if (options.isLast) socket.end(bytes)
    else socket.write(bytes)
    const answer = await this.#read(socket, options.isHead ?? false)
    if (answer === undefined || options.isLast || answer.headers['connection'] === 'close') {
      this.close()
    }
    return answer
  }

  close(): void {
    this.#socket?.destroy()
    this.#socket = undefined
    this.#received = Buffer.alloc(0)
  }

  async #open(): Promise<Socket> {
    const socket = connect(this.#port, '127.0.0.1')
    socket.setNoDelay(true)
    socket.on('error', () => {})
    await once(socket, 'connect')
    this.#socket = socket
    return socket
  }

  #read(socket: Socket, isHead: boolean): Promise<RawAnswer | undefined> {
    return new Promise((resolve, reject) => {
      const settle = (finish: () => void): void => {
        clearTimeout(timer)
        socket.off('data', onData)
        socket.off('close', onClose)
        finish()
      }
      const timer = setTimeout(
        () => settle(() => reject(new Error(`No answer within ${this.#timeoutMs} ms`))),
        this.#timeoutMs,
      )
      const onClose = (): void => settle(() => resolve(undefined))
      const onData = (chunk: Buffer): void => {
        this.#received = Buffer.concat([this.#received, chunk])
        try {
          const parsed = parseAnswer(this.#received, isHead)
          if (!parsed) return
          this.#received = this.#received.subarray(parsed.length)
          settle(() => resolve(parsed.answer))
        } catch (error) {
          settle(() => reject(error as Error))
        }
      }
      socket.on('data', onData)
      socket.on('close', onClose)
    })
  }
}

function parseAnswer(
  bytes: Buffer,
  isHead: boolean,
): { answer: RawAnswer; length: number } | undefined {
  const headEnd = bytes.indexOf('\r\n\r\n')
  if (headEnd === -1) return undefined
  const [statusLine = '', ...fields] = bytes.toString('latin1', 0, headEnd).split('\r\n')
  const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(`${statusLine} `)?.[1])
  if (!(status >= 100)) throw new Error(`No HTTP status line: ${JSON.stringify(statusLine)}`)
  const start = headEnd + 4
  if (status < 200) {
    const rest = parseAnswer(bytes.subarray(start), isHead)
    return rest && { answer: rest.answer, length: rest.length + start }
  }
  const headers: Record<string, string> = {}
  for (const field of fields) {
    const colon = field.indexOf(':')
    headers[field.slice(0, colon).toLowerCase()] = field.slice(colon + 1).trim()
  }
  if (isHead || status === 204 || status === 304) {
    return { answer: { status, headers, body: Buffer.alloc(0) }, length: start }
  }
  if (headers['transfer-encoding'] === 'chunked') {
    const chunked = parseChunks(bytes, start)
    return chunked && { answer: { status, headers, body: chunked.body }, length: chunked.end }
  }
  const length = Number(headers['content-length'])
  if (!Number.isInteger(length)) throw new Error('The answer has no length')
  if (bytes.length < start + length) return undefined
  const body = bytes.subarray(start, start + length)
  return { answer: { status, headers, body }, length: start + length }
}

function parseChunks(bytes: Buffer, start: number): { body: Buffer; end: number } | undefined {
  const chunks: Buffer[] = []
  let at = start
  for (;;) {
    const lineEnd = bytes.indexOf('\r\n', at)
    if (lineEnd === -1) return undefined
    const size = Number.parseInt(bytes.toString('latin1', at, lineEnd), 16)
    if (!(size >= 0)) throw new Error('A chunk has no size')
    const next = lineEnd + 2 + size + 2
    if (bytes.length < next) return undefined
    if (size === 0) return { body: Buffer.concat(chunks), end: next }
    chunks.push(bytes.subarray(lineEnd + 2, lineEnd + 2 + size))
    at = next
  }
}
