/** Random values as CBOR. source: RFC 8949 sections 3 and 4. */
import type { JsonValue } from './values.ts'

/** The encoding of a value; integers within 32 bits as such, other numbers as doubles. */
export function cborOf(value: JsonValue): Buffer {
  if (value === null) return Buffer.from([0xf6])
  if (typeof value === 'boolean') return Buffer.from([value ? 0xf5 : 0xf4])
  if (typeof value === 'number') return numberOf(value)
  if (typeof value === 'string') {
    const text = Buffer.from(value)
    return Buffer.concat([head(3, text.length), text])
  }
  if (Array.isArray(value)) return Buffer.concat([head(4, value.length), ...value.map(cborOf)])
  const entries = Object.entries(value)
  return Buffer.concat([
    head(5, entries.length),
    ...entries.flatMap(([k, v]) => [cborOf(k), cborOf(v)]),
  ])
}

function numberOf(value: number): Buffer {
  if (Number.isInteger(value) && Math.abs(value) < 2 ** 32) {
    return value >= 0 ? head(0, value) : head(1, -1 - value)
  }
  const bytes = Buffer.alloc(9, 0xfb)
  bytes.writeDoubleBE(value, 1)
  return bytes
}

function head(major: number, length: number): Buffer {
  if (length < 24) return Buffer.from([(major << 5) | length])
  const bytes = Buffer.alloc(5, (major << 5) | 26)
  bytes.writeUInt32BE(length, 1)
  return bytes
}
