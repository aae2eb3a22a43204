import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { limits, logLimits } from '../config.ts'
import { decodePage, encodePage, splitMessage, toPages } from './log-page.ts'
import type { AppendedEvent } from './log-page.ts'

const appended: fc.Arbitrary<AppendedEvent> = fc.record({
  place: fc.constantFrom({ accountId: '1', region: 'a' }, { accountId: '1', region: 'b' }),
  group: fc.constantFrom('/aws/lambda/f', '/aws/lambda/g'),
  stream: fc.constantFrom('s', 't', '__proto__'),
  timestampMs: fc.integer(),
  message: fc.string({ unit: 'binary' }),
})

describe('log pages', () => {
  test('come back as they went', () => {
    fc.assert(
      fc.property(fc.array(appended), fc.nat(), (events, first) => {
        const page = { place: { accountId: '1', region: 'a' }, group: 'g', events }
        const expected = events.map(({ stream, timestampMs, message }, index) => ({
          timestampMs,
          message,
          stream,
          sequence: first + index,
        }))
        assert.deepEqual(decodePage(encodePage(page), first), expected)
      }),
    )
  })

  test('hold every event once, in order within its group', () => {
    fc.assert(
      fc.property(fc.array(appended), (events) => {
        const pages = toPages(events)
        for (const region of ['a', 'b']) {
          for (const group of ['/aws/lambda/f', '/aws/lambda/g']) {
            const isOurs = (of: Pick<AppendedEvent, 'place' | 'group'>) =>
              of.place.region === region && of.group === group
            assert.deepEqual(
              pages.filter(isOurs).flatMap((page) => page.events),
              events.filter(isOurs),
            )
          }
        }
      }),
    )
  })

  test('are bounded by count and by size', () => {
    const event = (message: string): AppendedEvent => ({
      place: { accountId: '1', region: 'a' },
      group: 'g',
      stream: 's',
      timestampMs: 0,
      message,
    })
    const short = toPages(Array.from({ length: logLimits.pageEventCount + 1 }, () => event('x')))
    assert.deepEqual(
      short.map((page) => page.events.length),
      [logLimits.pageEventCount, 1],
    )
    const long = event('x'.repeat(logLimits.pageBytes))
    assert.equal(toPages([long, long, long]).length, 3)
  })
})

describe('splitMessage()', () => {
  test('leaves a message within the limit alone', () => {
    for (const message of ['', 'line', 'x'.repeat(limits.maxLogLineBytes), 'é'.repeat(100_000)]) {
      assert.deepEqual(splitMessage(message), [message])
    }
  })

  test('cuts a longer one between characters and loses none', () => {
    const units = fc.array(fc.constantFrom('x', 'é', '€', '😀'), { minLength: 1, maxLength: 5 })
    fc.assert(
      fc.property(units, (unit) => {
        const message = unit.join('').repeat(Math.ceil(600_000 / unit.join('').length))
        const pieces = splitMessage(message)
        assert.ok(pieces.length > 1)
        assert.equal(pieces.join(''), message)
        for (const piece of pieces) {
          assert.ok(Buffer.byteLength(piece) <= limits.maxLogLineBytes)
          assert.ok(piece.isWellFormed())
        }
      }),
      { numRuns: 20 },
    )
  })
})
