/** Receivers of telemetry as extensions have them: over HTTP and over TCP, with all that came. */
import assert from 'node:assert/strict'
import { type IncomingMessage, type ServerResponse, createServer } from 'node:http'
import { type AddressInfo, type Socket, createServer as createTcpServer } from 'node:net'
import { text } from 'node:stream/consumers'

/** One record as it was delivered. */
export type Delivered = {
  readonly time: string
  readonly type: string
  // oxlint-disable-next-line no-explicit-any -- tests look into records of all types
  readonly record: any
}

type Answer = (response: ServerResponse, requestCount: number) => void

/** @param answer  200 unless it says otherwise */
export async function openHttpReceiver(answer: Answer = (response) => response.end()) {
  const events: Delivered[] = []
  const requests: Pick<IncomingMessage, 'method' | 'url' | 'headers'>[] = []
  const batches: Delivered[][] = []
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      const { method, url, headers } = request
      requests.push({ method, url, headers })
      const batch: Delivered[] = JSON.parse(body)
      assert.ok(Array.isArray(batch) && batch.length > 0)
      batches.push(batch)
      events.push(...batch)
      answer(response, requests.length)
    })
  })
  server.listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as AddressInfo
  return {
    port,
    events,
    batches,
    requests,
    uri: `http://sandbox.localdomain:${port}/telemetry?a=b`,
    [Symbol.dispose]: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}

export async function openTcpReceiver(
  onConnection: (socket: Socket, count: number) => void = () => {},
) {
  const events: Delivered[] = []
  const sockets: Socket[] = []
  const server = createTcpServer((socket) => {
    sockets.push(socket)
    let rest = ''
    socket.setEncoding('utf8')
    socket.on('error', () => {})
    socket.on('data', (chunk: string) => {
      const lines = (rest + chunk).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) events.push(JSON.parse(line))
    })
    onConnection(socket, sockets.length)
  })
  server.listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as AddressInfo
  return {
    port,
    events,
    connectionCount: () => sockets.length,
    [Symbol.dispose]: () => {
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  }
}
