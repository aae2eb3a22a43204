/** Random values for the inputs of operations: mostly of the right shape, so that they get deep, often wrong in one place. */
import type { ShapeModel } from '../../../src/protocol/shape-model.ts'
import type { Random } from './random.ts'

export type JsonValue =
  | string
  | number
  | boolean
  | null
  | JsonValue[]
  | { [name: string]: JsonValue }

const wrongRate = 0.04
const maxDepth = 6

const texts = [
  '',
  'f',
  'g',
  '$LATEST',
  '1',
  'arn:aws:lambda:us-east-1:000000000000:function:f',
  'arn:aws:iam::000000000000:role/r',
  'http://127.0.0.1/000000000000/q',
  'nodejs24.x',
  '../../etc/passwd',
  '%00%ff%2e%2e',
  'a\u0000b',
  'ünïcödé \u{1f4a5} \ud800',
  '{{{{[[[[',
  '__proto__',
  'constructor',
  '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
  "'; DROP TABLE documents; --",
  'x'.repeat(300),
  '9'.repeat(400),
]
const numbers = [0, 1, -1, 3, 128, 900, 901, 65_536, 2 ** 31, 2 ** 53, -(2 ** 63), 1e308, 0.1]

/** A value for a shape, wrong now and then. */
export function valueFor(
  shapes: readonly ShapeModel[],
  index: number,
  random: Random,
  depth = 0,
): JsonValue {
  if (random.chance(wrongRate)) return anything(random, 0)
  const shape = shapes[index]
  if (!shape || depth > maxDepth) return null
  switch (shape.type) {
    case 'structure': {
      const value: { [name: string]: JsonValue } = {}
      for (const [name, member] of Object.entries(shape.members)) {
        if (!random.chance(member.required ? 0.93 : 0.3)) continue
        value[member.json ?? name] = valueFor(shapes, member.shape, random, depth + 1)
      }
      return value
    }
    case 'list': {
      const count = random.below(3)
      return Array.from({ length: count }, () => valueFor(shapes, shape.of, random, depth + 1))
    }
    case 'map':
      return { [random.pick(texts)]: valueFor(shapes, shape.value, random, depth + 1) }
    default:
      return scalarFor(shape, random)
  }
}

function scalarFor(shape: ShapeModel, random: Random): JsonValue {
  switch (shape.type) {
    case 'boolean':
      return random.chance(0.5)
    case 'string':
      return shape.enum && random.chance(0.8) ? random.pick(shape.enum) : random.pick(texts)
    case 'blob':
      return Buffer.from(random.pick(texts)).toString('base64')
    case 'timestamp':
      return random.chance(0.5) ? random.pick(numbers) : '2026-11-20T00:00:00Z'
    default:
      return random.pick(numbers)
  }
}

/** Any JSON at all, sometimes deep. */
export function anything(random: Random, depth: number): JsonValue {
  switch (random.below(depth > 3 ? 4 : 8)) {
    case 0:
      return null
    case 1:
      return random.pick(numbers)
    case 2:
      return random.chance(0.5)
    case 3:
      return random.pick(texts)
    case 4:
      return [anything(random, depth + 1), anything(random, depth + 1)]
    case 5:
      return { [random.pick(texts)]: anything(random, depth + 1) }
    case 6:
      return nested(50 + random.below(400))
    default:
      return []
  }
}

function nested(depth: number): JsonValue {
  let value: JsonValue = 'bottom'
  for (let level = 0; level < depth; level += 1) value = level % 2 === 0 ? [value] : { a: value }
  return value
}

/** A text for a label, a header or a query value. */
export const textFor = (random: Random): string => random.pick(texts)
