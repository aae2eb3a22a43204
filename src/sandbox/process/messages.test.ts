import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { jsonLines } from './messages.ts'

test('jsonLines() gives every value once, however the text is cut', () => {
  fc.assert(
    fc.property(fc.array(fc.jsonValue()), fc.nat(20), (values, size) => {
      const text = values.map((value) => `${JSON.stringify(value)}\n`).join('')
      const seen: unknown[] = []
      const feed = jsonLines((value) => seen.push(value))
      for (let at = 0; at < text.length; at += size + 1) feed(text.slice(at, at + size + 1))
      assert.deepEqual(seen, JSON.parse(`[${values.map((value) => JSON.stringify(value)).join()}]`))
    }),
  )
})
