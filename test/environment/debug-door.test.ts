/** The port at which a debugger finds a function: whom it lets through, and when time stands still. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { DebugDoor, type DebugProtocol, type DebugSeat } from '../../src/environment/debug-door.ts'
import { systemClock } from '../../src/lib/clock.ts'

/** A door, and how often it asked for a process. */
async function openDoor(t: TestContext, protocol: DebugProtocol) {
  const wanted = { count: 0 }
  const onWanted = () => void (wanted.count += 1)
  const door = await DebugDoor.open({ port: 0, protocol, clock: systemClock, onWanted })
  t.after(() => door[Symbol.asyncDispose]())
  return { door, wanted }
}

/** A process that repeats what it is told. */
async function echo(t: TestContext, seat: DebugSeat | undefined): Promise<Server> {
  assert.ok(seat)
  const server = createServer((socket) => socket.on('error', () => {}).pipe(socket))
  await once(server.listen(seat.port, '127.0.0.1'), 'listening')
  t.after(() => server.close())
  return server
}

async function come(door: DebugDoor): Promise<Socket> {
  const socket = connect(door.port, '127.0.0.1')
  socket.on('error', () => {})
  await once(socket, 'connect')
  return socket
}

async function said(socket: Socket, text: string): Promise<string> {
  socket.write(text)
  const [chunk] = (await once(socket, 'data', { signal: AbortSignal.timeout(5000) })) as [Buffer]
  return chunk.toString()
}

/** Does its time go on? */
async function passes({ clock }: DebugSeat): Promise<boolean> {
  const fromMs = clock.monotonicMs()
  await sleep(20)
  return clock.monotonicMs() > fromMs
}

test('who comes early waits for a process; time stands still for who attaches, not for who asks', async (t) => {
  const { door, wanted } = await openDoor(t, 'inspector')
  const early = await come(door)
  early.write('GET /json/list HTTP/1.1\r\nHost: x\r\n\r\n')
  await sleep(50)
  assert.equal(wanted.count, 1)
  const seat = door.takeSeat()
  assert.ok(seat)
  await echo(t, seat)
  const [answer] = (await once(early, 'data')) as [Buffer]
  assert.match(answer.toString(), /^GET \/json\/list/)
  assert.equal(await passes(seat), true)
  const attached = await come(door)
  await said(attached, 'GET /x HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n\r\n')
  assert.equal(await passes(seat), false)
  assert.equal(await said(attached, 'frame'), 'frame')
  attached.destroy()
  await sleep(50)
  assert.equal(await passes(seat), true)
  early.destroy()
})

test('a new process takes the seat: who was attached to the old one is let go', async (t) => {
  const { door, wanted } = await openDoor(t, 'dap')
  const old = door.takeSeat()
  assert.ok(old)
  await echo(t, old)
  const attached = await come(door)
  await said(attached, 'Content-Length: 2\r\n\r\n{}')
  assert.equal(await passes(old), false)
  const closed = once(attached, 'close')
  const seat = door.takeSeat()
  assert.ok(seat)
  await closed
  assert.equal(await passes(old), true)
  assert.notEqual(seat.port, old.port)
  await echo(t, seat)
  const again = await come(door)
  assert.equal(await said(again, 'Content-Length: 2\r\n\r\n{}'), 'Content-Length: 2\r\n\r\n{}')
  assert.equal(await passes(seat), false)
  assert.equal(wanted.count, 0)
  again.destroy()
})

test('a web page is no debug adapter', async (t) => {
  const { door } = await openDoor(t, 'dap')
  const seat = door.takeSeat()
  assert.ok(seat)
  await echo(t, seat)
  const page = await come(door)
  const closed = once(page, 'close')
  page.write('POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 2\r\n\r\n{}')
  await closed
  assert.equal(await passes(seat), true)
})

test('a port that is taken is named, with what to do', async (t) => {
  const { door } = await openDoor(t, 'inspector')
  const { port } = door
  const second = DebugDoor.open({
    port,
    protocol: 'inspector',
    clock: systemClock,
    onWanted: () => {},
  })
  await assert.rejects(second, { name: 'PlatformError', message: /choose another with --inspect/ })
})
