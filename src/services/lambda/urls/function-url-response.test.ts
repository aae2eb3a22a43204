import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { splitPrelude, toPrelude, toUrlResponse } from './function-url-response.ts'

const answer = (value: unknown) => {
  const response = toUrlResponse(Buffer.from(JSON.stringify(value)))
  return response && [response.status, response.headers['content-type'], response.body.toString()]
}

test('toUrlResponse() of a value is that value as JSON, of a text the text', () => {
  for (const [value, text] of [
    [{ hello: 'world' }, '{"hello":"world"}'],
    [['hello', 3, true], '["hello",3,true]'],
    ['hello', 'hello'],
    [3.1, '3.1'],
    [true, 'true'],
    [null, 'null'],
  ]) {
    assert.deepEqual(answer(value), [200, 'application/json', text])
  }
  assert.equal(toUrlResponse(Buffer.from('{oops')), undefined)
})

test('toUrlResponse() takes a described response as it is', () => {
  assert.deepEqual(answer({ statusCode: '418', body: 'tea' }), [418, 'application/json', 'tea'])
  assert.deepEqual(answer({ statusCode: 200, body: 'aGk=', isBase64Encoded: true }), [
    200,
    'application/json',
    'hi',
  ])
  assert.deepEqual(
    answer({ statusCode: 201, headers: { 'Content-Type': 'text/html', 'Content-Length': 9 } }),
    [201, 'text/html', ''],
  )
  for (const statusCode of [99, 100, 600, 'x', 2.5, {}, true, null]) {
    assert.equal(answer({ statusCode }), undefined)
  }
  assert.equal(answer({ statusCode: 200, headers: { a: [1] } }), undefined)
  assert.equal(answer({ statusCode: 200, headers: [] })?.[0], undefined)
  assert.equal(answer({ statusCode: 200, cookies: 'a=b' }), undefined)
})

test('toUrlResponse() hands on no header that frames the message', () => {
  const names = [
    'Connection',
    'TRANSFER-ENCODING',
    'Content-Length',
    'Upgrade',
    'Keep-Alive',
    'te',
    'Trailer',
  ]
  const headers = Object.fromEntries(names.map((name) => [name, 'x']))
  const response = toUrlResponse(Buffer.from(JSON.stringify({ statusCode: 200, headers })))
  assert.deepEqual(Object.keys(response?.headers ?? {}), ['content-type'])
})

test('a prelude and what follows it are told apart, and garbage is no prelude', () => {
  const bytes = Buffer.from(
    '{"statusCode":201,"headers":{"a":"b"},"cookies":["c=d"]}\0\0\0\0\0\0\0\0body',
  )
  const parts = splitPrelude(bytes)
  assert.equal(parts?.rest.toString(), 'body')
  assert.partialDeepStrictEqual(toPrelude(parts.prelude), { status: 201, cookies: ['c=d'] })
  assert.equal(toPrelude('{}')?.status, 200)
  assert.equal(splitPrelude(bytes.subarray(0, 60)), undefined)
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
      const head = toPrelude(text)
      assert.ok(head === undefined || head.status >= 200)
      toUrlResponse(Buffer.from(text))
    }),
  )
})
