/**
 * The APIs of one environment, for its runtime and its extensions: a listener of its own on a loopback port. It serves one generation of
 * processes at a time; a new one gets a new session and none of the old connections.
 */
import { type AddressInfo, type ListenOptions, type Server, createServer } from 'node:net'
import type { Clock } from '../../lib/clock.ts'
import type { RequestHead } from '../../lib/http/head.ts'
import type { Extension } from '../extensions-api/extension.ts'
import type { Extensions } from '../extensions-api/extensions.ts'
import { Connection, type ConnectionOwner, type Receiver } from './connection.ts'
import { route } from './routes.ts'
import { RuntimeSession, type SessionListener, type SessionParts } from './session.ts'

/** Runtimes and extensions use one or two each; every file of the server that one function takes is one that others lack.
 *  source: Lambda quotas, 1,024 file descriptors of an execution environment */
const maxConnectionCount = 1024

/** Until the first process there is nobody to hear of calls, and nobody to call. */
const nobody: SessionListener = { onReady() {}, onAnswer() {}, onInitError() {} }

export class RuntimeApi implements ConnectionOwner {
  readonly #clock: Clock
  readonly #server: Server
  readonly #local: { readonly server: Server; readonly name: string } | undefined
  readonly #connections = new Set<Connection>()
  #session = new RuntimeSession(nobody)
  /** undefined until the first process, too */
  #extensions: Extensions | undefined
  /** connections of external extensions; all others are the runtime's */
  readonly #owners = new Map<Connection, Extension>()
  readonly #waiting = new Set<() => void>()

  /** @param maxConcurrency  invocations at once: each has a connection or two
   *  @param localName  Unix socket to listen on as well, in the abstract namespace: a fifth less work for both sides than the port */
  constructor(clock: Clock, maxConcurrency = 1, localName?: string) {
    this.#clock = clock
    const maxConnections = Math.max(maxConnectionCount, 2 * maxConcurrency)
    this.#server = this.#makeServer(maxConnections)
    if (localName !== undefined) {
      this.#local = { server: this.#makeServer(maxConnections), name: localName }
    }
  }

  /** Open the port.
   *  @returns `host:port`, what AWS_LAMBDA_RUNTIME_API says
   *  @throws Error of node:net */
  async open(): Promise<string> {
    if (this.#local) await listening(this.#local.server, { path: `\0${this.#local.name}` })
    await listening(this.#server, { port: 0, host: '127.0.0.1' })
    const { address, port } = this.#server.address() as AddressInfo
    return `${address}:${port}`
  }

  /** Cut off the old processes and expect new ones. */
  renew(
    listener: SessionListener,
    others: SessionParts & { readonly extensions?: Extensions } = {},
  ): RuntimeSession {
    for (const connection of this.#connections) connection.destroy()
    this.#connections.clear()
    this.#owners.clear()
    this.#extensions = others.extensions
    this.#session = new RuntimeSession(listener, others)
    return this.#session
  }

  /** Wait until a process that has ended has nothing left in its connections, at most `limitMs`.
   *  @param of  the external extension whose process it was; absent for the runtime */
  async drained(limitMs: number, of?: Extension): Promise<void> {
    if (!this.#hasConnection(of)) return
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = this.#clock.after(limitMs, resolve)
    const check = (): void => {
      if (!this.#hasConnection(of)) resolve()
    }
    this.#waiting.add(check)
    await promise
    this.#waiting.delete(check)
    timer.clear()
  }

  route(head: RequestHead, connection: Connection): Receiver {
    const extensions = this.#extensions
    if (extensions !== undefined && extensions.count > 0) {
      const caller = extensions.callerOf(head)
      if (caller?.isExternal === true) this.#owners.set(connection, caller)
    }
    return route(this.#session, head, extensions)
  }

  closed(connection: Connection): void {
    this.#connections.delete(connection)
    this.#owners.delete(connection)
    this.#session.forget(connection)
    this.#extensions?.forget(connection)
    for (const check of this.#waiting) check()
  }

  close(): void {
    for (const connection of this.#connections) connection.destroy()
    this.#server.close()
    this.#local?.server.close()
  }

  #makeServer(maxConnections: number): Server {
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
      this.#connections.add(new Connection(socket, this, this.#clock))
    })
    server.maxConnections = maxConnections
    return server
  }

  #hasConnection(of: Extension | undefined): boolean {
    for (const connection of this.#connections) {
      if (this.#owners.get(connection) === of) return true
    }
    return false
  }
}

/** @throws Error of node:net */
async function listening(server: Server, where: ListenOptions): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  // For good: a connection that could not be accepted is an error of its client alone.
  server.on('error', reject)
  server.listen(where, resolve)
  await promise
}
