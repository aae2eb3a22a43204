/**
 * Writes CBOR: the subset that rpcv2Cbor uses. Dates are tag 1, whole numbers are integers, others doubles.
 * source: RFC 8949; Smithy 2.0, "Smithy RPC v2 CBOR protocol".
 */
import { assert } from '../../lib/assert.ts'
import { encoderWith } from '../json/encode.ts'

/** Typed value -> what encodeCbor writes. */
export const cborEncoder = encoderWith({
  blob: (bytes) => bytes,
  timestamp: (date) => date,
  decimal: (value) => value,
})

const maxDepth = 100

/** Write a value of plain objects, arrays, texts, numbers, booleans, dates and bytes. */
export function encodeCbor(value: unknown): Uint8Array {
  const parts: Uint8Array[] = []
  write(parts, value, 0)
  return Buffer.concat(parts)
}

function write(parts: Uint8Array[], value: unknown, depth: number): void {
  assert(depth < maxDepth, 'an output is not nested too deeply')
  if (typeof value === 'string') {
    const bytes = Buffer.from(value)
    parts.push(head(3, bytes.length), bytes)
  } else if (typeof value === 'number') parts.push(numberBytes(value))
  else if (typeof value === 'boolean') parts.push(Uint8Array.of(value ? 0xf5 : 0xf4))
  else if (value === null || value === undefined) parts.push(Uint8Array.of(0xf6))
  else if (value instanceof Date)
    parts.push(Uint8Array.of(0xc1), numberBytes(value.getTime() / 1000))
  else if (value instanceof Uint8Array) parts.push(head(2, value.length), value)
  else if (Array.isArray(value)) {
    parts.push(head(4, value.length))
    for (const item of value) write(parts, item, depth + 1)
  } else {
    const entries = Object.entries(value)
    parts.push(head(5, entries.length))
    for (const [key, item] of entries) {
      write(parts, key, depth + 1)
      write(parts, item, depth + 1)
    }
  }
}

function numberBytes(value: number): Uint8Array {
  if (Number.isSafeInteger(value) && !Object.is(value, -0)) {
    return value < 0 ? head(1, -1 - value) : head(0, value)
  }
  const bytes = Buffer.alloc(9)
  bytes[0] = 0xfb
  bytes.writeDoubleBE(value, 1)
  return bytes
}

/** Major type and its argument in the shortest form. */
function head(major: number, argument: number): Uint8Array {
  const type = major << 5
  if (argument < 24) return Uint8Array.of(type | argument)
  if (argument < 0x100) return Uint8Array.of(type | 24, argument)
  if (argument < 0x10000) return Uint8Array.of(type | 25, argument >> 8, argument & 0xff)
  const isShort = argument < 0x1_0000_0000
  const bytes = Buffer.alloc(isShort ? 5 : 9)
  bytes[0] = type | (isShort ? 26 : 27)
  if (isShort) bytes.writeUInt32BE(argument, 1)
  else bytes.writeBigUInt64BE(BigInt(argument), 1)
  return bytes
}
