/** A client that puts bytes on a socket and reads HTTP responses back: what node:http would not let a test do. */
import { type Socket, connect } from 'node:net'

export type RawResponse = {
  readonly status: number
  /** as on the wire, status line included */
  readonly head: string
  readonly body: string
}

export class RawClient {
  readonly socket: Socket
  readonly #responses: RawResponse[] = []
  readonly #waiting: ((response: RawResponse | undefined) => void)[] = []
  #rest = Buffer.alloc(0)
  #isEnded = false

  constructor(address: string) {
    const [host = '', port] = address.split(':')
    this.socket = connect({ host, port: Number(port), allowHalfOpen: true })
    this.socket.on('data', (chunk) => this.#read(chunk))
    this.socket.on('error', () => {})
    this.socket.on('close', () => this.#ended())
    this.socket.on('end', () => this.#ended())
  }

  /** Send one request and wait for its response. */
  async ask(method: string, path: string, body = '', fields: Record<string, string> = {}) {
    this.send(method, path, body, fields)
    return this.response()
  }

  send(method: string, path: string, body = '', fields: Record<string, string> = {}): void {
    this.socket.write(request(method, path, body, fields))
  }

  /** The next response; undefined when the connection ended before. */
  async response(): Promise<RawResponse | undefined> {
    const first = this.#responses.shift()
    if (first || this.#isEnded) return first
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  #ended(): void {
    this.#isEnded = true
    for (const resolve of this.#waiting.splice(0)) resolve(undefined)
  }

  #read(chunk: Buffer): void {
    this.#rest = Buffer.concat([this.#rest, chunk])
    for (
      let end = this.#rest.indexOf('\r\n\r\n');
      end !== -1;
      end = this.#rest.indexOf('\r\n\r\n')
    ) {
      const head = this.#rest.toString('latin1', 0, end)
      const status = Number(head.split(' ')[1])
      const length = status === 100 ? 0 : Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0)
      if (this.#rest.length < end + 4 + length) return
      const body = this.#rest.toString('utf8', end + 4, end + 4 + length)
      this.#rest = this.#rest.subarray(end + 4 + length)
      const response = { status, head, body }
      const waiting = this.#waiting.shift()
      if (waiting) waiting(response)
      else this.#responses.push(response)
    }
  }
}

export function request(
  method: string,
  path: string,
  body = '',
  fields: Record<string, string> = {},
): string {
  const lines = [`${method} ${path} HTTP/1.1`, 'Host: x']
  for (const [name, value] of Object.entries(fields)) lines.push(`${name}: ${value}`)
  if (body !== '' && !('Transfer-Encoding' in fields)) {
    lines.push(`Content-Length: ${Buffer.byteLength(body)}`)
  }
  return `${lines.join('\r\n')}\r\n\r\n${body}`
}
