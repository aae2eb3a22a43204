/**
 * The load generator: a process of its own that repeats one request on N sockets and prints what it measured as one line of JSON.
 * Arguments: port, connections, duration in ms, path of a file with the bytes of the request.
 */
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { once } from 'node:events'

export type LoadResult = {
  readonly count: number
  readonly errorCount: number
  /** the beginning of the first answer that was no 200 */
  readonly firstError?: string
  readonly elapsedMs: number
  /** round trips, µs, sorted */
  readonly p50Us: number
  readonly p99Us: number
}

const endOfHead = Buffer.from('\r\n\r\n')
const okLine = Buffer.from('HTTP/1.1 200 ')
const endOfChunks = Buffer.from('\r\n0\r\n\r\n')

if (import.meta.main) await main()

async function main(): Promise<void> {
  const [port, connections, durationMs, path] = process.argv.slice(2)
  const request = readFileSync(path ?? '')
  const latencies: number[] = []
  let errorCount = 0
  let firstError: string | undefined
  const started = performance.now()
  const deadline = started + Number(durationMs)
  const sockets = await Promise.all(
    Array.from({ length: Number(connections) }, () => open(Number(port))),
  )
  await Promise.all(
    sockets.map((socket) =>
      repeat(socket, request, deadline, (latencyMs, error) => {
        latencies.push(latencyMs * 1000)
        if (error === undefined) return
        errorCount += 1
        firstError ??= error
      }),
    ),
  )
  const elapsedMs = performance.now() - started
  for (const socket of sockets) socket.destroy()
  const sorted = Float64Array.from(latencies).toSorted()
  const at = (share: number) => sorted[Math.floor(sorted.length * share)] ?? Number.NaN
  const result: LoadResult = {
    count: sorted.length,
    errorCount,
    ...(firstError === undefined ? {} : { firstError }),
    elapsedMs,
    p50Us: at(0.5),
    p99Us: at(0.99),
  }
  process.stdout.write(`${JSON.stringify(result)}\n`)
}

async function open(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  socket.setNoDelay(true)
  await once(socket, 'connect')
  return socket
}

/** Send, wait for the whole answer, note the time, again until the deadline. */
function repeat(
  socket: Socket,
  request: Buffer,
  deadline: number,
  note: (latencyMs: number, error: string | undefined) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let received: Buffer[] = []
    let missing = Number.NaN
    let error: string | undefined
    let sentAt = 0
    // Answers to one request are of one size: a chunk of just that size needs no second look, and the generator stays light.
    let usualBytes = -1
    const send = (): void => {
      received = []
      missing = Number.NaN
      sentAt = performance.now()
      socket.write(request)
    }
    socket.on('error', reject)
    socket.on('close', () => reject(new Error('The server closed the connection')))
    const isUsual = (chunk: Buffer): boolean =>
      received.length === 0 && chunk.length === usualBytes && chunk.indexOf(okLine) === 0
    socket.on('data', (chunk: Buffer) => {
      if (isUsual(chunk)) {
        missing = 0
      } else if (received.push(chunk) && Number.isNaN(missing)) {
        const head = received.length === 1 ? chunk : Buffer.concat(received)
        const length = answerLength(head)
        if (length === undefined) return
        const isOk = head.indexOf(okLine) === 0
        error = isOk ? undefined : head.toString('latin1', 0, 1000)
        missing = length - head.length
        usualBytes = isOk && missing === 0 && received.length === 1 ? head.length : -1
      } else {
        missing -= chunk.length
      }
      const isChunked = missing === Number.POSITIVE_INFINITY
      if (isChunked ? !endsChunks(received) : missing > 0) return
      const now = performance.now()
      note(now - sentAt, error)
      if (now < deadline) return send()
      socket.removeAllListeners('close')
      resolve()
    })
    send()
  })
}

/** Bytes of the whole answer; infinite when it comes in chunks; undefined while its head is incomplete. */
function answerLength(bytes: Buffer): number | undefined {
  const end = bytes.indexOf(endOfHead)
  if (end === -1) return undefined
  const length = /\r\ncontent-length: *(\d+)/i.exec(bytes.toString('latin1', 0, end))?.[1]
  return length === undefined ? Number.POSITIVE_INFINITY : end + endOfHead.length + Number(length)
}

function endsChunks(received: readonly Buffer[]): boolean {
  const last = received.at(-1)
  if (last === undefined) return false
  if (last.length >= endOfChunks.length) {
    return last.subarray(-endOfChunks.length).equals(endOfChunks)
  }
  return Buffer.concat(received).subarray(-endOfChunks.length).equals(endOfChunks)
}
