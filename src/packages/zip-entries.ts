/**
 * The first half of unpacking: what a zip archive says it holds, checked before a byte is written. Only names that stay
 * inside the folder, only files, folders and links, no name that is both, and no more than the limits; links are read and
 * followed on paper. The bytes are foreign: anything odd is one error, never a guess.
 */
import { fromBufferPromise, getFileNameLowLevel, type Entry, type ZipFile } from 'yauzl'
import { lambdaLimits } from '../config.ts'
import { findEscapingLink } from './links.ts'
import { emptyZip, unreadableZip, unzippedTooLarge } from './errors.ts'
import { inflateSmall, type PackedBytes } from './inflate.ts'

/** Lair's own bounds; far above what real packages hold. */
const maxEntryCount = 100_000
const maxNameBytes = 2_048
const maxNamePartBytes = 255
const maxDepth = 128
const maxLinkBytes = 4_096

const typeMask = 0o170000
const directoryType = 0o040000
const fileType = 0o100000
const linkType = 0o120000
const encryptedFlag = 0x1

/** A regular file of the archive. */
export type ZipFileEntry = PackedBytes & {
  /** relative, `/`-separated, normal */
  readonly path: string
  /** permission bits as the archive has them; 0644 when it has none */
  readonly mode: number
}

/** What an archive holds, in an order in which it can be written: folders (parents first), files, links. */
export type ZipContents = {
  readonly directories: readonly string[]
  readonly files: readonly ZipFileEntry[]
  /** path -> target as written */
  readonly links: ReadonlyMap<string, string>
  /** sum of what the files say they unpack to */
  readonly unzippedBytes: number
}

type Node = { kind: 'directory' } | { kind: 'file' | 'link'; file: ZipFileEntry }

/** Read and check the directory of a zip archive.
 *  @throws AwsError InvalidParameterValueException (400) with AWS's text for what is wrong */
export async function readZipContents(zip: Buffer): Promise<ZipContents> {
  if (zip.length === 0) throw emptyZip()
  const nodes = await readNodes(zip)
  if (nodes.size === 0) throw emptyZip()
  const directories: string[] = []
  const files: ZipFileEntry[] = []
  const links = new Map<string, string>()
  let unzippedBytes = 0
  for (const [path, node] of nodes) {
    if (node.kind === 'directory') {
      directories.push(path)
      continue
    }
    unzippedBytes += node.file.unpackedBytes
    if (node.kind === 'link') links.set(path, readLinkTarget(zip, node.file))
    else files.push(node.file)
  }
  if (unzippedBytes > lambdaLimits.maxUnzippedBytes) throw unzippedTooLarge()
  if (findEscapingLink(links) !== undefined) throw unreadableZip()
  return { directories, files, links, unzippedBytes }
}

async function readNodes(zip: Buffer): Promise<Map<string, Node>> {
  const nodes = new Map<string, Node>()
  try {
    const archive = await fromBufferPromise(zip, { lazyEntries: true, decodeStrings: false })
    if (archive.entryCount > maxEntryCount) throw unreadableZip()
    for await (const entry of archive.eachEntry()) {
      const node = await toNode(zip, archive, entry)
      addNode(nodes, node.path, node.node)
    }
  } catch (error) {
    throw unreadableZip(error)
  }
  return nodes
}

async function toNode(
  zip: Buffer,
  archive: ZipFile,
  entry: Entry,
): Promise<{ path: string; node: Node }> {
  const name = decodeName(entry)
  const path = toSafePath(name)
  const unixMode = entry.externalFileAttributes >>> 16
  const type = unixMode & typeMask
  if (name.endsWith('/')) {
    if (type !== 0 && type !== directoryType) throw unreadableZip()
    return { path, node: { kind: 'directory' } }
  }
  if (path === '' || (type !== 0 && type !== fileType && type !== linkType)) throw unreadableZip()
  const { fileDataStart } = await archive.readLocalFileHeaderPromise(entry, { minimal: true })
  const permissions = unixMode & 0o777
  const packed = toPackedBytes(zip, entry, fileDataStart)
  const file = { path, mode: permissions === 0 ? 0o644 : permissions, ...packed }
  return { path, node: { kind: type === linkType ? 'link' : 'file', file } }
}

function toPackedBytes(zip: Buffer, entry: Entry, offset: number): PackedBytes {
  const { compressionMethod, compressedSize, uncompressedSize, crc32 } = entry
  const isDeflated = compressionMethod === 8
  if (!isDeflated && compressionMethod !== 0) throw unreadableZip()
  if ((entry.generalPurposeBitFlag & encryptedFlag) !== 0) throw unreadableZip()
  if (offset + compressedSize > zip.length) throw unreadableZip()
  if (!isDeflated && compressedSize !== uncompressedSize) throw unreadableZip()
  return {
    isDeflated,
    offset,
    packedBytes: compressedSize,
    unpackedBytes: uncompressedSize,
    crc32,
  }
}

/** Names are UTF-8 whether or not the archive says so; those that cannot be are code page 437, as the format has it. */
function decodeName(entry: Entry): string {
  const raw = entry.fileNameRaw
  if (raw.length > maxNameBytes) throw unreadableZip()
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(raw)
    return text.replaceAll('\\', '/')
  } catch {
    return getFileNameLowLevel(entry.generalPurposeBitFlag, raw, entry.extraFields, false)
  }
}

function toSafePath(name: string): string {
  if (name.startsWith('/') || /^[a-zA-Z]:/.test(name) || name.includes('\0')) throw unreadableZip()
  const parts = name.split('/').filter((part) => part !== '' && part !== '.')
  if (parts.length > maxDepth) throw unreadableZip()
  for (const part of parts) {
    if (part === '..' || Buffer.byteLength(part) > maxNamePartBytes) throw unreadableZip()
  }
  return parts.join('/')
}

/** Later entries of a name win, as with unzip; but a name cannot be two kinds of thing, or lie below a file or link. */
function addNode(nodes: Map<string, Node>, path: string, node: Node): void {
  if (path === '') return
  const directory: Node = { kind: 'directory' }
  let slash = path.lastIndexOf('/')
  while (slash !== -1) {
    const parent = path.slice(0, slash)
    if (nodes.get(parent)?.kind === 'directory') break
    addOne(nodes, parent, directory)
    slash = parent.lastIndexOf('/')
  }
  addOne(nodes, path, node)
}

function addOne(nodes: Map<string, Node>, path: string, node: Node): void {
  const earlier = nodes.get(path)
  if (earlier !== undefined && earlier.kind !== node.kind) throw unreadableZip()
  if (earlier === undefined && nodes.size >= maxEntryCount) throw unreadableZip()
  if (earlier === undefined || node.kind !== 'directory') nodes.set(path, node)
}

function readLinkTarget(zip: Buffer, file: ZipFileEntry): string {
  if (file.unpackedBytes === 0 || file.unpackedBytes > maxLinkBytes) throw unreadableZip()
  const target = inflateSmall(zip, file).toString('utf8')
  if (target.includes('\0') || target.includes('�')) throw unreadableZip()
  return target
}
