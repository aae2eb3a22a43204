/**
 * Packed bytes of a zip entry to plain ones, believing nothing: never more than the entry says, exactly as many, and the
 * checksum must fit. Small entries at once, large ones as a stream in the thread pool.
 */
import type { FileHandle } from 'node:fs/promises'
import { Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { crc32, createInflateRaw, inflateRawSync } from 'node:zlib'
import { unreadableZip } from './errors.ts'

/** Where the bytes of an entry lie, and what they must become. */
export type PackedBytes = {
  readonly isDeflated: boolean
  readonly offset: number
  readonly packedBytes: number
  readonly unpackedBytes: number
  readonly crc32: number
}

/** Up to here inflating takes less than about a millisecond. */
const maxSmallBytes = 128 * 1024

/** true when `inflateSmall` may be used. */
export function isSmall(packed: PackedBytes): boolean {
  return packed.packedBytes <= maxSmallBytes && packed.unpackedBytes <= maxSmallBytes
}

/** Unpack an entry at once. @throws AwsError when the bytes are damaged */
export function inflateSmall(zip: Buffer, packed: PackedBytes): Buffer {
  const bytes = slice(zip, packed)
  let plain = bytes
  try {
    if (packed.isDeflated) {
      plain = inflateRawSync(bytes, { maxOutputLength: Math.max(packed.unpackedBytes, 1) })
    }
  } catch (error) {
    throw unreadableZip(error)
  }
  if (plain.length !== packed.unpackedBytes || crc32(plain) !== packed.crc32) throw unreadableZip()
  return plain
}

/** Unpack an entry of any size into an open file, which is closed at the end.
 *  @throws AwsError when the bytes are damaged */
export async function inflateToFile(
  zip: Buffer,
  packed: PackedBytes,
  file: FileHandle,
): Promise<void> {
  const check = new Transform()
  let unpackedBytes = 0
  let sum = 0
  check._transform = (chunk: Buffer, _encoding, done) => {
    unpackedBytes += chunk.length
    if (unpackedBytes > packed.unpackedBytes) return done(unreadableZip())
    sum = crc32(chunk, sum)
    return done(null, chunk)
  }
  const source = Readable.from(chunksOf(slice(zip, packed)), { objectMode: false })
  const target = file.createWriteStream()
  try {
    if (packed.isDeflated) await pipeline(source, createInflateRaw(), check, target)
    else await pipeline(source, check, target)
  } catch (error) {
    throw isDamage(error) ? unreadableZip(error) : error
  }
  if (unpackedBytes !== packed.unpackedBytes || sum !== packed.crc32) throw unreadableZip()
}

function slice(zip: Buffer, packed: PackedBytes): Buffer {
  return zip.subarray(packed.offset, packed.offset + packed.packedBytes)
}

function* chunksOf(bytes: Buffer): Generator<Buffer> {
  for (let offset = 0; offset < bytes.length; offset += maxSmallBytes) {
    yield bytes.subarray(offset, offset + maxSmallBytes)
  }
}

/** zlib's own complaints (Z_DATA_ERROR, Z_BUF_ERROR) and ours; a full disk is not the caller's doing. */
function isDamage(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  return code.startsWith('Z_') || code === 'InvalidParameterValueException'
}
