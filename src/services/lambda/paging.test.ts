import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { AwsError } from '../../lib/errors/aws-error.ts'
import { fromMarker, pageSize, slicePage, toMarker } from './paging.ts'

test('slicePage() shows every item once, in order, whatever the page size', () => {
  const items = fc.uniqueArray(fc.string({ minLength: 1 }), { maxLength: 120 })
  fc.assert(
    fc.property(items, fc.integer({ min: 1, max: 60 }), (unsorted, MaxItems) => {
      const sorted = unsorted.toSorted()
      const seen: string[] = []
      let Marker: string | undefined
      do {
        const page = slicePage(sorted, { MaxItems, Marker }, (item) => item)
        assert.ok(page.items.length <= Math.min(MaxItems, 50))
        seen.push(...page.items)
        Marker = page.nextMarker
      } while (Marker !== undefined)
      assert.deepEqual(seen, sorted)
    }),
    { numRuns: 50 },
  )
})

test('fromMarker() is the inverse of toMarker() and refuses everything else', () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1, unit: 'grapheme' }), (position) => {
      assert.equal(fromMarker({ Marker: toMarker(position) }), position)
    }),
  )
  fc.assert(
    fc.property(fc.string({ minLength: 1 }), (Marker) => {
      try {
        assert.equal(toMarker(fromMarker({ Marker }) ?? ''), Marker)
      } catch (error) {
        assert.ok(error instanceof AwsError)
      }
    }),
  )
  assert.equal(fromMarker({ Marker: '' }), undefined)
  assert.equal(pageSize({ MaxItems: 10_000 }), 50)
})
