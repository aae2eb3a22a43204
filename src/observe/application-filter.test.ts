import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { applicationFilter } from './application-filter.ts'

test('applicationFilter() has nothing to do in text and at TRACE', () => {
  assert.equal(applicationFilter('Text', 'FATAL'), undefined)
  assert.equal(applicationFilter('JSON', 'TRACE'), undefined)
})

const timestamp = '2024-11-02T16:51:31.587199Z'

test('applicationFilter() goes by the level of a JSON line, in any case', () => {
  const isShown = applicationFilter('JSON', 'WARN')
  const shown = (line: object) => isShown?.(JSON.stringify(line))
  assert.ok(shown({ level: 'warn', message: 'x', timestamp }))
  assert.ok(shown({ time: '2024-11-02T16:51:31+01:00', a: 1, level: 'FATAL' }))
  assert.ok(!shown({ level: 'info', timestamp }))
})

test('applicationFilter() takes for INFO what has no level that AWS knows, or no time', () => {
  const isShown = applicationFilter('JSON', 'WARN')
  const shown = (line: string) => isShown?.(line)
  const objects = [
    { level: 3, timestamp },
    { level: 'loud', timestamp },
    { message: 'x', timestamp },
    { level: 'ERROR' },
    { level: 'ERROR', timestamp: 1_700_000_000 },
    { level: 'ERROR', time: 'yesterday' },
  ]
  for (const line of ['plain', '{"level":', ...objects.map((object) => JSON.stringify(object))]) {
    assert.ok(!shown(line), `${line} counts as INFO`)
    assert.ok(applicationFilter('JSON', undefined)?.(line), `${line} is shown at INFO`)
  }
  const debug = JSON.stringify({ level: 'Debug', timestamp })
  assert.ok(!applicationFilter('JSON', 'INFO')?.(debug))
})

test('applicationFilter() takes any line', () => {
  const isShown = applicationFilter('JSON', 'ERROR')
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (line) => typeof isShown?.(line) === 'boolean'),
  )
})
