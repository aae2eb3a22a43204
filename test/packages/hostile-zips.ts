/** A collection of archives that try something: name -> bytes. None of them may be unpacked. */
import { crc32, deflateRawSync } from 'node:zlib'
import { buildZip, type EntrySpec } from '../support/raw-zip.ts'

const link = 0o120777
const index: EntrySpec = { name: 'index.js', content: 'exports.handler = async () => 1\n' }
const megabyte = Buffer.alloc(1024 * 1024)

/** Archives that must be answered with "Could not unzip uploaded file". */
export function makeHostileZips(): ReadonlyMap<string, Buffer> {
  const good = buildZip([index])
  const many = Array.from({ length: 2_000 }, (_, n): EntrySpec => ({ name: `${n}/`.repeat(60) }))
  return new Map<string, Buffer>([
    ['no zip', Buffer.from('this is no archive, but long enough to hold an end record')],
    ['cut short', good.subarray(0, good.length - 30)],
    ['first half', good.subarray(0, good.length >> 1)],
    ['parent path', buildZip([index, { name: '../evil', content: 'x' }])],
    ['parent path within', buildZip([{ name: 'a/../../evil', content: 'x' }])],
    ['absolute path', buildZip([{ name: '/etc/evil', content: 'x' }])],
    ['drive path', buildZip([{ name: 'C:/evil', content: 'x' }])],
    ['backslash parent', buildZip([{ name: '..\\..\\evil', content: 'x' }])],
    ['backslash root', buildZip([{ name: '\\evil', content: 'x' }])],
    ['nul in name', buildZip([{ name: 'index.js\0.txt', content: 'x' }])],
    ['nothing but dots', buildZip([{ name: './.', content: 'x' }])],
    ['part too long', buildZip([{ name: 'x'.repeat(256), content: 'x' }])],
    ['name too long', buildZip([{ name: 'x/'.repeat(2_000), content: 'x' }])],
    ['too deep', buildZip([{ name: `${'d/'.repeat(200)}f`, content: 'x' }])],
    ['link to root', buildZip([{ name: 'l', content: '/etc/passwd', mode: link }])],
    ['link to parent', buildZip([{ name: 'a/l', content: '../../x', mode: link }])],
    [
      'link through a link',
      buildZip([
        { name: 'sub/d', content: '..', mode: link },
        { name: 'sub/x/l', content: '../d/../..', mode: link },
      ]),
    ],
    [
      'links in a circle',
      buildZip([
        { name: 'a', content: 'b', mode: link },
        { name: 'b', content: 'a', mode: link },
      ]),
    ],
    [
      'file through a link',
      buildZip([
        { name: 'd', content: '.', mode: link },
        { name: 'd/f', content: 'x' },
      ]),
    ],
    [
      'link over a file',
      buildZip([
        { name: 'f', content: 'x' },
        { name: 'f', content: 'g', mode: link },
      ]),
    ],
    [
      'file and folder',
      buildZip([
        { name: 'f', content: 'x' },
        { name: 'f/g', content: 'x' },
      ]),
    ],
    ['link without target', buildZip([{ name: 'l', content: '', mode: link }])],
    ['link too long', buildZip([{ name: 'l', content: 'x/'.repeat(3_000), mode: link }])],
    ['link with nul', buildZip([{ name: 'l', content: 'a\0b', mode: link }])],
    ['character device', buildZip([{ name: 'dev', mode: 0o020666 }])],
    ['block device', buildZip([{ name: 'dev', mode: 0o060666 }])],
    ['named pipe', buildZip([{ name: 'pipe', mode: 0o010666 }])],
    ['socket', buildZip([{ name: 'socket', mode: 0o140666 }])],
    ['folder that is a link', buildZip([{ name: 'd/', mode: link }])],
    ['encrypted', buildZip([{ ...index, flags: 0x801 }])],
    ['strongly encrypted', buildZip([{ ...index, flags: 0x841 }])],
    ['unknown method', buildZip([{ ...index, method: 99 }])],
    ['bad checksum', buildZip([{ ...index, claimedCrc: 1 }])],
    [
      'bad checksum, large',
      buildZip([{ name: 'f', content: megabyte, isDeflated: true, claimedCrc: 1 }]),
    ],
    ['no deflate data', buildZip([{ ...index, method: 8 }])],
    [
      'no deflate data, large',
      buildZip([{ name: 'f', content: Buffer.alloc(300_000, 7), method: 8 }]),
    ],
    [
      'says less than it is',
      buildZip([{ name: 'f', content: megabyte, isDeflated: true, claimedSize: 10 }]),
    ],
    [
      'says a little less than it is',
      buildZip([
        { name: 'f', content: megabyte, isDeflated: true, claimedSize: megabyte.length - 1 },
      ]),
    ],
    [
      'says more than it is',
      buildZip([{ name: 'f', content: 'abc', isDeflated: true, claimedSize: 4 }]),
    ],
    ['stored, sizes differ', buildZip([{ name: 'f', content: 'abcdef', claimedSize: 3 }])],
    ['data beyond the end', buildZip([{ ...index, claimedPackedSize: 1_000_000, method: 8 }])],
    ['header beyond the end', buildZip([{ ...index, claimedOffset: 1_000_000 }])],
    ['header is none', buildZip([{ ...index, claimedOffset: 3 }])],
    ['zip64 with a huge offset', buildZip([{ ...index, isZip64: true, claimedOffset: 2 ** 52 }])],
    ['more entries than there are', buildZip([index], (end) => end.writeUInt16LE(9, 10))],
    ['directory beyond the end', buildZip([index], (end) => end.writeUInt32LE(0x7fffffff, 16))],
    ['second disk', buildZip([index], (end) => end.writeUInt16LE(1, 4))],
    ['too many folders', buildZip(many)],
  ])
}

/** A few hundred kilobytes that say honestly that they unpack to more than 250 MB. */
export function makeBomb(): Buffer {
  const packed = deflateRawSync(megabyte)
  const claims = { claimedSize: megabyte.length, claimedCrc: crc32(megabyte) }
  const entries = Array.from({ length: 256 }, (_, n): EntrySpec => ({
    name: `f${n}`,
    content: packed,
    method: 8,
    ...claims,
  }))
  return buildZip(entries)
}
