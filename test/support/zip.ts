/** Makes zips of functions: in memory from texts, and from folders with their file modes. */
import { lstatSync, readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { ZipFile } from 'yazl'

/** One file of a zip: its text or bytes, executable (0755) when asked for. */
export type ZipEntry = string | Uint8Array | { content: string | Uint8Array; isExecutable: boolean }

/** A fixed time, so that the same files give the same bytes and so the same CodeSha256. */
const fileTime = new Date('2026-01-01T00:00:00Z')

/** Zip of the named files. */
export async function zipOf(entries: Readonly<Record<string, ZipEntry>>): Promise<Buffer> {
  const zip = new ZipFile()
  for (const [name, entry] of Object.entries(entries)) {
    const isPlain = typeof entry === 'string' || entry instanceof Uint8Array
    const content = Buffer.from(isPlain ? entry : entry.content)
    const mode = !isPlain && entry.isExecutable ? 0o100755 : 0o100644
    zip.addBuffer(content, name, { mode, mtime: fileTime })
  }
  zip.end()
  return buffer(zip.outputStream)
}

/** Zip of everything in a folder, executable bits kept, symbolic links left out. */
export async function zipOfFolder(folder: string): Promise<Buffer> {
  const zip = new ZipFile()
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).toSorted()
  for (const name of names) {
    const path = join(folder, name)
    const status = lstatSync(path)
    if (!status.isFile()) continue
    const mode = (status.mode & 0o111) === 0 ? 0o100644 : 0o100755
    zip.addBuffer(readFileSync(path), relative(folder, path), { mode, mtime: fileTime })
  }
  zip.end()
  return buffer(zip.outputStream)
}
