/**
 * How batches reach a subscriber: over HTTP as a JSON array, over TCP as lines. The server itself connects, so only ever to its own
 * loopback and to the port that the extension named: `sandbox.localdomain` is no name to be looked up here. Under process isolation
 * that loopback is the machine's, as it is for the extension.
 * source: AWS Lambda dev guide "Lambda Telemetry API reference"
 */
import { Agent, request as httpRequest } from 'node:http'
import { type Socket, connect } from 'node:net'
import { unreachable } from '../../lib/assert.ts'
import type { Destination } from './subscription.ts'

const loopback = '127.0.0.1'

/** One way to one subscriber; one batch at a time. */
export type Delivery = {
  /** @returns whether it was taken; false as well when `signal` aborted it. Never rejects */
  send(texts: readonly string[], signal: AbortSignal): Promise<boolean>
  close(): void
}

export function openDelivery(destination: Destination): Delivery {
  switch (destination.protocol) {
    case 'HTTP':
      return new HttpDelivery(destination)
    case 'TCP':
      return new TcpDelivery(destination.port)
    default:
      return unreachable(destination)
  }
}

class HttpDelivery implements Delivery {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 })
  readonly #destination: Destination & { readonly protocol: 'HTTP' }

  constructor(destination: Destination & { readonly protocol: 'HTTP' }) {
    this.#destination = destination
  }

  send(texts: readonly string[], signal: AbortSignal): Promise<boolean> {
    const { port, path, method } = this.#destination
    const body = Buffer.from(`[${texts.join(',')}]`)
    const { promise, resolve } = Promise.withResolvers<boolean>()
    const request = httpRequest({
      host: loopback,
      port,
      path,
      method,
      agent: this.#agent,
      signal,
      headers: {
        Host: `sandbox.localdomain:${port}`,
        'Content-Type': 'application/json',
        'Content-Length': body.byteLength,
      },
    })
    request.on('response', (response) => {
      const { statusCode = 0 } = response
      // Nobody reads it, however long it is; an answer that does not end is cut off with its time.
      response.resume()
      response.on('end', () => resolve(statusCode >= 200 && statusCode < 300))
      response.on('error', () => resolve(false))
    })
    request.on('error', () => resolve(false))
    request.on('close', () => resolve(false))
    request.end(body)
    return promise
  }

  close(): void {
    this.#agent.destroy()
  }
}

class TcpDelivery implements Delivery {
  readonly #port: number
  #socket: Socket | undefined

  constructor(port: number) {
    this.#port = port
  }

  /** It is taken when the system has all of it: there is no answer. */
  send(texts: readonly string[], signal: AbortSignal): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>()
    const socket = (this.#socket ??= this.#connect())
    const end = (isTaken: boolean): void => {
      socket.off('close', onClose)
      signal.removeEventListener('abort', onAbort)
      resolve(isTaken)
    }
    const onClose = (): void => end(false)
    const onAbort = (): void => {
      socket.destroy()
    }
    socket.on('close', onClose)
    signal.addEventListener('abort', onAbort)
    socket.write(`${texts.join('\n')}\n`, (error) => {
      if (!error) end(true)
    })
    return promise
  }

  close(): void {
    this.#socket?.destroy()
  }

  #connect(): Socket {
    const socket = connect(this.#port, loopback)
    socket.setNoDelay(true)
    // What a broken connection means is decided when it closes.
    socket.on('error', () => {})
    socket.on('close', () => {
      if (this.#socket === socket) this.#socket = undefined
    })
    socket.resume()
    return socket
  }
}
