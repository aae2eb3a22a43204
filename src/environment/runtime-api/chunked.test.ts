import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { BadRequestHead } from '../../lib/http/head.ts'
import { ChunkedBody } from './chunked.ts'

/** Read a body that comes in pieces; what follows it is given back. */
function read(bytes: Buffer, cuts: readonly number[] = []) {
  const body = new ChunkedBody()
  const content: Buffer[] = []
  let rest = Buffer.alloc(0)
  let at = 0
  for (const cut of [...cuts.toSorted((left, right) => left - right), bytes.length]) {
    const piece = bytes.subarray(at, Math.max(at, cut))
    at = Math.max(at, cut)
    const end = body.feed(piece, 0, (part) => content.push(Buffer.from(part)))
    rest = Buffer.concat([rest, piece.subarray(end)])
  }
  return {
    isDone: body.isDone,
    text: Buffer.concat(content).toString(),
    trailers: { ...body.trailers },
    rest: rest.toString(),
  }
}

test('ChunkedBody reads chunks, extensions and trailers, and stops behind them', () => {
  const bytes = Buffer.from('3;a=b\r\nabc\r\n0a\r\n0123456789\r\n0\r\nX-A: 1\r\nx-a: 2\r\n\r\nGET')
  const whole = { isDone: true, text: 'abc0123456789', trailers: { 'x-a': '1, 2' }, rest: 'GET' }
  assert.deepEqual(read(bytes), whole)
  fc.assert(
    fc.property(fc.array(fc.nat(bytes.length), { maxLength: 6 }), (cuts) =>
      assert.deepEqual(read(bytes, cuts), whole),
    ),
  )
})

test('ChunkedBody refuses what could be read two ways', () => {
  for (const text of [
    'x\r\n',
    '-1\r\n',
    '0x3\r\nabc\r\n',
    '3\nabc\r\n',
    '3\r\nabcd\r\n',
    '123456789\r\n',
    `${'0'.repeat(5000)}`,
    '0\r\nbad trailer\r\n\r\n',
    '0\r\n folded: x\r\n\r\n',
  ]) {
    assert.throws(() => read(Buffer.from(text)), BadRequestHead, JSON.stringify(text))
  }
})

test('ChunkedBody on any bytes reads on or throws BadRequestHead', () => {
  const anyBytes = fc.array(
    fc.oneof(
      fc.constantFrom('3\r\n', 'abc', '\r\n', '0\r\n', 'ffffffff\r\n', 'a: b\r\n', ';', '\n'),
      fc.string({ maxLength: 8 }),
    ),
    { maxLength: 12 },
  )
  fc.assert(
    fc.property(anyBytes, fc.array(fc.nat(60), { maxLength: 4 }), (parts, cuts) => {
      try {
        read(Buffer.from(parts.join('')), cuts)
      } catch (error) {
        assert.ok(error instanceof BadRequestHead)
      }
    }),
  )
})
