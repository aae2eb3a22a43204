import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { BadRequestHead, bodyFraming, parseRequestHead } from './head.ts'

const max = 65_536
const parse = (text: string) => parseRequestHead(Buffer.from(text, 'latin1'), 0, max)

test('parseRequestHead() reads the line, the fields and where the body starts', () => {
  const text =
    'POST /a%20b?c=d HTTP/1.1\r\nHost: x\r\nAccept: a\r\naccept:b \r\nContent-Length: 2\r\n\r\nhi'
  const head = parse(text)
  assert.equal(head?.method, 'POST')
  assert.equal(head?.target, '/a%20b?c=d')
  assert.deepEqual({ ...head?.headers }, { host: 'x', accept: 'a, b', 'content-length': '2' })
  assert.equal(head?.bodyOffset, text.length - 2)
  assert.equal(head?.isKeepAlive, true)
})

test('parseRequestHead() takes spaces and tabs from around a value, and no byte of it', () => {
  const last = Buffer.from('à').toString('latin1')
  const head = parse(`GET / HTTP/1.1\r\nX: \t ${last}\t \r\nContent-Length:\xa05\r\n\r\n`)
  assert.equal(head?.headers['x'], last)
  assert.throws(() => bodyFraming({ headers: head?.headers ?? {} }), BadRequestHead)
})

test('parseRequestHead() waits for the rest of a head', () => {
  assert.equal(parse('GET / HTTP/1.1\r\nHost: x\r\n'), undefined)
})

test('parseRequestHead() refuses what could be read two ways', () => {
  for (const text of [
    'GET / HTTP/1.1\r\nHost : x\r\n\r\n',
    'GET / HTTP/1.1\r\n folded: x\r\n\r\n',
    'GET / HTTP/2.0\r\n\r\n',
    'GET  / HTTP/1.1\r\n\r\n',
    'GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n',
    'GET / HTTP/1.1\r\nX: a\nb\r\n\r\n',
    'GET / HTTP/1.1\r\nX: \x0ba\r\n\r\n',
    'GET / HTTP/1.1\r\nX: a\x0c\r\n\r\n',
  ]) {
    assert.throws(() => parse(text), BadRequestHead, JSON.stringify(text))
  }
  assert.throws(() => parse(`GET / HTTP/1.1\r\nX: ${'a'.repeat(max)}`), BadRequestHead)
})

test('bodyFraming() refuses a request with two framings', () => {
  assert.equal(bodyFraming({ headers: { 'transfer-encoding': 'Chunked' } }), 'chunked')
  assert.equal(bodyFraming({ headers: {} }), 0)
  for (const headers of [
    { 'transfer-encoding': 'chunked', 'content-length': '1' },
    { 'transfer-encoding': 'gzip, chunked' },
    { 'content-length': '+1' },
    { 'content-length': '1, 1' },
  ]) {
    assert.throws(() => bodyFraming({ headers }), BadRequestHead)
  }
})

test('parseRequestHead() on any bytes answers or throws BadRequestHead', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      try {
        parseRequestHead(Buffer.from(bytes), 0, 256)
      } catch (error) {
        assert.ok(error instanceof BadRequestHead)
      }
    }),
  )
})
