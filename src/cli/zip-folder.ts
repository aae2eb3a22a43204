/** Pack a folder as a deployment package: every regular file with its mode, nothing hidden by version control. */
import { globSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { ZipFile } from 'yazl'

const epoch = new Date('1980-01-01T00:00:00Z')

/** @returns the zip; equal folders give equal bytes */
export async function zipFolder(folder: string): Promise<Buffer> {
  const zip = new ZipFile()
  const names = globSync('**/*', { cwd: folder }).toSorted()
  for (const name of names) {
    const path = join(folder, name)
    // A link that leads nowhere is no file.
    const stat = statSync(path, { throwIfNoEntry: false })
    if (!stat?.isFile() || name.startsWith('.git/')) continue
    zip.addFile(path, name, { mtime: epoch, mode: 0o100_000 | (stat.mode & 0o777) })
  }
  zip.end()
  return await buffer(zip.outputStream)
}
