import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { checkRecursion, enterFunction } from './lineage.ts'

const own = { id: '0a1b2c3d', isLoopAllowed: false }
const other = { id: 'ffffffff', isLoopAllowed: false }
const root = 'Root=1-677faf89-09a6b95269c6e56c4d1ab356;Parent=7e44b09386b9ab35;Sampled=0'

test('enterFunction() counts each function of the chain on its own', () => {
  const first = enterFunction(root, own)
  assert.equal(first, `${root};Lineage=1:0a1b2c3d:0`)
  const second = enterFunction(first, other)
  assert.equal(second, `${root};Lineage=2:0a1b2c3d:0|ffffffff:0`)
  assert.equal(enterFunction(second, own), `${root};Lineage=3:ffffffff:0|0a1b2c3d:1`)
})

test('enterFunction() reads the form without the number of entrances, and any place in the header', () => {
  const given = 'Root=1-2-3;Lineage=0a1b2c3d:4,ffffffff:2;Sampled=1'
  assert.equal(enterFunction(given, own), 'Root=1-2-3;Sampled=1;Lineage=9:ffffffff:2|0a1b2c3d:5')
})

test('checkRecursion() stops the seventeenth entrance, unless loops are allowed', () => {
  let trace = root
  for (let count = 1; count <= 16; count++) {
    trace = enterFunction(trace, own)
    checkRecursion(trace, own)
    checkRecursion(trace, other)
  }
  trace = enterFunction(trace, own)
  assert.throws(() => checkRecursion(trace, own), { code: 'RecursiveInvocationException' })
  checkRecursion(trace, other)
  checkRecursion(trace, { ...own, isLoopAllowed: true })
})

test('enterFunction() of anything gives a header that is short and counts on', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 1000 }), (text) => {
      const trace = `${root};Lineage=${text.replaceAll('Lineage=', '')}`
      const entered = enterFunction(trace, own)
      const before = /0a1b2c3d:(\d+)$/.exec(entered)?.[1]
      const again = /0a1b2c3d:(\d+)$/.exec(enterFunction(entered, own))?.[1]
      assert.equal(Number(again), Number(before) + 1)
      assert.ok(entered.length < root.length + text.length + 400)
    }),
  )
})
