import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { PlatformError } from '../lib/errors/platform-error.ts'
import { checkKey, endOfPrefix, justAfter } from './keys.ts'

/** The order SQLite gives text: by bytes of UTF-8. */
const order = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b))

/** Text with the edges of the code space in it. */
const text = fc.string({
  unit: fc.oneof(
    fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
    fc.constantFrom('a', '/', '\u007f', '\ud7ff', '\ue000', '\uffff', '\u{10ffff}'),
  ),
  maxLength: 6,
})

test('endOfPrefix() parts the keys with a prefix from all that come later', () => {
  fc.assert(
    fc.property(text, text, text, (prefix, rest, other) => {
      const end = endOfPrefix(prefix)
      assert.ok(order(prefix + rest, end) < 0)
      if (!other.startsWith(prefix) && order(other, prefix) > 0) assert.ok(order(other, end) >= 0)
    }),
  )
})

test('justAfter() leaves no key between', () => {
  fc.assert(
    fc.property(text, text, (key, other) => {
      fc.pre(!other.includes('\0'))
      assert.equal(order(other, key) > 0, order(other, justAfter(key)) >= 0)
    }),
  )
})

test('checkKey() takes 1,024 bytes of plain text and no more', () => {
  checkKey('functions/000000000000/us-east-1/näme')
  checkKey('x'.repeat(1024))
  checkKey('é'.repeat(512))
  for (const key of ['', 'a\0b', '\ud800', 'x'.repeat(1025), 'é'.repeat(513)]) {
    assert.throws(() => checkKey(key), PlatformError)
  }
})
