/** How a streamed response comes to the Runtime API: cut anywhere, held up, too long, cut short; and what its taker sees of it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import type { ResponseSink } from '../../src/environment/contract.ts'
import { toRuntimeEvent } from '../../src/environment/runtime-api/next.ts'
import { id, nextPath, openApi, reach, responsePath } from './api-support.ts'
import { request } from './raw-client.ts'
import { makeVersion } from './support.ts'

const head = `POST ${responsePath} HTTP/1.1\r\nHost: x\r\nContent-Type: a/b\r\nLambda-Runtime-Function-Response-Mode: streaming\r\n`
const chunkedHead = `${head}Transfer-Encoding: chunked\r\n\r\n`

class Taker implements ResponseSink {
  contentType: string | undefined
  text = ''
  isFull = false
  resume: (() => void) | undefined
  begin(contentType: string): void {
    assert.equal(this.contentType, undefined)
    this.contentType = contentType
  }
  write(chunk: Uint8Array): boolean {
    this.text += Buffer.from(chunk).toString()
    return !this.isFull
  }
  onDrain(resume: () => void): void {
    this.resume = resume
  }
}

/** An API whose runtime works on an event with a taker. */
async function open() {
  const api = await openApi()
  const taker = new Taker()
  const poller = api.open()
  poller.send('GET', nextPath)
  await reach(api, 'Ready')
  const version = makeVersion()
  const invocation = { requestId: id, version, invokedArn: version.arn, payload: [], traceId: 'x' }
  api.session.offer(toRuntimeEvent(invocation, 1, taker))
  await poller.response()
  return { api, taker, client: api.open(), [Symbol.dispose]: () => api[Symbol.dispose]() }
}

test('a stream reaches its taker whole, however it is cut, and the runtime may have asked on', async () => {
  const bytes = `${chunkedHead}5;x=y\r\nhello\r\n6\r\n world\r\n0\r\nX: y\r\n\r\n`
  for (const size of [1, 7, 10_000]) {
    using opened = await open()
    const { api, taker, client } = opened
    const whole = bytes + request('GET', nextPath)
    for (let at = 0; at < whole.length; at += size) {
      client.socket.write(whole.slice(at, at + size))
      if (size < 100) await setTimeout(0)
    }
    assert.equal((await client.response())?.status, 202)
    assert.deepEqual([taker.contentType, taker.text], ['a/b', 'hello world'])
    assert.deepEqual(api.answers, [{ kind: 'response', payload: [], contentType: 'a/b' }])
    while (api.readyCount() < 2) await setTimeout(1)
  }
})

test('a stream of a known length is one, too', async () => {
  using opened = await open()
  const { taker, client } = opened
  client.socket.write(`${head}Content-Length: 5\r\n\r\nhello`)
  assert.equal((await client.response())?.status, 202)
  assert.equal(taker.text, 'hello')
})

test('while its taker is full the runtime is not read, and its end is not waited for', async () => {
  using opened = await open()
  const { taker, client } = opened
  taker.isFull = true
  client.socket.write(`${chunkedHead}5\r\nhello\r\n`)
  while (taker.resume === undefined) await setTimeout(1)
  client.socket.write('6\r\n world\r\n')
  await setTimeout(20)
  assert.equal(taker.text, 'hello')
  taker.isFull = false
  taker.resume()
  client.socket.write('0\r\n\r\n')
  assert.equal((await client.response())?.status, 202)
  assert.equal(taker.text, 'hello world')
  taker.resume()
})

test('nothing is begun by a stream that fails before its first byte', async () => {
  using opened = await open()
  const { api, taker, client } = opened
  const error = Buffer.from('{"errorType":"Early"}').toString('base64')
  client.socket.write(
    `${chunkedHead}0\r\nLambda-Runtime-Function-Error-Type: Early\r\nLambda-Runtime-Function-Error-Body: ${error}\r\n\r\n`,
  )
  assert.equal((await client.response())?.status, 202)
  assert.equal(taker.contentType, undefined)
  assert.equal(api.answers[0]?.kind, 'error')
})

test('a stream that is cut short or broken is truncated, and what came before was passed on', async () => {
  for (const rest of ['6\r\n wor', '', 'no size\r\n']) {
    using opened = await open()
    const { api, taker, client } = opened
    client.socket.end(`${chunkedHead}5\r\nhello\r\n${rest}`)
    assert.equal((await client.response())?.status, 400)
    assert.match(taker.text, /^hello/)
    assert.deepEqual(api.answers, [{ kind: 'truncated' }])
  }
})
