import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { applicationFilter } from './application-filter.ts'

test('applicationFilter() has nothing to do in text and at TRACE', () => {
  assert.equal(applicationFilter('Text', 'FATAL'), undefined)
  assert.equal(applicationFilter('JSON', 'TRACE'), undefined)
})

test('applicationFilter() goes by the level of a JSON line, in any case', () => {
  const isShown = applicationFilter('JSON', 'WARN')
  const shown = (line: string) => isShown?.(line)
  assert.ok(shown('{"level":"warn","message":"x"}'))
  assert.ok(shown('{"a":1,"level":"FATAL"}'))
  assert.ok(!shown('{"level":"info"}'))
  for (const line of ['plain', '{"level":3}', '{"level":"loud"}', '{"message":"x"}', '{"level":']) {
    assert.ok(!shown(line), `${line} counts as INFO`)
    assert.ok(applicationFilter('JSON', undefined)?.(line), `${line} is shown at INFO`)
  }
  assert.ok(!applicationFilter('JSON', 'INFO')?.('{"level":"Debug"}'))
})

test('applicationFilter() takes any line', () => {
  const isShown = applicationFilter('JSON', 'ERROR')
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (line) => typeof isShown?.(line) === 'boolean'),
  )
})
