/**
 * JSON -> typed values (and CBOR -> typed values, where bytes and dates come as such), one compiled decoder per shape. A value of the wrong type is a SerializationException; `null` is absent;
 * unknown members are ignored.
 * source: Smithy 2.0, "AWS JSON 1.0 protocol", "AWS restJson1 protocol"; the texts are those of AWS's JSON parser.
 */
import { unreachable } from '../../lib/assert.ts'
import { serializationError } from '../faults.ts'
import { inputBodyMembers } from '../load-model.ts'
import type { ServiceModel } from '../load-model.ts'
import { once, perShape, setOwn } from '../per-shape.ts'
import type { PerShape } from '../per-shape.ts'
import type { NumberShape, StructureShape } from '../shape-model.ts'
import { parseTimestamp } from '../timestamps.ts'

export type JsonDecoder = (value: unknown) => unknown

/** The decoder of a shape; of a structure, its body members. It throws AwsError SerializationException (400). */
export const jsonDecoder: PerShape<JsonDecoder> = perShape((shape, model) => {
  switch (shape.type) {
    case 'string':
      return decodeString
    case 'boolean':
      return decodeBoolean
    case 'integer':
    case 'long':
    case 'float':
    case 'double':
      return numberDecoder(shape)
    case 'timestamp':
      return decodeTimestamp
    case 'blob':
      return decodeBlob
    case 'list':
      return listDecoder(jsonDecoder(model, shape.of))
    case 'map':
      return mapDecoder(jsonDecoder(model, shape.value))
    case 'structure':
      return structureDecoder(shape, model)
    default:
      return unreachable(shape)
  }
})

function structureDecoder(shape: StructureShape, model: ServiceModel): JsonDecoder {
  const members = once(() =>
    inputBodyMembers(shape).map(([name, member]) => ({
      name,
      wireName: member.json ?? name,
      decode: jsonDecoder(model, member.shape),
    })),
  )
  return (value) => {
    const source = toRecord(value)
    const result: Record<string, unknown> = {}
    for (const { name, wireName, decode } of members()) {
      const given = source[wireName]
      if (given !== undefined && given !== null) result[name] = decode(given)
    }
    return result
  }
}

/** Parse a body; an empty one is an empty object.
 *  @throws AwsError SerializationException when it is no JSON */
export function parseJson(body: Uint8Array): unknown {
  if (body.length === 0) return {}
  const text = Buffer.from(body.buffer, body.byteOffset, body.length).toString('utf8')
  try {
    return JSON.parse(text)
  } catch {
    throw serializationError('Could not parse request body into json')
  }
}

function decodeString(value: unknown): string {
  if (typeof value === 'string') return value
  throw mismatch(value, 'a String')
}

function decodeBoolean(value: unknown): boolean {
  if (typeof value === 'boolean') return value
  throw mismatch(value, 'a Boolean')
}

function numberDecoder(shape: NumberShape): JsonDecoder {
  if (shape.type === 'integer' || shape.type === 'long') {
    const noun = shape.type === 'integer' ? 'an Integer' : 'a Long'
    return (value) => {
      if (typeof value === 'number' && Number.isInteger(value)) return value
      throw mismatch(value, noun)
    }
  }
  return (value) => {
    if (typeof value === 'number') return value
    if (value === 'NaN' || value === 'Infinity' || value === '-Infinity') return Number(value)
    throw mismatch(value, shape.type === 'float' ? 'a Float' : 'a Double')
  }
}

function decodeTimestamp(value: unknown): Date {
  const date = value instanceof Date ? value : parseTimestamp(value)
  if (date === undefined) throw mismatch(value, 'a Date')
  return date
}

/** Base64 is strict: bytes that decoding would drop are an error. */
function decodeBlob(value: unknown): Uint8Array {
  if (value instanceof Uint8Array) return value
  if (typeof value !== 'string') throw mismatch(value, 'a Blob')
  const bytes = Buffer.from(value, 'base64')
  const padding = value.endsWith('==') ? 2 : value.endsWith('=') ? 1 : 0
  if (bytes.length !== Math.floor(((value.length - padding) * 3) / 4)) {
    throw serializationError('STRING_VALUE can not be converted to a Blob: it is not base64')
  }
  return bytes
}

function listDecoder(decode: JsonDecoder): JsonDecoder {
  return (value) => {
    if (!Array.isArray(value)) throw serializationError('Expected list or null')
    const result: unknown[] = []
    for (const item of value) if (item !== null) result.push(decode(item))
    return result
  }
}

function mapDecoder(decode: JsonDecoder): JsonDecoder {
  return (value) => {
    const source = toRecord(value)
    const result: Record<string, unknown> = {}
    for (const key of Object.keys(source)) {
      const given = source[key]
      if (given !== null) setOwn(result, key, decode(given))
    }
    return result
  }
}

function toRecord(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as Readonly<Record<string, unknown>>
  }
  if (Array.isArray(value)) throw serializationError('Start of list found where not expected')
  throw serializationError('Expected structure or map or null')
}

function mismatch(value: unknown, noun: string): Error {
  return serializationError(
    Array.isArray(value)
      ? 'Start of list found where not expected'
      : typeof value === 'object' && value !== null
        ? 'Start of structure or map found where not expected.'
        : `${tokenOf(value)} can not be converted to ${noun}`,
  )
}

function tokenOf(value: unknown): string {
  if (value === true) return 'TRUE_VALUE'
  if (value === false) return 'FALSE_VALUE'
  if (typeof value === 'number') return Number.isInteger(value) ? 'NUMBER_VALUE' : 'DECIMAL_VALUE'
  return typeof value === 'string' ? 'STRING_VALUE' : 'NULL_VALUE'
}
