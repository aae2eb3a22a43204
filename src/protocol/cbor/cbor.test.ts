import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { AwsError } from '../../lib/errors/aws-error.ts'
import { decodeCbor } from './decode.ts'
import { encodeCbor } from './encode.ts'

function hex(text: string): unknown {
  return decodeCbor(Buffer.from(text, 'hex'))
}

describe('decodeCbor()', () => {
  /** source: RFC 8949 appendix A */
  const examples: readonly (readonly [string, unknown])[] = [
    ['00', 0],
    ['1864', 100],
    ['1a000f4240', 1_000_000],
    ['1b000000e8d4a51000', 1_000_000_000_000],
    ['3903e7', -1000],
    ['f93c00', 1],
    ['f97bff', 65_504],
    ['f90001', 5.960464477539063e-8],
    ['f97c00', Infinity],
    ['fa47c35000', 100_000],
    ['fb3ff199999999999a', 1.1],
    ['f4', false],
    ['f6', null],
    ['c11a514b67b0', new Date(1_363_896_240_000)],
    ['4401020304', Buffer.from([1, 2, 3, 4])],
    ['62c3bc', 'ü'],
    ['83010203', [1, 2, 3]],
    ['a26161016162820203', { a: 1, b: [2, 3] }],
    ['5f42010243030405ff', Buffer.from([1, 2, 3, 4, 5])],
    ['7f657374726561646d696e67ff', 'streaming'],
    ['9f018202039f0405ffff', [1, [2, 3], [4, 5]]],
    ['bf61610161629f0203ffff', { a: 1, b: [2, 3] }],
  ]
  for (const [text, value] of examples) {
    test(text, () => assert.deepEqual(hex(text), value))
  }
  const bad = [
    '',
    '18',
    '62c3',
    '9bffffffffffffffff',
    'bb7fffffffffffffff',
    'ff',
    '9f01',
    '0000',
    'a10101',
    '5f01ff',
    'c1616a',
    '1c',
  ]
  for (const text of bad) {
    test(`refuses ${text}`, () =>
      assert.throws(() => hex(text), { code: 'SerializationException' }))
  }
  test('refuses what is nested too deeply', () => {
    assert.throws(() => hex('81'.repeat(5000)), { code: 'SerializationException' })
  })
  test('reads what encodeCbor() writes', () => {
    const simple = fc.oneof(
      fc.string(),
      fc.boolean(),
      fc.maxSafeInteger(),
      fc.double({ noNaN: true }),
      fc.date({ noInvalidDate: true, min: new Date(-1e12), max: new Date(4e12) }),
      fc.uint8Array().map((bytes) => Buffer.from(bytes)),
    )
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof(
        { depthSize: 'small' },
        simple,
        fc.array(tie('value')),
        fc.dictionary(fc.string(), tie('value')),
      ),
    }))
    fc.assert(
      fc.property(value, (given) => {
        assert.deepEqual(strip(decodeCbor(encodeCbor(given))), strip(given))
      }),
    )
  })
  test('garbage is a SerializationException', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        try {
          decodeCbor(bytes)
        } catch (error) {
          assert.ok(error instanceof AwsError)
        }
      }),
      { numRuns: 1000 },
    )
  })
})

/** Without prototypes, which fast-check varies. */
function strip(value: unknown): unknown {
  if (value instanceof Uint8Array) return [...value]
  if (value instanceof Date || typeof value !== 'object' || value === null) return value
  return Array.isArray(value)
    ? value.map(strip)
    : Object.entries(value).map(([key, item]) => [key, strip(item)])
}
