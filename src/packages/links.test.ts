import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { findEscapingLink } from './links.ts'

test('findEscapingLink() lets links stay that lead inside or nowhere', () => {
  const links = new Map([
    ['lib/libx.so', 'libx.so.1'],
    ['lib/up', '../x'],
    ['deep/er/root', '../..'],
    ['nowhere', 'gone/file'],
    ['through', 'deep/er/root/x'],
  ])
  assert.equal(findEscapingLink(links), undefined)
})

test('findEscapingLink() names the link that leads out', () => {
  const cases: [string, string][][] = [
    [['l', '/etc/passwd']],
    [['l', '..']],
    [['a/l', '../..']],
    [['l', 'l']],
    [
      ['sub/d', '..'],
      ['sub/x/l', '../d/../..'],
    ],
    [
      ['a', 'b'],
      ['b', 'c/..'],
      ['c', 'x/../..'],
    ],
  ]
  for (const links of cases) {
    assert.notEqual(findEscapingLink(new Map(links)), undefined, JSON.stringify(links))
  }
})

test('findEscapingLink() comes to an end for any links', () => {
  const part = fc.constantFrom('a', 'b', 'c', '..', '.', '')
  const path = fc.array(part, { minLength: 1, maxLength: 6 }).map((parts) => parts.join('/'))
  const name = fc.constantFrom('a', 'b', 'c', 'a/a', 'a/b', 'b/c', 'c/c/c')
  fc.assert(
    fc.property(fc.array(fc.tuple(name, path), { maxLength: 7 }), (links) => {
      findEscapingLink(new Map(links))
    }),
  )
})
