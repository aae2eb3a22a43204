/**
 * The port at which a debugger finds a function, whichever process serves it now: a relay on loopback to the debugger's port of the
 * newest environment. While somebody is attached, that environment's time stands still, so nothing times out at a breakpoint.
 * The launcher asks it for a seat for each new environment; `lair dev --inspect` opens one for each function.
 */
import { connect, createServer, type Server, type Socket } from 'node:net'
import { once } from 'node:events'
import { debugLimits } from '../config.ts'
import type { Clock } from '../lib/clock.ts'
import { PlatformError } from '../lib/errors/platform-error.ts'
import { HeldClock } from '../lib/held-clock.ts'

/** `inspector`: Node.js', a WebSocket; `dap`: the debug adapter protocol, as debugpy speaks it. */
export type DebugProtocol = 'inspector' | 'dap'

/** What an environment needs to be debugged. */
export type DebugSeat = {
  /** loopback port where its process shall listen for a debugger */
  readonly port: number
  /** its time */
  readonly clock: Clock
}

export type DebugDoorOptions = {
  /** where debuggers connect; 0 takes a free one */
  readonly port: number
  readonly protocol: DebugProtocol
  readonly clock: Clock
  /** Somebody came and there is no process yet: start one. */
  readonly onWanted: () => void
}

const loopback = '127.0.0.1'

type Seat = DebugSeat & { readonly clock: HeldClock; readonly sockets: Set<Socket> }

export class DebugDoor implements AsyncDisposable {
  /** where debuggers connect */
  readonly port: number
  readonly #options: DebugDoorOptions
  readonly #server: Server
  /** listeners that keep ports free for environments to come */
  readonly #reserved: Server[] = []
  readonly #sockets = new Set<Socket>()
  #seat: Seat | undefined
  #isClosed = false

  private constructor(options: DebugDoorOptions, server: Server) {
    this.#options = options
    this.#server = server
    this.port = portOf(server)
    server.maxConnections = debugLimits.maxConnectionCount
    server.on('connection', (socket) => this.#receive(socket))
  }

  /** Listen. @throws PlatformError when the port is taken */
  static async open(options: DebugDoorOptions): Promise<DebugDoor> {
    const door = new DebugDoor(options, await listen(options.port))
    await door.#reserve()
    return door
  }

  /** A seat for a new environment; whoever is attached to the one before is let go.
   *  @returns undefined when no port is free this moment: the environment then runs without */
  takeSeat(): DebugSeat | undefined {
    const reserved = this.#reserved.pop()
    if (reserved === undefined || this.#isClosed) return undefined
    this.#leave()
    const port = portOf(reserved)
    reserved.close()
    void this.#reserve()
    this.#seat = { port, clock: new HeldClock(this.#options.clock), sockets: new Set() }
    return this.#seat
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true
    this.#leave()
    for (const socket of this.#sockets) socket.destroy()
    for (const server of this.#reserved.splice(0)) server.close()
    this.#server.close()
    if (this.#server.listening) await once(this.#server, 'close')
  }

  #leave(): void {
    for (const socket of this.#seat?.sockets ?? []) socket.destroy()
    this.#seat?.clock.release()
    this.#seat = undefined
  }

  /** Failing to find free ports shows when a seat is wanted. */
  async #reserve(): Promise<void> {
    while (this.#reserved.length < debugLimits.reservedPortCount && !this.#isClosed) {
      const server = await listen(0).catch(() => undefined)
      if (server === undefined) return
      if (this.#isClosed) server.close()
      else this.#reserved.push(server)
    }
  }

  #receive(debuggers: Socket): void {
    this.#sockets.add(debuggers)
    debuggers.on('error', () => debuggers.destroy())
    debuggers.once('close', () => this.#sockets.delete(debuggers))
    if (this.#seat === undefined) this.#options.onWanted()
    this.#reach(debuggers, this.#options.clock.monotonicMs() + debugLimits.reachMs)
  }

  /** Connect to the process as soon as it listens: it may be starting. */
  #reach(debuggers: Socket, untilMs: number): void {
    if (debuggers.destroyed) return
    const again = () => {
      if (this.#options.clock.monotonicMs() > untilMs) debuggers.destroy()
      else this.#options.clock.after(debugLimits.retryMs, () => this.#reach(debuggers, untilMs))
    }
    const seat = this.#seat
    if (seat === undefined) {
      again()
      return
    }
    const guest = connect({ port: seat.port, host: loopback })
    guest.once('error', again)
    guest.once('connect', () => {
      guest.off('error', again)
      this.#relay(seat, debuggers, guest)
    })
  }

  #relay(seat: Seat, debuggers: Socket, guest: Socket): void {
    const end = () => {
      debuggers.destroy()
      guest.destroy()
      if (seat.sockets.delete(debuggers) && seat.sockets.size === 0) seat.clock.release()
    }
    const attach = () => {
      seat.sockets.add(debuggers)
      seat.clock.hold()
    }
    for (const socket of [debuggers, guest]) {
      socket.setNoDelay(true)
      socket.once('error', end)
      socket.once('close', end)
    }
    if (this.#seat !== seat || debuggers.destroyed) return end()
    debuggers.on('data', (chunk: Buffer) => {
      if (seat.sockets.has(debuggers)) return
      const intent = intentOf(chunk, this.#options.protocol)
      if (intent === 'attach') attach()
      if (intent === 'foreign') end()
    })
    debuggers.pipe(guest)
    guest.pipe(debuggers)
  }
}

/** What somebody wants who begins so. Asking what there is to debug is not debugging it; and debug adapters frame their messages much as
 *  HTTP does, so that a web page's request could pass for one. Node.js looks at the host and knows its own secret path. */
function intentOf(chunk: Buffer, protocol: DebugProtocol): 'attach' | 'ask' | 'foreign' {
  const text = chunk.toString('latin1')
  if (protocol === 'dap') return text.startsWith('Content-') ? 'attach' : 'foreign'
  return /^upgrade:\s*websocket/im.test(text) ? 'attach' : 'ask'
}

async function listen(port: number): Promise<Server> {
  const server = createServer()
  server.listen(port, loopback)
  try {
    await once(server, 'listening')
  } catch (cause) {
    throw new PlatformError(
      `Cannot listen for debuggers on port ${port}: choose another with --inspect=PORT`,
      { cause },
    )
  }
  server.unref()
  return server
}

function portOf(server: Server): number {
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}
