/**
 * Loads the generated models: the small index at once, each service's own model when it is first asked for. Loading takes a few
 * milliseconds; the server does it for the services it has when it starts (loadModel is synchronous and remembers).
 */
import { readFileSync } from 'node:fs'
import { assert } from '../lib/assert.ts'
import type { ServiceName } from './services.ts'
import type {
  MemberModel,
  ModelFile,
  ModelIndex,
  OperationModel,
  ServiceFacts,
  ShapeModel,
  StructureShape,
} from './shape-model.ts'

/** One service, ready for the codec. */
export type ServiceModel = {
  readonly service: ServiceName
  readonly facts: ServiceFacts
  readonly shapes: readonly ShapeModel[]
  readonly operations: ReadonlyMap<string, Operation>
  /** error name, and its name in the query protocol -> shape */
  readonly errors: ReadonlyMap<string, StructureShape>
}

export type Operation = OperationModel & {
  readonly name: string
  readonly model: ServiceModel
  readonly inputShape: StructureShape
  readonly outputShape: StructureShape
  /** the input's member that is a stream of bytes */
  readonly streamsInput: boolean
}

const unit: StructureShape = { type: 'structure', name: 'Unit', members: {} }

/** What is known of each service without loading its model. */
export const serviceFacts: ModelIndex = readJson<ModelIndex>('index')

const loaded = new Map<ServiceName, ServiceModel>()

/** The model of a service, read from its file the first time. */
export function loadModel(service: ServiceName): ServiceModel {
  const known = loaded.get(service)
  if (known !== undefined) return known
  const model = toModel(readJson<ModelFile>(service))
  loaded.set(service, model)
  return model
}

/** The shape at a place, which must exist. */
export function shapeAt(model: ServiceModel, place: number): ShapeModel {
  const shape = model.shapes[place]
  assert(shape !== undefined, `shape ${place} of ${model.service} exists`)
  return shape
}

/** The structure at a place. */
export function structureAt(model: ServiceModel, place: number): StructureShape {
  const shape = shapeAt(model, place)
  assert(shape.type === 'structure', `shape ${place} of ${model.service} is a structure`)
  return shape
}

/** Locations that a response has no place for: there such members travel in the body. */
const requestOnly: readonly unknown[] = ['label', 'query', 'queryParams', 'hostLabel']

/** Name and model of the members that travel in the body of a request. */
export function inputBodyMembers(
  shape: StructureShape,
): readonly (readonly [string, MemberModel])[] {
  return Object.entries(shape.members).filter(
    ([, member]) => member.in === undefined || member.in === 'statusCode',
  )
}

/** Name and model of the members that travel in the body of a response, or of an event. */
export function outputBodyMembers(
  shape: StructureShape,
): readonly (readonly [string, MemberModel])[] {
  return Object.entries(shape.members).filter(
    ([, member]) => member.in === undefined || requestOnly.includes(member.in),
  )
}

function toModel(file: ModelFile): ServiceModel {
  const operations = new Map<string, Operation>()
  const errors = new Map<string, StructureShape>()
  const { service, shapes } = file
  const model: ServiceModel = { service, facts: serviceFacts[service], shapes, operations, errors }
  for (const [name, place] of Object.entries(file.errors)) {
    errors.set(name, structureAt(model, place))
  }
  for (const shape of errors.values()) {
    const queryCode = shape.error?.query?.[0]
    if (queryCode !== undefined && !errors.has(queryCode)) errors.set(queryCode, shape)
  }
  for (const [name, operation] of Object.entries(file.operations)) {
    operations.set(name, toOperation(model, name, operation))
  }
  return model
}

function toOperation(model: ServiceModel, name: string, operation: OperationModel): Operation {
  const { input, output } = operation
  const inputShape = input === undefined ? unit : structureAt(model, input)
  const outputShape = output === undefined ? unit : structureAt(model, output)
  const streamsInput = Object.values(inputShape.members).some((member) => {
    const shape = shapeAt(model, member.shape)
    return shape.type === 'blob' && shape.streaming === 1
  })
  return { ...operation, name, model, inputShape, outputShape, streamsInput }
}

function readJson<T>(name: string): T {
  const url = new URL(`./models/${name}.json`, import.meta.url)
  return JSON.parse(readFileSync(url, 'utf8')) as T
}
