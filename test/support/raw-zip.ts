/** Zip archives written byte by byte, so that a test can lie wherever the format allows it.
 *  source: PKWARE APPNOTE.TXT, sections 4.3 and 4.4. */
import { crc32, deflateRawSync } from 'node:zlib'

/** One entry; everything but the name has an honest default. */
export type EntrySpec = {
  readonly name: string | Buffer
  readonly content?: Buffer | string
  readonly isDeflated?: boolean
  /** whole unix mode with the type bits, e.g. 0o120777 */
  readonly mode?: number
  readonly flags?: number
  readonly method?: number
  readonly claimedSize?: number
  readonly claimedPackedSize?: number
  readonly claimedCrc?: number
  /** offset of the local header as the directory tells it */
  readonly claimedOffset?: number
  readonly isZip64?: boolean
  /** name in the local header, where it differs */
  readonly localName?: string
  /** index of an earlier entry whose local header and bytes this one points at */
  readonly sharesEntry?: number
}

/** Build an archive. `change` edits the end record (22 bytes) before it is appended. */
export function buildZip(
  entries: readonly EntrySpec[],
  change: (end: Buffer) => void = () => {},
): Buffer {
  const locals: Buffer[] = []
  const directory: Buffer[] = []
  const offsets: number[] = []
  let offset = 0
  for (const entry of entries) {
    const shared = entry.sharesEntry === undefined ? undefined : offsets[entry.sharesEntry]
    const { local, central } = encodeEntry(entry, shared ?? offset)
    offsets.push(shared ?? offset)
    directory.push(central)
    if (shared !== undefined) continue
    locals.push(local)
    offset += local.length
  }
  const directoryBytes = Buffer.concat(directory)
  const end = Buffer.alloc(22)
  end.writeUInt32LE(0x06054b50, 0)
  end.writeUInt16LE(entries.length & 0xffff, 8)
  end.writeUInt16LE(entries.length & 0xffff, 10)
  end.writeUInt32LE(directoryBytes.length, 12)
  end.writeUInt32LE(offset, 16)
  change(end)
  return Buffer.concat([...locals, directoryBytes, end])
}

type Encoded = Required<Omit<EntrySpec, 'localName' | 'sharesEntry'>> & {
  readonly packed: Buffer
  readonly extra: Buffer
}

function encodeEntry(spec: EntrySpec, offset: number): { local: Buffer; central: Buffer } {
  const entry = withDefaults(spec, offset)
  const name = Buffer.from(entry.name)
  const localName = Buffer.from(spec.localName ?? entry.name)
  return {
    local: Buffer.concat([localHeader(entry, localName.length), localName, entry.packed]),
    central: Buffer.concat([centralHeader(entry, name.length), name, entry.extra]),
  }
}

function withDefaults(spec: EntrySpec, offset: number): Encoded {
  const content = Buffer.from(spec.content ?? '')
  const packed = spec.isDeflated === true ? deflateRawSync(content) : content
  const entry = {
    isDeflated: false,
    mode: 0,
    flags: 0x800,
    method: spec.isDeflated === true ? 8 : 0,
    claimedSize: content.length,
    claimedPackedSize: packed.length,
    claimedCrc: crc32(content),
    claimedOffset: offset,
    isZip64: false,
    ...spec,
    content,
    packed,
  }
  return { ...entry, extra: entry.isZip64 ? zip64Extra(entry) : Buffer.alloc(0) }
}

function localHeader(entry: Encoded, nameBytes: number): Buffer {
  const header = Buffer.alloc(30)
  header.writeUInt32LE(0x04034b50, 0)
  header.writeUInt16LE(20, 4)
  header.writeUInt16LE(entry.flags, 6)
  header.writeUInt16LE(entry.method, 8)
  header.writeUInt32LE(entry.claimedCrc, 14)
  header.writeUInt32LE(entry.packed.length, 18)
  header.writeUInt32LE(entry.content.length, 22)
  header.writeUInt16LE(nameBytes, 26)
  return header
}

function centralHeader(entry: Encoded, nameBytes: number): Buffer {
  const max = 0xffffffff
  const header = Buffer.alloc(46)
  header.writeUInt32LE(0x02014b50, 0)
  header.writeUInt16LE((3 << 8) | 20, 4)
  header.writeUInt16LE(20, 6)
  header.writeUInt16LE(entry.flags, 8)
  header.writeUInt16LE(entry.method, 10)
  header.writeUInt32LE(entry.claimedCrc, 16)
  header.writeUInt32LE(entry.isZip64 ? max : entry.claimedPackedSize, 20)
  header.writeUInt32LE(entry.isZip64 ? max : entry.claimedSize, 24)
  header.writeUInt16LE(nameBytes, 28)
  header.writeUInt16LE(entry.extra.length, 30)
  header.writeUInt32LE((entry.mode << 16) >>> 0, 38)
  header.writeUInt32LE(entry.isZip64 ? max : entry.claimedOffset, 42)
  return header
}

function zip64Extra(entry: {
  claimedSize: number
  claimedPackedSize: number
  claimedOffset: number
}): Buffer {
  const extra = Buffer.alloc(28)
  extra.writeUInt16LE(1, 0)
  extra.writeUInt16LE(24, 2)
  extra.writeBigUInt64LE(BigInt(entry.claimedSize), 4)
  extra.writeBigUInt64LE(BigInt(entry.claimedPackedSize), 12)
  extra.writeBigUInt64LE(BigInt(entry.claimedOffset), 20)
  return extra
}
