/** docs/api.md tells the truth: it is what the generator makes now, and every operation that is there has a test. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { readRows, renderDocument } from '../../scripts/docs/api-document.ts'

const rows = await readRows()

test('every operation that is there is called by a test', () => {
  const unproven = rows.filter((row) => row.support !== 'no' && row.proof === undefined)
  assert.deepEqual(
    unproven.map((row) => row.operation),
    [],
  )
})

test('all operations of the model are listed, each once', () => {
  assert.equal(rows.length, 88)
  assert.equal(new Set(rows.map((row) => row.operation)).size, 88)
})

test('docs/api.md is fresh: npm run docs', () => {
  const text = readFileSync(join(import.meta.dirname, '../../docs/api.md'), 'utf8')
  assert.equal(text, renderDocument(rows))
})
