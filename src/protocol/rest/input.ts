/**
 * Decodes a REST request: labels, headers, query parameters and body into one input; restJson1 and restXml differ in the body alone.
 * source: Smithy 2.0, "HTTP bindings".
 */
import { malformedXml, serializationError } from '../faults.ts'
import { jsonDecoder, parseJson } from '../json/decode.ts'
import { inputBodyMembers, shapeAt } from '../load-model.ts'
import type { Operation } from '../load-model.ts'
import { setOwn } from '../per-shape.ts'
import type { MemberModel, ShapeModel } from '../shape-model.ts'
import { parseParameters, splitTarget } from '../target.ts'
import type { Parameters } from '../target.ts'
import { decodeXmlBody } from '../xml/decode.ts'
import type { Identified, WireBody, WireRequest } from '../wire.ts'
import { parseHeader, parseText } from './text-values.ts'

type Bound = {
  readonly member: string
  readonly wireName: string
  readonly shape: ShapeModel
  readonly model: MemberModel
}

type InputPlan = {
  readonly labels: readonly Bound[]
  readonly headers: readonly Bound[]
  readonly query: readonly Bound[]
  readonly queryParams: Bound | undefined
  /** parameters that belong to the URI of the operation */
  readonly staticNames: readonly string[]
  readonly prefixHeaders: readonly Bound[]
  readonly hostLabel: Bound | undefined
  readonly payload: Bound | undefined
  readonly hasBody: boolean
}

type Input = Record<string, unknown>
type Given = {
  readonly operation: Operation
  readonly identified: Identified
  readonly request: WireRequest
}

const plans = new WeakMap<Operation, InputPlan>()

/** Decode the input of a REST operation.
 *  @throws AwsError SerializationException or MalformedXML (400) */
export function decodeRestInput(given: Given, body: WireBody): unknown {
  const plan = planOf(given.operation)
  const input: Input = {}
  readBody(given, plan, body, input)
  readLabels(given, plan, input)
  readHeaders(given, plan, input)
  readQuery(given, plan, input)
  return input
}

function planOf(operation: Operation): InputPlan {
  const known = plans.get(operation)
  if (known !== undefined) return known
  const { inputShape, model } = operation
  const bound = (place: string): Bound[] =>
    Object.entries(inputShape.members)
      .filter(([, member]) => member.in === place)
      .map(([name, member]) => {
        const wireName = member.name ?? name
        const isHeader = place === 'header' || place === 'prefixHeaders'
        return {
          member: name,
          wireName: isHeader ? wireName.toLowerCase() : wireName,
          shape: shapeAt(model, member.shape),
          model: member,
        }
      })
  const plan: InputPlan = {
    labels: bound('label'),
    headers: bound('header'),
    query: bound('query'),
    queryParams: bound('queryParams')[0],
    staticNames: staticNamesOf(operation),
    prefixHeaders: bound('prefixHeaders'),
    hostLabel: bound('hostLabel')[0],
    payload: bound('payload')[0],
    hasBody: inputBodyMembers(inputShape).length > 0,
  }
  plans.set(operation, plan)
  return plan
}

function staticNamesOf(operation: Operation): string[] {
  const { query } = splitTarget(operation.http?.[1] ?? '')
  return parseParameters(query).map(([name]) => name)
}

function readLabels({ identified, request }: Given, plan: InputPlan, input: Input): void {
  for (const { member, shape } of plan.labels) {
    const text = identified.labels[member]
    if (text !== undefined && text !== '') input[member] = parseText(shape, text)
  }
  if (plan.hostLabel !== undefined) input[plan.hostLabel.member] = request.host.split('.', 1)[0]
}

function readHeaders({ operation, request }: Given, plan: InputPlan, input: Input): void {
  for (const { member, wireName, shape } of plan.headers) {
    const text = request.headers[wireName]
    if (text === undefined) continue
    // An empty header of a list is an empty list; of a number or the like, it is absent.
    if (text !== '' || shape.type === 'string') {
      input[member] = parseHeader(operation.model, shape, text)
    } else if (shape.type === 'list') input[member] = []
  }
  for (const { member, wireName } of plan.prefixHeaders) {
    const found: Record<string, unknown> = {}
    for (const [name, value] of Object.entries(request.headers)) {
      if (name.startsWith(wireName)) setOwn(found, name.slice(wireName.length), value)
    }
    if (Object.keys(found).length > 0) input[member] = found
  }
}

function readQuery({ operation, request }: Given, plan: InputPlan, input: Input): void {
  if (plan.query.length === 0 && plan.queryParams === undefined) return
  const { query } = splitTarget(request.target)
  if (query === '') return
  const parameters = parseParameters(query)
  for (const { member, wireName, shape } of plan.query) {
    const texts = valuesOf(parameters, wireName)
    const [first] = texts
    if (first === undefined) continue
    if (shape.type === 'list') {
      const item = shapeAt(operation.model, shape.of)
      input[member] = texts.map((text) => parseText(item, text))
    } else if (first !== '' || shape.type === 'string') input[member] = parseText(shape, first)
  }
  if (plan.queryParams !== undefined) {
    const taken = new Set([...plan.staticNames, ...plan.query.map(({ wireName }) => wireName)])
    const rest = parameters.filter(([name]) => !taken.has(name))
    if (rest.length > 0) input[plan.queryParams.member] = mapOfParameters(operation, plan, rest)
  }
}

function valuesOf(parameters: Parameters, name: string): string[] {
  return parameters.filter(([given]) => given === name).map(([, value]) => value)
}

function mapOfParameters(operation: Operation, plan: InputPlan, rest: Parameters): unknown {
  const shape = plan.queryParams?.shape
  const isOfLists = shape?.type === 'map' && shapeAt(operation.model, shape.value).type === 'list'
  const found: Record<string, unknown> = {}
  for (const [name, value] of rest) {
    if (Object.hasOwn(found, name) && !isOfLists) continue
    setOwn(found, name, isOfLists ? valuesOf(rest, name) : value)
  }
  return found
}

function readBody(given: Given, plan: InputPlan, body: WireBody, input: Input): void {
  const { operation, identified } = given
  const { payload } = plan
  if (payload !== undefined) {
    const value = readPayload(given, payload, body)
    if (value !== undefined) input[payload.member] = value
    return
  }
  if (!plan.hasBody) return
  if (!(body instanceof Uint8Array)) throw serializationError('The body is not complete')
  if (identified.protocol === 'restXml') {
    if (body.length > 0)
      Object.assign(input, decodeXmlBody(operation.model, operation.inputShape, body))
    return
  }
  Object.assign(input, jsonDecoder(operation.model, operation.inputShape)(parseJson(body)))
}

/** The member that is the whole body: bytes, a text, or a structure. */
function readPayload({ operation, identified }: Given, payload: Bound, body: WireBody): unknown {
  const { shape, model } = payload
  if (shape.type === 'blob' && shape.streaming === 1) return body
  if (!(body instanceof Uint8Array)) throw serializationError('The body is not complete')
  if (body.length === 0) return undefined
  if (shape.type === 'blob') return body
  if (shape.type === 'string') return Buffer.from(body).toString('utf8')
  if (identified.protocol === 'restXml') {
    if (shape.type !== 'structure') throw malformedXml()
    return decodeXmlBody(operation.model, shape, body)
  }
  return jsonDecoder(operation.model, model.shape)(parseJson(body))
}
