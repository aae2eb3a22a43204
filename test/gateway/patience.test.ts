/** Slow clients, on a clock that runs a hundred times as fast as the wall. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock } from '../../src/lib/clock.ts'
import type { Clock } from '../../src/lib/clock.ts'
import { startTestServer, Wire } from './support/server.ts'
import { signedInvoke } from './support/sign.ts'

const factor = 100
const fastClock: Clock = {
  nowMs: () => systemClock.nowMs(),
  monotonicMs: () => systemClock.monotonicMs() * factor,
  after: (delayMs, run) => systemClock.after(delayMs / factor, run),
}

test('slow clients of the fast lane are let go', async () => {
  await using server = await startTestServer({ clock: fastClock })
  const { gateway } = server
  const invoke = await signedInvoke(gateway, 'echo', '{"a":1}')
  const sayNothing = async (): Promise<void> => {
    await using wire = await Wire.open(gateway)
    assert.equal(await wire.closed(), '')
  }
  const stopWithin = async (length: number): Promise<void> => {
    await using wire = await Wire.open(gateway)
    wire.send(invoke.slice(0, length))
    assert.match(await wire.closed(), /^HTTP\/1.1 408 /)
  }
  const stayAfterwards = async (): Promise<void> => {
    await using wire = await Wire.open(gateway)
    wire.send(invoke)
    const [answer] = await wire.responses(1)
    assert.equal(answer?.status, 200)
    await wire.closed()
  }
  await Promise.all([sayNothing(), stopWithin(60), stopWithin(invoke.length - 1), stayAfterwards()])
})

test('a client that does not take its response is let go, in both lanes', async () => {
  await using server = await startTestServer({ clock: fastClock })
  const { gateway } = server
  for (const headers of [{}, { origin: 'http://localhost' }]) {
    await using wire = await Wire.open(gateway)
    wire.socket.pause()
    const request = await signedInvoke(gateway, 'large', '{}', headers)
    wire.send(request)
    await new Promise((resolve) => setTimeout(resolve, 900))
    wire.socket.resume()
    assert.ok((await wire.closed()).length < 6_000_000)
  }
})

test('close() does not wait for a client that has its answer, whatever the answer promised', async () => {
  const sent = Promise.withResolvers<void>()
  const rest = Promise.withResolvers<void>()
  async function* body(): AsyncGenerator<Uint8Array> {
    yield Buffer.from('all')
    sent.resolve()
    await rest.promise
  }
  const headers = { 'content-length': '3' }
  const handle = async () => ({ status: 200, headers, body: body() })
  const server = await startTestServer({ routes: [{ method: 'GET', prefix: '/_lair/x', handle }] })
  await using wire = await Wire.open(server.gateway)
  wire.send('GET /_lair/x HTTP/1.1\r\nHost: localhost\r\n\r\n')
  assert.equal((await wire.responses(1))[0]?.body, 'all')
  await sent.promise
  const startedMs = systemClock.monotonicMs()
  const closing = server.gateway.close({ drainMs: 10_000 })
  rest.resolve()
  await closing
  assert.ok(systemClock.monotonicMs() - startedMs < 5000)
  await server[Symbol.asyncDispose]()
})

test('close() lets running requests end, then cuts, and takes no more', async () => {
  const server = await startTestServer()
  const { gateway } = server
  await using idle = await Wire.open(gateway)
  await using running = await Wire.open(gateway)
  running.send(await signedInvoke(gateway, 'forever'))
  await using finishing = await Wire.open(gateway)
  finishing.send(await signedInvoke(gateway, 'large'))
  await finishing.until((text) => text.length > 0)
  const closing = gateway.close({ drainMs: 200 })
  await idle.closed()
  await assert.rejects(fetch(`${gateway.endpoint}/_lair/health`))
  assert.equal((await finishing.responses(1))[0]?.body.length, 6_000_000)
  await closing
  while (server.seen.aborted.length === 0) await new Promise((resolve) => setImmediate(resolve))
  await server[Symbol.asyncDispose]()
})
