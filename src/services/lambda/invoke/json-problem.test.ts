import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { describeJsonProblem, findJsonProblem } from './json-problem.ts'

const source = '[Source: REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled); line:'
const values = "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')"

const cases: readonly [text: string, message: string, column: number, line?: number][] = [
  ["'test'", `Unexpected character (''' (code 39)): expected a valid value ${values}`, 1],
  ['hello', `Unrecognized token 'hello': was expecting ${values}`, 6],
  ['tru', `Unrecognized token 'tru': was expecting ${values}`, 4],
  [
    '{client:1}',
    "Unexpected character ('c' (code 99)): was expecting double-quote to start field name",
    2,
  ],
  [
    '{"a":1,}',
    "Unexpected character ('}' (code 125)): was expecting double-quote to start field name",
    8,
  ],
  [
    '{"a" 1}',
    "Unexpected character ('1' (code 49)): was expecting a colon to separate field name and value",
    6,
  ],
  [
    '{"a":1 "b"}',
    `Unexpected character ('"' (code 34)): was expecting comma to separate Object entries`,
    8,
  ],
  [
    '[1 2]',
    "Unexpected character ('2' (code 50)): was expecting comma to separate Array entries",
    4,
  ],
  [
    '[1,\n 2',
    `Unexpected end-of-input: expected close marker for Array (start marker at ${source} 1, column: 1])`,
    3,
    2,
  ],
  [
    '{',
    `Unexpected end-of-input: expected close marker for Object (start marker at ${source} 1, column: 1])`,
    2,
  ],
  [
    '[1}',
    `Unexpected close marker '}': expected ']' (for Array starting at ${source} 1, column: 1])`,
    3,
  ],
  ['"abc', 'Unexpected end-of-input in VALUE_STRING', 5],
  [
    '-x',
    "Unexpected character ('x' (code 120)) in numeric value: expected digit (0-9) to follow minus sign, for valid numeric value",
    2,
  ],
  ['1.', 'Unexpected end-of-input in a Number value', 3],
  ['01', 'Invalid numeric value: Leading zeroes not allowed', 1],
  ['"\\x"', "Unrecognized character escape 'x' (code 120)", 3],
  ['"\\€"', "Unrecognized character escape '€' (code 8364 / 0x20ac)", 3],
  ['  ', 'No content to map due to end-of-input', 3],
]

test('findJsonProblem() words and places a problem as Jackson does', () => {
  for (const [text, message, column, line = 1] of cases) {
    assert.equal(
      findJsonProblem(Buffer.from(text)),
      `${message}\n at ${source} ${line}, column: ${column}]`,
      text,
    )
  }
})

test('findJsonProblem() refuses what is no UTF-8', () => {
  const unexpected = `: expected a valid value ${values}\n at ${source} 1, column: 1]`
  assert.equal(
    findJsonProblem(Buffer.from([0x99, 0x2c, 0x6a])),
    `Unexpected character ((CTRL-CHAR, code 153))${unexpected}`,
  )
  assert.equal(
    findJsonProblem(Buffer.from([0xa7])),
    `Unexpected character ('§' (code 167))${unexpected}`,
  )
  const refused: [bytes: number[], problem: string, column: number][] = [
    [[0x6e, 0x87, 0x72], 'Invalid UTF-8 start byte 0x87', 3],
    [[0x22, 0xa7, 0x22], 'Invalid UTF-8 start byte 0xa7', 3],
    [[0x22, 0xc3, 0x28, 0x22], 'Invalid UTF-8 middle byte 0x28', 4],
  ]
  for (const [bytes, problem, column] of refused) {
    assert.equal(
      findJsonProblem(Buffer.from(bytes)),
      `${problem}\n at ${source} 1, column: ${column}]`,
    )
  }
})

test('findJsonProblem() agrees with JSON.parse, and always finds words', () => {
  const almostJson = fc
    .tuple(fc.json(), fc.nat(), fc.constantFrom('', ',', '}', ']', '"', '{', '0', '\\', 'é', 'n'))
    .map(([text, at, extra]) => {
      const index = at % (text.length + 1)
      return text.slice(0, index) + extra + text.slice(index + (at % 2))
    })
  fc.assert(
    fc.property(fc.oneof(almostJson, fc.string()), (text) => {
      const bytes = Buffer.from(text.toWellFormed())
      let isValid = true
      try {
        JSON.parse(bytes.toString())
      } catch {
        isValid = false
      }
      const problem = findJsonProblem(bytes)
      assert.equal(problem === undefined, isValid)
      if (problem !== undefined) assert.match(problem, /\n at \[Source: /)
    }),
    { numRuns: 1000 },
  )
})

test('describeJsonProblem() ends for any bytes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      assert.equal(typeof describeJsonProblem(bytes), 'string')
    }),
    { numRuns: 1000 },
  )
})

test('describeJsonProblem() reads a million open brackets without a deep stack', () => {
  assert.match(String(findJsonProblem(Buffer.alloc(1_000_000, '['))), /^Unexpected end-of-input/)
})
