/**
 * Typed values -> XML, for restXml and for the answers of awsQuery; one compiled writer per shape.
 * source: Smithy 2.0, "XML bindings", "AWS query protocol".
 */
import { unreachable } from '../../lib/assert.ts'
import { toBuffer, toDate } from '../json/encode.ts'
import { outputBodyMembers, shapeAt } from '../load-model.ts'
import type { ServiceModel } from '../load-model.ts'
import { once, perShape } from '../per-shape.ts'
import type { PerShape } from '../per-shape.ts'
import type {
  ListShape,
  MapShape,
  MemberModel,
  ShapeModel,
  StructureShape,
} from '../shape-model.ts'
import { formatTimestamp } from '../timestamps.ts'

/** What stands between the tags of a value. */
type Content = (value: unknown) => string
type Pairs = Readonly<Record<string, unknown>>

const declaration = '<?xml version="1.0" encoding="UTF-8"?>\n'

const contentOf: PerShape<Content> = perShape((shape, model) => {
  switch (shape.type) {
    case 'string':
      return (value) => escapeText(String(value))
    case 'boolean':
    case 'integer':
    case 'long':
    case 'float':
    case 'double':
      return String
    case 'timestamp': {
      const format = shape.format ?? 'date-time'
      return (value) => formatTimestamp(toDate(value), format)
    }
    case 'blob':
      return (value) => toBuffer(value).toString('base64')
    case 'list':
      return (value) => listItems(model, shape, value, shape.item ?? 'member')
    case 'map':
      return (value) => mapEntries(model, shape, value, 'entry')
    case 'structure':
      return structureContent(shape, model)
    default:
      return unreachable(shape)
  }
})

/** A whole document with the service's namespace. `root` is the element's name, the shape's own unless told. */
export function encodeXmlDocument(
  model: ServiceModel,
  shape: StructureShape,
  value: Pairs,
  root: string = shape.xml ?? shape.name,
): string {
  const { xmlNamespace } = model.facts
  const namespace = xmlNamespace === undefined ? '' : ` xmlns="${xmlNamespace}"`
  const attributes = namespace + attributesOf(shape, value)
  const content = unwrapped(model, shape, value, root) ?? contentOf(model, shape)(value)
  return `${declaration}<${root}${attributes}>${content}</${root}>`
}

/** A root with the name of its only member is that member. source: Amazon S3 API reference, GetBucketLocation */
function unwrapped(
  model: ServiceModel,
  shape: StructureShape,
  value: Pairs,
  root: string,
): string | undefined {
  const [[name, member] = [], ...more] = outputBodyMembers(shape)
  if (name === undefined || member === undefined || more.length > 0) return undefined
  const isSimple = shapeAt(model, member.shape).type === 'string'
  if (!isSimple || (member.xml ?? name) !== root) return undefined
  const given = value[name]
  return given === undefined || given === null ? '' : contentOf(model, member.shape)(given)
}

/** A structure's members without an element around them. */
export function encodeXmlContent(model: ServiceModel, shape: StructureShape, value: Pairs): string {
  return contentOf(model, shape)(value)
}

/** One member as its element or elements. */
export function encodeXmlMember(
  model: ServiceModel,
  [name, member]: readonly [string, MemberModel],
  value: unknown,
): string {
  return memberWriter(model, name, member)(value)
}

/** The namespace of query answers. SQS's current model names none. */
export function queryNamespace(model: ServiceModel): string {
  const { xmlNamespace, version } = model.facts
  return xmlNamespace ?? `http://queue.amazonaws.com/doc/${version}/`
}

/** Text with XML's special characters escaped; characters that XML 1.0 cannot carry become U+FFFD. */
export function escapeText(text: string): string {
  if (!special.test(text)) return text
  return text.replaceAll(specials, (character) => escapes[character] ?? '\uFFFD')
}

// oxlint-disable-next-line no-control-regex
const special = /[&<>"'\r\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/
const specials = new RegExp(special.source, 'g')
const escapes: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
  '\r': '&#xD;',
}

function structureContent(shape: StructureShape, model: ServiceModel): Content {
  const members = once(() =>
    outputBodyMembers(shape)
      .filter(([, member]) => member.attribute !== 1)
      .map(([name, member]) => ({ name, write: memberWriter(model, name, member) })),
  )
  return (value) => {
    const source = value as Pairs
    let text = ''
    for (const { name, write } of members()) {
      const given = source[name]
      if (given !== undefined && given !== null) text += write(given)
    }
    return text
  }
}

function memberWriter(model: ServiceModel, name: string, member: MemberModel): Content {
  const shape = shapeAt(model, member.shape)
  const tag = member.xml ?? name
  const content = contentOf(model, shape)
  if (member.flat === 1 && shape.type === 'list') {
    return (value) => listItems(model, shape, value, tag)
  }
  if (member.flat === 1 && shape.type === 'map') {
    return (value) => mapEntries(model, shape, value, tag)
  }
  const [prefix, uri] = member.namespace ?? []
  const namespace = uri === undefined ? '' : ` xmlns${prefix ? `:${prefix}` : ''}="${uri}"`
  const hasAttributes = shape.type === 'structure' && hasAttribute(shape)
  if (!hasAttributes) return (value) => `<${tag}${namespace}>${content(value)}</${tag}>`
  return (value) =>
    `<${tag}${namespace}${attributesOf(shape, value as Pairs)}>${content(value)}</${tag}>`
}

function hasAttribute(shape: StructureShape): boolean {
  return Object.values(shape.members).some((member) => member.attribute === 1)
}

function attributesOf(shape: ShapeModel, value: Pairs): string {
  if (shape.type !== 'structure') return ''
  let text = ''
  for (const [name, member] of Object.entries(shape.members)) {
    const given = value[name]
    if (member.attribute !== 1 || given === undefined || given === null) continue
    text += ` ${member.xml ?? name}="${escapeText(given as string)}"`
  }
  return text
}

function listItems(model: ServiceModel, shape: ListShape, value: unknown, tag: string): string {
  const content = contentOf(model, shape.of)
  let text = ''
  for (const item of value as Iterable<unknown>) text += `<${tag}>${content(item)}</${tag}>`
  return text
}

function mapEntries(model: ServiceModel, shape: MapShape, value: unknown, tag: string): string {
  const { keyName = 'key', valueName = 'value' } = shape
  const content = contentOf(model, shape.value)
  let text = ''
  for (const [key, item] of Object.entries(value as object)) {
    if (item === undefined || item === null) continue
    text += `<${tag}><${keyName}>${escapeText(key)}</${keyName}><${valueName}>${content(item)}</${valueName}></${tag}>`
  }
  return text
}
