/**
 * Reads CBOR from a client: definite and indefinite lengths, halves to doubles, tag 1 as a date; other tags are passed through.
 * Nothing is allocated on the word of a length that the bytes do not bear out.
 * source: RFC 8949; Smithy 2.0, "Smithy RPC v2 CBOR protocol".
 */
import { serializationError } from '../faults.ts'
import { setOwn } from '../per-shape.ts'

const maxDepth = 100
const breakMark = Symbol('break')

/** Decode one value, which must fill the bytes.
 *  @throws AwsError SerializationException (400) */
export function decodeCbor(bytes: Uint8Array): unknown {
  const reader = new Reader(bytes)
  const value = reader.value(0)
  if (value === breakMark || !reader.isAtEnd()) throw malformed()
  return value
}

class Reader {
  readonly #bytes: Buffer
  #position = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  }

  isAtEnd(): boolean {
    return this.#position === this.#bytes.length
  }

  value(depth: number): unknown {
    if (depth > maxDepth) throw serializationError('The body is nested too deeply')
    const initial = this.#take(1)[0] ?? 0
    const major = initial >> 5
    const short = initial & 0x1f
    if (major === 7) return this.#simple(short)
    if (short === 31) return this.#indefinite(major, depth)
    const argument = this.#argument(short)
    switch (major) {
      case 0:
        return argument
      case 1:
        return -1 - argument
      case 2:
        return this.#take(argument)
      case 3:
        return this.#take(argument).toString('utf8')
      case 4:
        return this.#list(argument, depth)
      case 5:
        return this.#map(argument, depth)
      default:
        return this.#tagged(argument, depth)
    }
  }

  #take(count: number): Buffer {
    const end = this.#position + count
    if (end > this.#bytes.length) throw malformed()
    const taken = this.#bytes.subarray(this.#position, end)
    this.#position = end
    return taken
  }

  #argument(short: number): number {
    if (short < 24) return short
    if (short > 27) throw malformed()
    const size = 1 << (short - 24)
    const bytes = this.#take(size)
    return size === 8 ? Number(bytes.readBigUInt64BE(0)) : bytes.readUIntBE(0, size)
  }

  #simple(short: number): unknown {
    switch (short) {
      case 20:
        return false
      case 21:
        return true
      case 22:
      case 23:
        return null
      case 25:
        return halfToNumber(this.#take(2).readUInt16BE(0))
      case 26:
        return this.#take(4).readFloatBE(0)
      case 27:
        return this.#take(8).readDoubleBE(0)
      case 31:
        return breakMark
      default:
        throw malformed()
    }
  }

  #list(count: number, depth: number): unknown[] {
    if (count > this.#bytes.length - this.#position) throw malformed()
    const items: unknown[] = []
    for (let index = 0; index < count; index += 1) items.push(this.#item(depth))
    return items
  }

  #map(count: number, depth: number): Record<string, unknown> {
    if (count * 2 > this.#bytes.length - this.#position) throw malformed()
    const result: Record<string, unknown> = {}
    for (let index = 0; index < count; index += 1) this.#entry(result, this.#item(depth), depth)
    return result
  }

  #entry(result: Record<string, unknown>, key: unknown, depth: number): void {
    if (typeof key !== 'string') throw malformed()
    setOwn(result, key, this.#item(depth))
  }

  #item(depth: number): unknown {
    const item = this.value(depth + 1)
    if (item === breakMark) throw malformed()
    return item
  }

  /** Chunks of bytes or text, items, or entries up to the break. */
  #indefinite(major: number, depth: number): unknown {
    const items: unknown[] = []
    const result: Record<string, unknown> = {}
    for (;;) {
      const item = this.value(depth + 1)
      if (item === breakMark) break
      if (major === 5) this.#entry(result, item, depth)
      else items.push(item)
    }
    if (major === 4) return items
    if (major === 5) return result
    if (major === 2 && items.every((item) => item instanceof Uint8Array))
      return Buffer.concat(items)
    if (major === 3 && items.every((item) => typeof item === 'string')) return items.join('')
    throw malformed()
  }

  #tagged(tag: number, depth: number): unknown {
    const value = this.#item(depth)
    if (tag !== 1) return value
    const date = typeof value === 'number' ? new Date(Math.round(value * 1000)) : undefined
    if (date === undefined || Number.isNaN(date.getTime())) throw malformed()
    return date
  }
}

function halfToNumber(half: number): number {
  const sign = half & 0x8000 ? -1 : 1
  const exponent = (half >> 10) & 0x1f
  const fraction = half & 0x3ff
  if (exponent === 0) return sign * fraction * 2 ** -24
  if (exponent === 31) return fraction === 0 ? sign * Infinity : Number.NaN
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15)
}

function malformed(): Error {
  return serializationError('The body is no well-formed CBOR')
}
