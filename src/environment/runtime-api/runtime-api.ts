/**
 * The Runtime API of one environment: a listener of its own on a loopback port. It serves one runtime process at a time; a new process
 * gets a new session and none of the old connections.
 */
import { type AddressInfo, type Server, createServer } from 'node:net'
import type { Clock } from '../../lib/clock.ts'
import type { RequestHead } from '../../lib/http/head.ts'
import { Connection, type ConnectionOwner, type Receiver } from './connection.ts'
import { route } from './routes.ts'
import { RuntimeSession, type SessionListener, type SnapshotAccess } from './session.ts'

/** Runtimes use one or two; every file of the server that one function takes is one that others lack.
 *  source: Lambda quotas, 1,024 file descriptors of an execution environment */
const maxConnectionCount = 1024

/** Until the first process there is nobody to hear of calls, and nobody to call. */
const nobody: SessionListener = { onReady() {}, onAnswer() {}, onInitError() {} }

export class RuntimeApi implements ConnectionOwner {
  readonly #clock: Clock
  readonly #server: Server
  readonly #connections = new Set<Connection>()
  #session = new RuntimeSession(nobody)
  #onIdle: (() => void) | undefined

  constructor(clock: Clock) {
    this.#clock = clock
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
      this.#connections.add(new Connection(socket, this, clock))
    })
    this.#server.maxConnections = maxConnectionCount
  }

  /** Open the port.
   *  @returns `host:port`, what AWS_LAMBDA_RUNTIME_API says
   *  @throws Error of node:net */
  async open(): Promise<string> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    // For good: a connection that could not be accepted is an error of its client alone.
    this.#server.on('error', reject)
    this.#server.listen(0, '127.0.0.1', resolve)
    await promise
    const { address, port } = this.#server.address() as AddressInfo
    return `${address}:${port}`
  }

  /** Cut off the old process and expect a new one. */
  renew(listener: SessionListener, snapshot?: SnapshotAccess): RuntimeSession {
    for (const connection of this.#connections) connection.destroy()
    this.#connections.clear()
    this.#session = new RuntimeSession(listener, snapshot)
    return this.#session
  }

  /** Wait until a process that has ended has nothing left in its connections, at most `limitMs`. */
  async drained(limitMs: number): Promise<void> {
    if (this.#connections.size === 0) return
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = this.#clock.after(limitMs, resolve)
    this.#onIdle = resolve
    await promise
    this.#onIdle = undefined
    timer.clear()
  }

  route(head: RequestHead): Receiver {
    return route(this.#session, head)
  }

  closed(connection: Connection): void {
    this.#connections.delete(connection)
    this.#session.forget(connection)
    if (this.#connections.size === 0) this.#onIdle?.()
  }

  close(): void {
    for (const connection of this.#connections) connection.destroy()
    this.#server.close()
  }
}
