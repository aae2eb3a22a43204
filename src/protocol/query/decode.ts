/**
 * Query requests -> typed values, one compiled decoder per shape.
 * source: Smithy 2.0, "AWS query protocol", query list and map serialization; the empty list is sent as `Name=`.
 */
import { AwsError } from '../../lib/errors/aws-error.ts'
import { unreachable } from '../../lib/assert.ts'
import { malformedInput } from '../faults.ts'
import { shapeAt } from '../load-model.ts'
import type { Operation, ServiceModel } from '../load-model.ts'
import { perShape, setOwn, structureReader } from '../per-shape.ts'
import type { PerShape } from '../per-shape.ts'
import { parseText } from '../rest/text-values.ts'
import type { ListShape, MapShape, MemberModel } from '../shape-model.ts'
import { parseParameters, splitTarget } from '../target.ts'
import type { WireRequest } from '../wire.ts'
import { numberedChildren, toFormTree } from './form.ts'
import type { FormNode } from './form.ts'

type FormDecoder = (node: FormNode) => unknown

const decoderOf: PerShape<FormDecoder> = perShape((shape, model) => {
  switch (shape.type) {
    case 'string':
      return (node) => node.value ?? ''
    case 'boolean':
    case 'integer':
    case 'long':
    case 'float':
    case 'double':
    case 'timestamp':
    case 'blob':
      return (node) => parseText(shape, node.value ?? '')
    case 'list':
      return (node) => readList(model, shape, node.children.get(shape.item ?? 'member'))
    case 'map':
      return (node) => readMap(model, shape, node.children.get('entry'))
    case 'structure':
      return structureReader(shape, (name, member) => memberReader(model, name, member))
    default:
      return unreachable(shape)
  }
})

/** Decode the input of a query operation from its form body and the query of its URL.
 *  @throws AwsError MalformedInput (400) */
export function decodeQueryInput(
  operation: Operation,
  request: WireRequest,
  body: Uint8Array,
): unknown {
  const { query } = splitTarget(request.target)
  const text = Buffer.from(body.buffer, body.byteOffset, body.length).toString('utf8')
  const tree = toFormTree([...parseParameters(text), ...parseParameters(query)])
  try {
    return decoderOf(operation.model, operation.inputShape)(tree)
  } catch (error) {
    if (error instanceof AwsError && error.code === 'SerializationException') {
      throw malformedInput(error.message)
    }
    throw error
  }
}

/** A flattened member is also found under its own name, as some clients of SQS send it. */
function memberReader(model: ServiceModel, name: string, member: MemberModel): FormDecoder {
  const shape = shapeAt(model, member.shape)
  const tag = member.xml ?? name
  const find = (node: FormNode): FormNode | undefined =>
    node.children.get(tag) ?? (member.flat === 1 ? node.children.get(name) : undefined)
  if (member.flat === 1 && (shape.type === 'list' || shape.type === 'map')) {
    const read = shape.type === 'list' ? readList : readMap
    return (node) => {
      const found = find(node)
      return found === undefined ? undefined : read(model, shape as ListShape & MapShape, found)
    }
  }
  const decode = decoderOf(model, shape)
  return (node) => {
    const found = find(node)
    return found === undefined ? undefined : decode(found)
  }
}

function readList(model: ServiceModel, shape: ListShape, node: FormNode | undefined): unknown[] {
  if (node === undefined) return []
  const decode = decoderOf(model, shape.of)
  const items = numberedChildren(node)
  if (items.length === 0 && node.value !== undefined && node.value !== '') return [decode(node)]
  return items.map(decode)
}

function readMap(model: ServiceModel, shape: MapShape, node: FormNode | undefined): unknown {
  const { keyName = 'key', valueName = 'value' } = shape
  const decode = decoderOf(model, shape.value)
  const result: Record<string, unknown> = {}
  for (const entry of node === undefined ? [] : entriesOf(node, keyName)) {
    const key = entry.children.get(keyName)?.value
    const value = entry.children.get(valueName)
    if (key === undefined || value === undefined)
      throw malformedInput('A map entry is not complete')
    setOwn(result, key, decode(value))
  }
  return result
}

/** A single entry may come without its number. */
function entriesOf(node: FormNode, keyName: string): readonly FormNode[] {
  return node.children.has(keyName) ? [node] : numberedChildren(node)
}
