import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { LineSplitter } from './output.ts'

function split(chunks: readonly Uint8Array[], maxBytes = 1000): string[] {
  const lines: string[] = []
  const splitter = new LineSplitter((line) => lines.push(line), maxBytes)
  for (const chunk of chunks) splitter.feed(chunk)
  splitter.flush()
  return lines
}

test('LineSplitter gives lines without their newline, and the last one when it is flushed', () => {
  assert.deepEqual(split([Buffer.from('a\n\nb\r\nc')]), ['a', '', 'b\r', 'c'])
  assert.deepEqual(split([Buffer.from('a\n')]), ['a'])
  assert.deepEqual(split([]), [])
})

test('LineSplitter gives the same lines however the bytes are cut', () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ unit: 'grapheme', maxLength: 20 })),
      fc.array(fc.nat(300), { maxLength: 8 }),
      (words, cuts) => {
        const text = words.map((word) => word.replaceAll('\n', '')).join('\n')
        const bytes = Buffer.from(text)
        const chunks: Buffer[] = []
        let at = 0
        for (const cut of cuts.toSorted((left, right) => left - right)) {
          chunks.push(bytes.subarray(at, cut))
          at = Math.max(at, cut)
        }
        chunks.push(bytes.subarray(at))
        assert.deepEqual(split(chunks), split([bytes]))
        const expected = text === '' ? [] : text.split('\n')
        if (expected.at(-1) === '') expected.pop()
        assert.deepEqual(split(chunks), expected)
      },
    ),
  )
})

test('LineSplitter cuts a line that does not end, between characters', () => {
  const lines = split([Buffer.from('€'.repeat(10)), Buffer.from('€\nnext\n')], 8)
  assert.equal(lines.slice(0, -1).join(''), '€'.repeat(11))
  assert.ok(lines.every((line) => Buffer.byteLength(line) <= 8 + 3))
  assert.equal(lines.at(-1), 'next')
  assert.ok(!lines.join('').includes('\ufffd'))
})

function frame(message: string): Buffer {
  const text = Buffer.from(message)
  const head = Buffer.alloc(16)
  head.writeUInt32BE(0xa55a0003, 0)
  head.writeUInt32BE(text.length, 4)
  return Buffer.concat([head, text])
}

test('LineSplitter gives a frame as one event, newlines and all, however its bytes are cut', () => {
  const stream = Buffer.concat([
    Buffer.from('before\n'),
    frame('an error\n\tat one\n\tat two\n'),
    frame('grüße'),
    frame(''),
    Buffer.from('after\nlast'),
  ])
  const events = ['before', 'an error\n\tat one\n\tat two', 'grüße', '', 'after', 'last']
  for (let cut = 0; cut <= stream.length; cut += 1) {
    assert.deepEqual(split([stream.subarray(0, cut), stream.subarray(cut)]), events)
  }
  assert.deepEqual(split([...stream].map((byte) => Uint8Array.of(byte))), events)
  assert.deepEqual(split([frame('x'.repeat(25))], 10), ['x'.repeat(10), 'x'.repeat(10), 'xxxxx'])
})
