/**
 * Writes zip files that no honest tool writes: any name, any mode, lies about sizes and checksums, overlapping entries.
 * source: PKWARE APPNOTE.TXT, sections 4.3 and 4.4.
 */
import { crc32, deflateRawSync } from 'node:zlib'

export type RawEntry = {
  readonly name: string | Uint8Array
  readonly content?: string | Uint8Array
  /** Unix mode with file type, e.g. 0o120777 for a symbolic link */
  readonly mode?: number
  /** compressed bytes as they are, instead of the deflated content */
  readonly raw?: Uint8Array
  /** what the headers claim */
  readonly claimedSize?: number
  readonly claimedCrc?: number
  readonly method?: number
  readonly flags?: number
  /** name in the local header, when it differs */
  readonly localName?: string
  /** point at the local header of an earlier entry instead of writing one */
  readonly sharesEntry?: number
}

const deflate = 8

/** The bytes of a zip. @param change  last touch on the end record, e.g. to lie about counts */
export function rawZip(entries: readonly RawEntry[], change?: (end: Buffer) => void): Buffer {
  const local: Buffer[] = []
  const central: Buffer[] = []
  const offsets: number[] = []
  let offset = 0
  for (const entry of entries) {
    const facts = factsOf(entry)
    const shared = entry.sharesEntry === undefined ? undefined : offsets[entry.sharesEntry]
    offsets.push(shared ?? offset)
    central.push(centralHeader(entry, facts, shared ?? offset))
    if (shared !== undefined) continue
    const bytes = localEntry(entry, facts)
    local.push(bytes)
    offset += bytes.length
  }
  const directory = Buffer.concat(central)
  const end = Buffer.alloc(22)
  end.writeUInt32LE(0x06054b50, 0)
  end.writeUInt16LE(entries.length & 0xffff, 8)
  end.writeUInt16LE(entries.length & 0xffff, 10)
  end.writeUInt32LE(directory.length, 12)
  end.writeUInt32LE(offset, 16)
  change?.(end)
  return Buffer.concat([...local, directory, end])
}

type Facts = {
  name: Buffer
  body: Uint8Array
  size: number
  crc: number
  method: number
  flags: number
}

function factsOf(entry: RawEntry): Facts {
  const content = Buffer.from(entry.content ?? '')
  return {
    name: Buffer.from(entry.name),
    body: entry.raw ?? deflateRawSync(content),
    size: entry.claimedSize ?? content.length,
    crc: entry.claimedCrc ?? crc32(content),
    method: entry.method ?? deflate,
    flags: entry.flags ?? 0x800,
  }
}

function localEntry(entry: RawEntry, facts: Facts): Buffer {
  const name = entry.localName === undefined ? facts.name : Buffer.from(entry.localName)
  const head = Buffer.alloc(30)
  head.writeUInt32LE(0x04034b50, 0)
  head.writeUInt16LE(20, 4)
  writeShared(head, 6, facts)
  head.writeUInt16LE(name.length, 26)
  return Buffer.concat([head, name, facts.body])
}

function centralHeader(entry: RawEntry, facts: Facts, offset: number): Buffer {
  const head = Buffer.alloc(46)
  head.writeUInt32LE(0x02014b50, 0)
  head.writeUInt16LE((3 << 8) | 20, 4)
  head.writeUInt16LE(20, 6)
  writeShared(head, 8, facts)
  head.writeUInt16LE(facts.name.length, 28)
  head.writeUInt32LE(((entry.mode ?? 0o100644) << 16) >>> 0, 38)
  head.writeUInt32LE(offset, 42)
  return Buffer.concat([head, facts.name])
}

/** Flags to sizes: the part that both headers share. */
function writeShared(head: Buffer, at: number, facts: Facts): void {
  head.writeUInt16LE(facts.flags, at)
  head.writeUInt16LE(facts.method, at + 2)
  head.writeUInt16LE(0x5b74, at + 6)
  head.writeUInt32LE(facts.crc, at + 8)
  head.writeUInt32LE(facts.body.length, at + 12)
  head.writeUInt32LE(facts.size, at + 16)
}
