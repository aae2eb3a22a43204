/**
 * XML request bodies -> typed values, one compiled decoder per shape. Unknown elements are ignored.
 * source: Smithy 2.0, "XML bindings", "AWS restXml protocol".
 */
import { AwsError } from '../../lib/errors/aws-error.ts'
import { unreachable } from '../../lib/assert.ts'
import { malformedXml } from '../faults.ts'
import { shapeAt } from '../load-model.ts'
import type { ServiceModel } from '../load-model.ts'
import { perShape, setOwn, structureReader } from '../per-shape.ts'
import type { PerShape } from '../per-shape.ts'
import { parseText } from '../rest/text-values.ts'
import type { ListShape, MapShape, MemberModel, StructureShape } from '../shape-model.ts'
import { BadXml, readXml } from './reader.ts'
import type { XmlElement } from './reader.ts'

type XmlDecoder = (element: XmlElement) => unknown

const decoderOf: PerShape<XmlDecoder> = perShape((shape, model) => {
  switch (shape.type) {
    case 'string':
      return (element) => element.text
    case 'boolean':
    case 'integer':
    case 'long':
    case 'float':
    case 'double':
    case 'timestamp':
    case 'blob':
      return (element) => parseText(shape, element.text.trim())
    case 'list':
      return (element) => readList(model, shape, named(element.children, shape.item ?? 'member'))
    case 'map':
      return (element) => readMap(model, shape, named(element.children, 'entry'))
    case 'structure':
      return structureReader(shape, (name, member) => memberReader(model, name, member))
    default:
      return unreachable(shape)
  }
})

/** Decode a body whose root element is the structure, whatever the root's name is.
 *  @throws AwsError MalformedXML (400) */
export function decodeXmlBody(
  model: ServiceModel,
  shape: StructureShape,
  body: Uint8Array,
): Readonly<Record<string, unknown>> {
  const text = Buffer.from(body.buffer, body.byteOffset, body.length).toString('utf8')
  try {
    return decoderOf(model, shape)(readXml(text)) as Readonly<Record<string, unknown>>
  } catch (error) {
    if (error instanceof BadXml || error instanceof AwsError) throw malformedXml()
    throw error
  }
}

function memberReader(model: ServiceModel, name: string, member: MemberModel): XmlDecoder {
  const shape = shapeAt(model, member.shape)
  const tag = member.xml ?? name
  if (member.attribute === 1) return (element) => element.attributes[tag]
  if (member.flat === 1 && shape.type === 'list') {
    return (element) => {
      const items = named(element.children, tag)
      return items.length === 0 ? undefined : readList(model, shape, items)
    }
  }
  if (member.flat === 1 && shape.type === 'map') {
    return (element) => {
      const entries = named(element.children, tag)
      return entries.length === 0 ? undefined : readMap(model, shape, entries)
    }
  }
  const decode = decoderOf(model, shape)
  return (element) => {
    const child = element.children.find((candidate) => candidate.name === tag)
    return child === undefined ? undefined : decode(child)
  }
}

function readList(model: ServiceModel, shape: ListShape, items: readonly XmlElement[]): unknown[] {
  return items.map(decoderOf(model, shape.of))
}

function readMap(model: ServiceModel, shape: MapShape, entries: readonly XmlElement[]): unknown {
  const { keyName = 'key', valueName = 'value' } = shape
  const decode = decoderOf(model, shape.value)
  const result: Record<string, unknown> = {}
  for (const { children } of entries) {
    const key = children.find(({ name }) => name === keyName)
    const value = children.find(({ name }) => name === valueName)
    if (key === undefined || value === undefined) throw malformedXml()
    setOwn(result, key.text, decode(value))
  }
  return result
}

function named(elements: readonly XmlElement[], name: string): XmlElement[] {
  return elements.filter((element) => element.name === name)
}
