/**
 * One message of AWS's event stream format: lengths, checksum of them, typed headers, payload, checksum of all.
 * source: Smithy 2.0, "Amazon Event Stream specification".
 */
import { crc32 } from 'node:zlib'
import { assert } from '../../lib/assert.ts'

export type HeaderValue = string | number | boolean | Date | Uint8Array

export type Frame = {
  readonly headers: Readonly<Record<string, HeaderValue>>
  readonly payload: Uint8Array
}

/** The bytes are no frame. */
export class BadFrame extends Error {
  override readonly name = 'BadFrame'
}

/** Prelude and the two checksums. */
const overheadBytes = 16
const maxFrameBytes = 24 * 1024 * 1024
const maxHeadersBytes = 128 * 1024

/** Write one frame; whole numbers become 32-bit integers where they fit, 64-bit else. */
export function encodeFrame({ headers, payload }: Frame): Buffer {
  const head = Buffer.concat(
    Object.entries(headers).map(([name, value]) => headerBytes(name, value)),
  )
  const total = overheadBytes + head.length + payload.length
  assert(total <= maxFrameBytes && head.length <= maxHeadersBytes, 'a frame keeps its limits')
  const frame = Buffer.allocUnsafe(total)
  frame.writeUInt32BE(total, 0)
  frame.writeUInt32BE(head.length, 4)
  frame.writeUInt32BE(crc32(frame.subarray(0, 8)), 8)
  frame.set(head, 12)
  frame.set(payload, 12 + head.length)
  frame.writeUInt32BE(crc32(frame.subarray(0, total - 4)), total - 4)
  return frame
}

/** Read one frame from the start of `bytes`.
 *  @returns the frame and its length, or undefined when more bytes are needed
 *  @throws BadFrame */
export function decodeFrame(
  bytes: Buffer,
): { readonly frame: Frame; readonly byteCount: number } | undefined {
  if (bytes.length < 12) return undefined
  const total = bytes.readUInt32BE(0)
  const headBytes = bytes.readUInt32BE(4)
  if (crc32(bytes.subarray(0, 8)) !== bytes.readUInt32BE(8))
    throw new BadFrame('Prelude is corrupt')
  if (total > maxFrameBytes || headBytes > maxHeadersBytes || total < overheadBytes + headBytes) {
    throw new BadFrame('Lengths are out of bounds')
  }
  if (bytes.length < total) return undefined
  if (crc32(bytes.subarray(0, total - 4)) !== bytes.readUInt32BE(total - 4)) {
    throw new BadFrame('Message is corrupt')
  }
  const headers = readHeaders(bytes.subarray(12, 12 + headBytes))
  const payload = bytes.subarray(12 + headBytes, total - 4)
  return { frame: { headers, payload }, byteCount: total }
}

function headerBytes(name: string, value: HeaderValue): Buffer {
  const nameBytes = Buffer.from(name)
  assert(nameBytes.length > 0 && nameBytes.length < 256, 'a header name is 1 to 255 bytes')
  return Buffer.concat([Uint8Array.of(nameBytes.length), nameBytes, valueBytes(value)])
}

function valueBytes(value: HeaderValue): Buffer {
  if (typeof value === 'boolean') return Buffer.of(value ? 0 : 1)
  if (typeof value === 'string') return sized(7, Buffer.from(value))
  if (value instanceof Date) return wide(8, value.getTime())
  if (typeof value !== 'number') return sized(6, value)
  if ((value | 0) !== value) return wide(5, value)
  const bytes = Buffer.alloc(5)
  bytes[0] = 4
  bytes.writeInt32BE(value, 1)
  return bytes
}

function sized(type: number, value: Uint8Array): Buffer {
  assert(value.length < 0x8000, 'a header value is at most 32767 bytes')
  return Buffer.concat([Uint8Array.of(type, value.length >> 8, value.length & 0xff), value])
}

function wide(type: number, value: number): Buffer {
  const bytes = Buffer.alloc(9)
  bytes[0] = type
  bytes.writeBigInt64BE(BigInt(Math.trunc(value)), 1)
  return bytes
}

function readHeaders(bytes: Buffer): Record<string, HeaderValue> {
  const headers: Record<string, HeaderValue> = Object.create(null) as Record<string, HeaderValue>
  let position = 0
  const take = (count: number): Buffer => {
    if (position + count > bytes.length) throw new BadFrame('Headers are cut off')
    position += count
    return bytes.subarray(position - count, position)
  }
  while (position < bytes.length) {
    const name = take(take(1).readUInt8(0)).toString('utf8')
    headers[name] = readValue(take)
  }
  return headers
}

function readValue(take: (count: number) => Buffer): HeaderValue {
  const type = take(1).readUInt8(0)
  switch (type) {
    case 0:
    case 1:
      return type === 0
    case 2:
      return take(1).readInt8(0)
    case 3:
      return take(2).readInt16BE(0)
    case 4:
      return take(4).readInt32BE(0)
    case 5:
      return Number(take(8).readBigInt64BE(0))
    case 6:
      return take(take(2).readUInt16BE(0))
    case 7:
      return take(take(2).readUInt16BE(0)).toString('utf8')
    case 8:
      return new Date(Number(take(8).readBigInt64BE(0)))
    case 9:
      return take(16)
    default:
      throw new BadFrame('Header has an unknown type')
  }
}
