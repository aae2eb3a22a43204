/**
 * Typed values -> what JSON.stringify (or the CBOR writer) writes, one compiled encoder per shape. Only modelled members leave;
 * undefined and null are left out.
 * source: Smithy 2.0, "AWS JSON 1.0 protocol", "AWS restJson1 protocol".
 */
import { assert, unreachable } from '../../lib/assert.ts'
import { outputBodyMembers } from '../load-model.ts'
import { once, perShape, setOwn } from '../per-shape.ts'
import type { PerShape } from '../per-shape.ts'
import type { StructureShape, TimestampShape } from '../shape-model.ts'
import { formatTimestamp } from '../timestamps.ts'

export type ValueEncoder = (value: unknown) => unknown

/** How a format writes the values that JSON has no form for. */
export type Leaves = {
  readonly blob: (bytes: Buffer) => unknown
  readonly timestamp: (date: Date, shape: TimestampShape) => unknown
  readonly decimal: (value: number) => unknown
}

/** The encoder of a shape; of a structure, its body members. */
export const jsonEncoder = encoderWith({
  blob: (bytes) => bytes.toString('base64'),
  timestamp: (date, { format = 'epoch-seconds' }) =>
    format === 'epoch-seconds' ? date.getTime() / 1000 : formatTimestamp(date, format),
  decimal: (value) => (Number.isFinite(value) ? value : String(value)),
})

/** Encoders for a format with its own leaves. */
export function encoderWith(leaves: Leaves): PerShape<ValueEncoder> {
  const encoder: PerShape<ValueEncoder> = perShape((shape, model) => {
    switch (shape.type) {
      case 'string':
      case 'boolean':
        return (value) => value
      case 'integer':
      case 'long':
        return Number
      case 'float':
      case 'double':
        return (value) => leaves.decimal(Number(value))
      case 'timestamp':
        return (value) => leaves.timestamp(toDate(value), shape)
      case 'blob':
        return (value) => leaves.blob(toBuffer(value))
      case 'list':
        return listEncoder(encoder(model, shape.of))
      case 'map':
        return mapEncoder(encoder(model, shape.value))
      case 'structure':
        return structureEncoder(shape, (place) => encoder(model, place))
      default:
        return unreachable(shape)
    }
  })
  return encoder
}

function structureEncoder(
  shape: StructureShape,
  encoder: (place: number) => ValueEncoder,
): ValueEncoder {
  const members = once(() =>
    outputBodyMembers(shape).map(([name, member]) => ({
      name,
      wireName: member.json ?? name,
      encode: encoder(member.shape),
    })),
  )
  return (value) => {
    const source = value as Readonly<Record<string, unknown>>
    const result: Record<string, unknown> = {}
    for (const { name, wireName, encode } of members()) {
      const given = source[name]
      if (given !== undefined && given !== null) result[wireName] = encode(given)
    }
    return result
  }
}

/** View of the bytes of a blob, uncopied. */
export function toBuffer(value: unknown): Buffer {
  if (typeof value === 'string') return Buffer.from(value)
  assert(value instanceof Uint8Array, 'a blob is bytes')
  return Buffer.from(value.buffer, value.byteOffset, value.length)
}

/** A date handed over as a Date, or as epoch milliseconds. */
export function toDate(value: unknown): Date {
  if (value instanceof Date) return value
  assert(typeof value === 'number', 'a timestamp is a Date')
  return new Date(value)
}

function listEncoder(encode: ValueEncoder): ValueEncoder {
  return (value) => {
    const result: unknown[] = []
    for (const item of value as Iterable<unknown>) result.push(encode(item))
    return result
  }
}

function mapEncoder(encode: ValueEncoder): ValueEncoder {
  return (value) => {
    const source = value as Readonly<Record<string, unknown>>
    const result: Record<string, unknown> = {}
    for (const key of Object.keys(source)) {
      const given = source[key]
      if (given !== undefined && given !== null) setOwn(result, key, encode(given))
    }
    return result
  }
}
