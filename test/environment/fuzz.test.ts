/** The Runtime API against bytes of any kind: it answers in order or closes the connection, and goes on serving others. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { id, openApi, nextPath, reach, responsePath } from './api-support.ts'
import { request } from './raw-client.ts'

const ping = '/2018-06-01/ping'

/** Requests with the status each gets from a runtime that works on nothing. */
const known = [
  [request('GET', ping), 200],
  [request('GET', `${ping}?a=b`, '', { 'X-Long': 'x'.repeat(3000) }), 200],
  [request('POST', responsePath, '{"a":1}'), 400],
  [
    `POST ${responsePath} HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\na: b\r\n\r\n`,
    400,
  ],
  [request('POST', '/nowhere', 'x'.repeat(2000)), 404],
  [request('POST', nextPath), 405],
] as const

test('pipelined requests are answered in order, however the bytes are cut', async () => {
  using api = await openApi()
  const indexes = fc.array(fc.nat(known.length - 1), { minLength: 1, maxLength: 8 })
  await fc.assert(
    fc.asyncProperty(indexes, fc.array(fc.nat(9000), { maxLength: 5 }), async (order, cuts) => {
      const bytes = order.map((index) => known[index]?.[0] ?? '').join('')
      const client = api.open()
      let at = 0
      for (const cut of cuts.toSorted((left, right) => left - right)) {
        client.socket.write(bytes.slice(at, Math.max(at, cut)))
        at = Math.max(at, cut)
        await new Promise((resolve) => setImmediate(resolve))
      }
      client.socket.write(bytes.slice(at))
      for (const index of order) {
        assert.equal((await client.response())?.status, known[index]?.[1])
      }
      client.socket.destroy()
    }),
    { numRuns: 60 },
  )
})

const fragments = [
  'GET ',
  'POST ',
  nextPath,
  responsePath,
  `/2018-06-01/runtime/invocation/${id}/error`,
  '/2018-06-01/runtime/init/error',
  ' HTTP/1.1\r\n',
  '\r\n',
  '\n',
  'Content-Length: 5\r\n',
  'Content-Length: 99999999999\r\n',
  'Transfer-Encoding: chunked\r\n',
  'Expect: 100-continue\r\n',
  'Connection: close\r\n',
  'Trailer: a\r\n',
  '5\r\nabcde\r\n',
  '0\r\n\r\n',
  'ffffffff\r\n',
  '\u0000',
]

test('any bytes are answered or refused, and nothing else suffers', async () => {
  using api = await openApi()
  await reach(api, 'Running')
  const piece = fc.oneof(
    {
      weight: 8,
      arbitrary: fc.constantFrom(...fragments).map((text) => Buffer.from(text, 'latin1')),
    },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes)) },
  )
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { maxLength: 12 }), async (pieces) => {
      const client = api.open()
      const closed = new Promise((resolve) => client.socket.once('close', resolve))
      for (const bytes of pieces) client.socket.write(bytes)
      client.socket.end()
      await closed
      const pong = await api.open().ask('GET', ping, '', { Connection: 'close' })
      assert.equal(pong?.body, 'pong')
    }),
    { numRuns: 200 },
  )
})
