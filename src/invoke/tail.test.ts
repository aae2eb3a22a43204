import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Tail } from './tail.ts'

test('the tail is the last 4,096 bytes of all lines', () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ unit: 'grapheme', maxLength: 3000 }), { maxLength: 12 }),
      (lines) => {
        const tail = new Tail('Text')
        for (const line of lines) tail.add(line)
        const all = Buffer.from(lines.map((line) => `${line}\n`).join(''))
        assert.deepEqual(tail.toBytes(), all.subarray(Math.max(0, all.length - 4096)))
      },
    ),
    { numRuns: 100 },
  )
})

test('the tail of a JSON log begins at a record', () => {
  const tail = new Tail('JSON')
  tail.add(`{"first":"${'x'.repeat(3000)}"}`)
  tail.add(`{"second":"${'y'.repeat(2000)}"}`)
  assert.equal(tail.toBytes().toString(), `{"second":"${'y'.repeat(2000)}"}\n`)
})
