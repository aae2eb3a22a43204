/**
 * Flattens the schemas that an SDK client exports into the form of src/protocol/shape-model.ts, with the constraints of botocore laid
 * over them. Schema form: `[kind, namespace, name, traits, ...]`; kinds 9 operation, 3 structure, -3 error, 4 union, 1 list, 2 map,
 * 0 alias; a member is a schema or `[schema, traits]`; traits are an object or a bit vector.
 * source: the packages `@smithy/types` (schema types) and `@smithy/core` (schema traits).
 */
import type {
  ErrorModel,
  ListShape,
  Location,
  MapShape,
  MemberModel,
  ModelFile,
  OperationModel,
  ShapeModel,
  StructureShape,
} from '../../src/protocol/shape-model.ts'
import type { ServiceName } from '../../src/protocol/services.ts'
import { constraintsOf } from './constraints.ts'
import type { BotoModel } from './constraints.ts'
import { sqsMapNames, sqsMemberNames } from './legacy-sqs-names.ts'

type Traits = Readonly<Record<string, unknown>>
type Schema = unknown

/** Bits of a trait vector, in order. */
const traitBits = [
  'httpLabel',
  'idempotent',
  'idempotencyToken',
  'sensitive',
  'httpPayload',
  'httpResponseCode',
  'httpQueryParams',
]

/** Traits that place a member, and the names of their places. */
const locations: readonly (readonly [string, Location])[] = [
  ['httpLabel', 'label'],
  ['httpHeader', 'header'],
  ['httpQuery', 'query'],
  ['httpQueryParams', 'queryParams'],
  ['httpPrefixHeaders', 'prefixHeaders'],
  ['httpPayload', 'payload'],
  ['httpResponseCode', 'statusCode'],
  ['eventHeader', 'eventHeader'],
  ['eventPayload', 'eventPayload'],
]

/** The exports of an SDK client package that hold schemas. */
export type SdkModule = Readonly<Record<string, unknown>>

/** Flatten one service. Deterministic: shapes are numbered in the order of a walk over the sorted operations. */
export function flatten(service: ServiceName, sdk: SdkModule, boto: BotoModel): ModelFile {
  const operations: Record<string, OperationModel> = {}
  const errors: Record<string, number> = {}
  const schemas = Object.keys(sdk)
    .filter((name) => name.endsWith('$') && Array.isArray(sdk[name]))
    .toSorted()
    .map((name) => sdk[name] as unknown[])
  const operationSchemas = schemas.filter((schema) => schema[0] === 9)
  const isRest = operationSchemas.some((schema) => traitsOf(schema[3])['http'] !== undefined)
  const walk = new Walk(service, boto, isRest)
  for (const schema of operationSchemas) operations[String(schema[2])] = walk.operation(schema)
  for (const schema of schemas) {
    const isBase = String(schema[1]).startsWith('smithy.ts.sdk.synthetic')
    if (schema[0] === -3 && !isBase)
      errors[String(schema[2])] = walk.shape(schema, String(schema[2]))
  }
  return { service, shapes: walk.shapes, operations, errors }
}

class Walk {
  readonly shapes: ShapeModel[] = []
  readonly #structures = new Map<string, number>()
  readonly #others = new Map<string, number>()
  readonly #service: ServiceName
  readonly #boto: BotoModel
  readonly #isRest: boolean

  constructor(service: ServiceName, boto: BotoModel, isRest: boolean) {
    this.#isRest = isRest
    this.#service = service
    this.#boto = boto
  }

  operation(schema: readonly unknown[]): OperationModel {
    const boto = this.#boto.operations[String(schema[2])]
    const http = traitsOf(schema[3])['http'] as [string, string, number] | undefined
    const input = resolve(schema[4])
    const output = resolve(schema[5])
    return {
      ...(http === undefined ? {} : { http }),
      ...(input === 'unit' ? {} : { input: this.shape(input, boto?.input?.shape) }),
      ...(output === 'unit' ? {} : { output: this.shape(output, boto?.output?.shape) }),
      errors: (boto?.errors ?? []).map((error) => error.shape),
      ...(boto?.authtype === 'none' ? { unsigned: 1 } : {}),
    }
  }

  /** The place of a schema among the shapes; `botoName` is its name in botocore's model, where it has one. */
  shape(given: Schema, botoName: string | undefined): number {
    const schema = resolve(given)
    if (typeof schema === 'number') return this.#simple(schema, {}, botoName)
    if (!Array.isArray(schema)) throw new Error(`Cannot read schema ${String(schema)}`)
    const traits = traitsOf(schema[3])
    switch (schema[0]) {
      case 0:
        return this.#simple(Number(schema[4]), traits, botoName)
      case 1:
        return this.#list(schema[4], traits, botoName)
      case 2:
        return this.#map([schema[4], schema[5]], traits, botoName)
      case 3:
      case -3:
      case 4:
        return this.#structure(schema, botoName)
      default:
        throw new Error(`Unknown kind of schema: ${String(schema[0])}`)
    }
  }

  #simple(code: number, traits: Traits, botoName: string | undefined): number {
    if (code >= 128) return this.#map([0, code - 128], traits, botoName)
    if (code >= 64) return this.#list(code - 64, traits, botoName)
    const found = constraintsOf(this.#service, this.#boto, botoName)
    if (traits['sensitive'] === 1) found.sensitive = 1
    const { min, max, sensitive } = found
    const range = clean({ min, max, sensitive })
    const botoType = botoName === undefined ? undefined : this.#boto.shapes[botoName]?.type
    switch (code) {
      case 0:
        return this.#add({ type: 'string', ...found })
      case 1:
        return this.#add({ type: numberType(botoType), ...range })
      case 2:
        return this.#add({ type: 'boolean' })
      case 4:
        return this.#add({ type: 'timestamp' })
      case 5:
        return this.#add({ type: 'timestamp', format: 'date-time' })
      case 6:
        return this.#add({ type: 'timestamp', format: 'http-date' })
      case 7:
        return this.#add({ type: 'timestamp', format: 'epoch-seconds' })
      case 21:
        return this.#add({ type: 'blob', ...range })
      case 42:
        return this.#add({ type: 'blob', streaming: 1 })
      default:
        throw new Error(`Unknown simple schema: ${code}`)
    }
  }

  #list(item: Schema, traits: Traits, botoName: string | undefined): number {
    const [schema, itemTraits] = memberOf(item)
    const boto = botoName === undefined ? undefined : this.#boto.shapes[botoName]
    const shape: ListShape = {
      type: 'list',
      of: this.shape(schema, boto?.member?.shape),
      ...clean({ item: itemTraits['xmlName'] as string | undefined }),
      ...this.#range(traits, botoName),
    }
    return this.#add(shape)
  }

  #map(pair: readonly [Schema, Schema], traits: Traits, botoName: string | undefined): number {
    const [key, keyTraits] = memberOf(pair[0])
    const [value, valueTraits] = memberOf(pair[1])
    const boto = botoName === undefined ? undefined : this.#boto.shapes[botoName]
    const shape: MapShape = {
      type: 'map',
      key: this.shape(key, boto?.key?.shape),
      value: this.shape(value, boto?.value?.shape),
      ...clean({
        keyName: keyTraits['xmlName'] as string | undefined,
        valueName: valueTraits['xmlName'] as string | undefined,
      }),
      ...this.#range(traits, botoName),
    }
    return this.#add(shape)
  }

  #range(
    traits: Traits,
    botoName: string | undefined,
  ): { min?: number; max?: number; sensitive?: 1 } {
    const { min, max, sensitive } = constraintsOf(this.#service, this.#boto, botoName)
    return clean({ min, max, sensitive: traits['sensitive'] === 1 ? (1 as const) : sensitive })
  }

  #structure(schema: readonly unknown[], botoName: string | undefined): number {
    const name = String(schema[2])
    const id = `${String(schema[1])}#${name}`
    const known = this.#structures.get(id)
    if (known !== undefined) return known
    const place = this.shapes.length
    this.#structures.set(id, place)
    const traits = traitsOf(schema[3])
    const members: Record<string, MemberModel> = {}
    const shape: StructureShape = {
      type: 'structure',
      name,
      members,
      ...clean({ xml: traits['xmlName'] as string | undefined }),
      ...(schema[0] === -3 ? { error: errorModel(traits) } : {}),
      ...(traits['streaming'] === 1 ? { events: 1 } : {}),
    }
    this.shapes.push(shape)
    const boto = this.#boto.shapes[name] ?? this.#boto.shapes[botoName ?? '']
    const names = schema[4] as readonly string[]
    const requiredCount = Number(schema[6] ?? 0)
    for (const member of inDeclaredOrder(names, boto?.members)) {
      const position = names.indexOf(member)
      const given = (schema[5] as readonly Schema[])[position]
      const isRequired = position < requiredCount
      members[member] = this.#member(
        { given, isRequired, owner: name, member },
        boto?.members?.[member]?.shape,
      )
    }
    return place
  }

  #member(
    at: { given: Schema; isRequired: boolean; owner: string; member: string },
    botoName: string | undefined,
  ): MemberModel {
    const [schema, traits] = memberOf(at.given)
    const location = locations.find(([trait]) => traits[trait] !== undefined)
    const name = location === undefined ? undefined : traits[location[0]]
    const place = this.#place(traits['hostLabel'] === 1 ? 'hostLabel' : location?.[1])
    const legacy = this.#service === 'sqs' ? sqsMemberNames[at.owner]?.[at.member] : undefined
    return clean({
      shape: this.#memberShape(schema, botoName, legacy?.xml),
      required: at.isRequired ? (1 as const) : undefined,
      in: place,
      name: place !== undefined && typeof name === 'string' ? name : undefined,
      json: traits['jsonName'] as string | undefined,
      xml: legacy?.xml ?? (traits['xmlName'] as string | undefined),
      flat: legacy?.flat ?? (traits['xmlFlattened'] as 1 | undefined),
      attribute: traits['xmlAttribute'] as 1 | undefined,
      namespace: traits['xmlNamespace'] as [string, string] | undefined,
      token: traits['idempotencyToken'] as 1 | undefined,
    })
  }

  /** Some schemas carry HTTP bindings that their RPC protocol does not use. */
  #place(location: Location | undefined): Location | undefined {
    return this.#isRest || location?.startsWith('event') === true ? location : undefined
  }

  #memberShape(
    schema: Schema,
    botoName: string | undefined,
    legacyXml: string | undefined,
  ): number {
    const place = this.shape(schema, botoName)
    const shape = this.shapes[place]
    if (legacyXml === undefined || shape?.type !== 'map') return place
    return this.#add({ ...shape, ...sqsMapNames(legacyXml) })
  }

  #add(shape: ShapeModel): number {
    const key = JSON.stringify(shape)
    const known = this.#others.get(key)
    if (known !== undefined) return known
    this.#others.set(key, this.shapes.length)
    return this.shapes.push(shape) - 1
  }
}

function resolve(schema: Schema): Schema {
  let resolved = schema
  while (typeof resolved === 'function') resolved = (resolved as () => Schema)()
  return resolved
}

/** A member is `[schema, traits]` when its first element is a schema, not the number of a kind with a namespace behind it. */
function memberOf(given: Schema): readonly [Schema, Traits] {
  const resolved = resolve(given)
  if (Array.isArray(resolved) && resolved.length === 2) {
    return [resolve(resolved[0]), traitsOf(resolved[1])]
  }
  return [resolved, {}]
}

function traitsOf(given: unknown): Traits {
  if (typeof given !== 'number') return (given ?? {}) as Traits
  return Object.fromEntries(
    traitBits.filter((_, bit) => (given >> bit) & 1).map((name) => [name, 1]),
  )
}

function errorModel(traits: Traits): ErrorModel {
  const fault = traits['error'] === 'server' ? 'server' : 'client'
  const query = traits['awsQueryError'] as [string, number] | undefined
  const status = traits['httpError'] ?? (fault === 'server' ? 500 : 400)
  return { fault, status: Number(status), ...(query === undefined ? {} : { query }) }
}

function numberType(botoType: string | undefined): 'integer' | 'long' | 'float' | 'double' {
  if (botoType === 'integer' || botoType === 'long' || botoType === 'float') return botoType
  return 'double'
}

function inDeclaredOrder(
  names: readonly string[],
  declared: object | undefined,
): readonly string[] {
  const known = Object.keys(declared ?? {}).filter((name) => names.includes(name))
  return [...known, ...names.filter((name) => !known.includes(name))]
}

type Defined<T> = { [K in keyof T]: Exclude<T[K], undefined> }

/** The record without its undefined members. */
function clean<T extends object>(record: T): Defined<T> {
  return Object.fromEntries(
    Object.entries(record).filter(([, value]) => value !== undefined),
  ) as Defined<T>
}
