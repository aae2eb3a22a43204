import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createHttpDate, headerValue, responseHead } from './response-head.ts'

const date = 'Fri, 20 Nov 2026 12:00:00 GMT'

test('responseHead() writes the framing itself, once', () => {
  const head = responseHead({
    status: 202,
    headers: {
      'X-A': '1',
      DATE: 'x',
      'bad name': '1',
      'content-length': '9',
      'Transfer-Encoding': 'chunked',
    },
    contentLength: 3,
    date,
    isKeepAlive: true,
  })
  assert.equal(
    head,
    `HTTP/1.1 202 Accepted\r\nDate: ${date}\r\nX-A: 1\r\nContent-Length: 3\r\nConnection: keep-alive\r\n\r\n`,
  )
})

test('responseHead() gives 204 no length', () => {
  const options = { status: 204, headers: {}, contentLength: 0, date, isKeepAlive: false }
  assert.equal(
    responseHead(options),
    `HTTP/1.1 204 No Content\r\nDate: ${date}\r\nConnection: close\r\n\r\n`,
  )
})

test('headerValue() keeps to one line of latin1', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (value) => {
      const safe = headerValue(value)
      assert.match(safe, /^[\t\x20-\x7e\x80-\xff]*$/)
      assert.equal(safe.length, value.length)
    }),
  )
})

test('createHttpDate() follows the clock by the second', () => {
  let nowMs = Date.UTC(2026, 10, 20, 12)
  const clock = { nowMs: () => nowMs, monotonicMs: () => 0, after: () => ({ clear() {} }) }
  const httpDate = createHttpDate(clock)
  assert.equal(httpDate(), date)
  nowMs += 999
  assert.equal(httpDate(), date)
  nowMs += 1
  assert.equal(httpDate(), 'Fri, 20 Nov 2026 12:00:01 GMT')
})
