/**
 * Values as text in labels, headers and query parameters, both directions.
 * source: Smithy 2.0, "HTTP bindings", serialization rules of httpHeader, httpLabel and httpQuery.
 */
import { toBuffer, toDate } from '../json/encode.ts'
import { serializationError } from '../faults.ts'
import { shapeAt } from '../load-model.ts'
import type { ServiceModel } from '../load-model.ts'
import type { ShapeModel, TimestampFormat } from '../shape-model.ts'
import { formatTimestamp, parseTimestamp } from '../timestamps.ts'

const maxListLength = 10_000

/** Read a simple value.
 *  @throws AwsError SerializationException (400) when the text is none of that type */
export function parseText(shape: ShapeModel, text: string): unknown {
  switch (shape.type) {
    case 'string':
      return text
    case 'boolean':
      if (text === 'true' || text === 'True') return true
      if (text === 'false' || text === 'False') return false
      throw serializationError('STRING_VALUE can not be converted to a Boolean')
    case 'integer':
    case 'long':
      return parseWhole(text)
    case 'float':
    case 'double':
      return parseDecimal(text)
    case 'timestamp': {
      const date = parseTimestamp(text)
      if (date === undefined)
        throw serializationError('STRING_VALUE can not be converted to a Date')
      return date
    }
    case 'blob':
      return Buffer.from(text, 'base64')
    default:
      throw serializationError(`STRING_VALUE can not be converted to a ${shape.type}`)
  }
}

function parseWhole(text: string): number {
  if (/^[+-]?\d{1,19}$/.test(text)) return Number(text)
  throw serializationError('STRING_VALUE can not be converted to an Integer')
}

function parseDecimal(text: string): number {
  const isNumber = /^[+-]?(?:\d{1,64}(?:\.\d{0,64})?|\.\d{1,64})(?:[eE][+-]?\d{1,4})?$/.test(text)
  if (isNumber || /^(?:NaN|-?Infinity)$/.test(text)) return Number(text)
  throw serializationError('STRING_VALUE can not be converted to a Double')
}

/** Write a simple value; `format` is the place's default for timestamps. */
export function formatText(shape: ShapeModel, value: unknown, format: TimestampFormat): string {
  switch (shape.type) {
    case 'timestamp':
      return formatTimestamp(toDate(value), shape.format ?? format)
    case 'blob':
      return toBuffer(value).toString('base64')
    default:
      return String(value)
  }
}

/** Read a header: one value, or a list of them with quotes understood. */
export function parseHeader(model: ServiceModel, shape: ShapeModel, text: string): unknown {
  if (shape.type !== 'list') return parseText(shape, text)
  const item = shapeAt(model, shape.of)
  const isHttpDate = item.type === 'timestamp' && (item.format ?? 'http-date') === 'http-date'
  const parts = isHttpDate ? splitDates(text) : splitList(text)
  return parts.map((part) => parseText(item, part))
}

/** Write a header. */
export function formatHeader(model: ServiceModel, shape: ShapeModel, value: unknown): string {
  if (shape.type !== 'list') return formatText(shape, value, 'http-date')
  const item = shapeAt(model, shape.of)
  const parts = [...(value as Iterable<unknown>)].map((given) => {
    const text = formatText(item, given, 'http-date')
    if (item.type !== 'string' || !/[",]/.test(text)) return text
    return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`
  })
  return parts.join(', ')
}

/** Every second comma separates: a date has one itself. */
function splitDates(text: string): string[] {
  const parts = text.split(',', 2 * maxListLength)
  const dates: string[] = []
  for (let index = 0; index + 1 < parts.length; index += 2) {
    dates.push(`${parts[index]},${parts[index + 1]}`.trim())
  }
  return dates
}

function splitList(text: string): string[] {
  const parts: string[] = []
  let position = 0
  while (position <= text.length && parts.length < maxListLength) {
    while (text[position] === ' ' || text[position] === '\t') position += 1
    if (text[position] === '"') {
      const [value, end] = readQuoted(text, position + 1)
      parts.push(value)
      const comma = text.indexOf(',', end)
      position = comma === -1 ? text.length + 1 : comma + 1
    } else {
      const comma = text.indexOf(',', position)
      const end = comma === -1 ? text.length : comma
      parts.push(text.slice(position, end).trim())
      position = end + 1
    }
  }
  return parts
}

function readQuoted(text: string, start: number): readonly [string, number] {
  let value = ''
  let position = start
  while (position < text.length && text[position] !== '"') {
    if (text[position] === '\\') position += 1
    value += text[position] ?? ''
    position += 1
  }
  return [value, position + 1]
}
