/** How requests come to the Runtime API: framed by length or chunks, cut anywhere, too long, too short, or no requests at all. */
import assert from 'node:assert/strict'
import { get } from 'node:http'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { accepted, openApi, reach, nextPath, responsePath } from './api-support.ts'
import { request } from './raw-client.ts'

const framings = {
  'a content length': request('POST', responsePath, '{"ok":true}', { 'Content-Type': 'a/b' }),
  chunks: `POST ${responsePath} HTTP/1.1\r\nHost: x\r\nContent-Type: a/b\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\n{"ok"\r\n6\r\n:true}\r\n0\r\n\r\n`,
  'chunks with empty trailers': `POST ${responsePath} HTTP/1.1\r\nHost: x\r\nContent-Type: a/b\r\nLambda-Runtime-Function-Response-Mode: streaming\r\nTrailer: Lambda-Runtime-Function-Error-Type\r\nTransfer-Encoding: chunked\r\n\r\nB\r\n{"ok":true}\r\n0\r\nLambda-Runtime-Function-Error-Type:\r\n\r\n`,
}

for (const [name, bytes] of Object.entries(framings)) {
  test(`a response framed by ${name} is read whole, however it is cut`, async () => {
    for (const size of [1, 7, 10_000]) {
      using api = await openApi()
      await reach(api, 'Running')
      const client = api.open()
      for (let at = 0; at < bytes.length; at += size) {
        client.socket.write(bytes.slice(at, at + size))
        if (size < 100) await setTimeout(0)
      }
      assert.equal((await client.response())?.body, accepted)
      const [answer] = api.answers
      assert.equal(answer?.kind, 'response')
      if (answer.kind !== 'response') return
      assert.equal(Buffer.concat(answer.payload).toString(), '{"ok":true}')
      assert.equal(answer.contentType, 'a/b')
    }
  })
}

test('the answer to a runtime that asks on goes out together with the next event', async () => {
  using api = await openApi()
  const client = api.open()
  client.send('GET', nextPath)
  await reach(api, 'Ready')
  api.offer()
  await client.response()
  const chunks: string[] = []
  client.socket.on('data', (chunk: Buffer) => chunks.push(chunk.toString()))
  api.onReady(() => api.offer())
  client.socket.write(request('POST', responsePath, '1') + request('GET', nextPath))
  assert.equal((await client.response())?.status, 202)
  assert.equal((await client.response())?.status, 200)
  assert.equal(chunks.length, 1)
})

test('the trailers of a stream that failed make it an error', async () => {
  using api = await openApi()
  await reach(api, 'Running')
  const error = '{"errorMessage":"late","errorType":"Late"}'
  const client = api.open()
  client.socket.write(
    `POST ${responsePath} HTTP/1.1\r\nHost: x\r\nLambda-Runtime-Function-Response-Mode: streaming\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n0\r\nLambda-Runtime-Function-Error-Type: Runtime.Late\r\nLambda-Runtime-Function-Error-Body: ${Buffer.from(error).toString('base64')}\r\n\r\n`,
  )
  assert.equal((await client.response())?.status, 202)
  const [answer] = api.answers
  assert.equal(answer?.kind, 'error')
  if (answer.kind !== 'error') return
  assert.equal(answer.errorType, 'Runtime.Late')
  assert.equal(Buffer.concat(answer.payload).toString(), error)
})

test('Expect: 100-continue is answered before the body', async () => {
  using api = await openApi()
  await reach(api, 'Running')
  const client = api.open()
  const whole = request('POST', responsePath, '{"ok":1}', { Expect: '100-continue' })
  client.socket.write(whole.slice(0, -8))
  assert.equal((await client.response())?.status, 100)
  client.socket.write(whole.slice(-8))
  assert.equal((await client.response())?.status, 202)
})

test('a body over the limit is refused after it was read, by length and by chunks', async () => {
  for (const isChunked of [false, true]) {
    using api = await openApi()
    await reach(api, 'Running')
    const client = api.open()
    const bytes = 6_291_557
    const body = Buffer.alloc(bytes, 'x')
    const framing = isChunked ? 'Transfer-Encoding: chunked' : `Content-Length: ${bytes}`
    client.socket.write(`POST ${responsePath} HTTP/1.1\r\nHost: x\r\n${framing}\r\n\r\n`)
    if (isChunked) client.socket.write(`${bytes.toString(16)}\r\n`)
    client.socket.write(body)
    if (isChunked) client.socket.write('\r\n0\r\n\r\n')
    const response = await client.response()
    assert.equal(response?.status, 413)
    assert.equal(
      response.body,
      '{"errorMessage":"Exceeded maximum allowed payload size (6291556 bytes).","errorType":"RequestEntityTooLarge"}\n',
    )
    assert.deepEqual(api.answers, [{ kind: 'too-large', maxBytes: 6_291_556 }])
    // The connection and the runtime go on.
    client.send('GET', nextPath)
    while (api.readyCount() < 2) await setTimeout(1)
  }
})

test('a body that ends early is truncated', async () => {
  for (const bytes of [
    `POST ${responsePath} HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nhalf`,
    `POST ${responsePath} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhalf`,
    `POST ${responsePath} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n`,
    `POST ${responsePath} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nno size\r\n`,
  ]) {
    using api = await openApi()
    await reach(api, 'Running')
    const client = api.open()
    client.socket.end(bytes)
    const response = await client.response()
    assert.equal(response?.status, 400, bytes)
    assert.equal(
      response.body,
      '{"errorMessage":"HTTP request detected as truncated","errorType":"TruncatedHTTPRequest"}\n',
    )
    assert.deepEqual(api.answers, [{ kind: 'truncated' }])
    assert.equal(api.session.state, 'RuntimeResponseSentState')
  }
})

test('bytes that are no request are refused and the connection closed', async () => {
  using api = await openApi()
  for (const [bytes, status] of [
    ['GET / HTTP/3\r\n\r\n', 400],
    ['\u0000\u0001\r\n\r\n', 400],
    ['GET / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n', 400],
    [`GET / HTTP/1.1\r\nX: ${'a'.repeat(1_200_000)}`, 431],
  ] as const) {
    const client = api.open()
    const chunks: Buffer[] = []
    client.socket.on('data', (chunk: Buffer) => chunks.push(chunk))
    client.socket.write(bytes)
    await new Promise((resolve) => client.socket.once('end', resolve))
    assert.ok(
      Buffer.concat(chunks).toString().startsWith(`HTTP/1.1 ${status} `),
      bytes.slice(0, 30),
    )
    client.socket.destroy()
  }
})

test('clients that close their connection after each request are served', async () => {
  using api = await openApi()
  const pong = await new Promise<string>((resolve, reject) => {
    const url = `http://${api.address}/2018-06-01/ping`
    get(url, { agent: false }, (response) => {
      assert.equal(response.headers.connection, 'close')
      response.setEncoding('utf8').on('data', resolve)
    }).on('error', reject)
  })
  assert.equal(pong, 'pong')
})
