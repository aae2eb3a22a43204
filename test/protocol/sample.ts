/** Sample values of every shape, with all members filled: what the round trip sends. Deterministic. */
import { shapeAt } from '../../src/protocol/load-model.ts'
import type { ServiceModel } from '../../src/protocol/load-model.ts'
import type {
  Location,
  ShapeModel,
  StringShape,
  StructureShape,
} from '../../src/protocol/shape-model.ts'

const maxDepth = 7
const instant = new Date('2026-11-20T12:34:56.000Z')

export type Sample = {
  readonly model: ServiceModel
  /** members with a value of their own, or none: the real client interprets them */
  readonly given: Readonly<Record<string, unknown>>
}

/** A structure with all its members; below maxDepth, only simple ones. */
export function sampleStructure(
  at: Sample,
  shape: StructureShape,
  depth = 0,
): Record<string, unknown> {
  const value: Record<string, unknown> = {}
  const entries = Object.entries(shape.members)
  const isUnion = isUnionLike(shape)
  for (const [name, member] of entries) {
    if (name in at.given) {
      if (at.given[name] !== undefined) value[name] = at.given[name]
      continue
    }
    const target = shapeAt(at.model, member.shape)
    const isDeep = target.type === 'structure' || target.type === 'list' || target.type === 'map'
    if (depth > maxDepth && isDeep) continue
    value[name] = sampleValue(at, target, { name, place: member.in, depth })
    if (isUnion) break
  }
  return value
}

type Spot = { readonly name: string; readonly place?: Location | undefined; readonly depth: number }

function sampleValue(at: Sample, shape: ShapeModel, spot: Spot): unknown {
  switch (shape.type) {
    case 'string':
      return sampleText(shape, spot)
    case 'boolean':
      return true
    case 'integer':
    case 'long':
      return spot.place === 'statusCode' ? 200 : 7
    case 'float':
    case 'double':
      return 1.5
    case 'timestamp':
      return instant
    case 'blob':
      return Buffer.from(`bytes \u00ff of ${spot.name}`)
    case 'list': {
      const item = shapeAt(at.model, shape.of)
      return ['a', 'b'].map((mark) =>
        sampleValue(at, item, { ...spot, name: spot.name + mark, depth: spot.depth + 1 }),
      )
    }
    case 'map': {
      const key = shapeAt(at.model, shape.key)
      const item = shapeAt(at.model, shape.value)
      const keys = key.type === 'string' && key.enum ? key.enum.slice(0, 2) : ['first', 'second']
      return Object.fromEntries(
        keys.map((name) => [name, sampleValue(at, item, { ...spot, depth: spot.depth + 1 })]),
      )
    }
    default:
      return sampleStructure(at, shape, spot.depth + 1)
  }
}

/** Texts with everything that the place must escape. */
function sampleText(shape: StringShape, { name, place }: Spot): string {
  if (shape.enum !== undefined) return shape.enum[0] ?? ''
  switch (place) {
    case 'label':
      if (name === 'Bucket') return 'bucket-1'
      return `${name}: a b/\u00fc%+`
    case 'hostLabel':
      return 'route'
    case 'header':
    case 'prefixHeaders':
      return `${name} h=1; "x"`
    case 'query':
    case 'queryParams':
      return `${name}=&+ %\u00e9`
    case 'eventHeader':
      return `${name}-\u00e9`
    default:
      return `${name} <&>"' \u2603 \ud83d\ude00\n\tend`
  }
}

/** A union is sampled by one member: the wire allows no more. Only what the models use as unions. */
function isUnionLike(shape: StructureShape): boolean {
  return unions.has(shape.name)
}

const unions = new Set<string>()

/** Tell which shapes of a service are unions, by the SDK's schemas (kind 4). */
export function noteUnions(sdk: Readonly<Record<string, unknown>>): void {
  for (const schema of Object.values(sdk)) {
    if (Array.isArray(schema) && schema[0] === 4) unions.add(String(schema[2]))
  }
}
