/**
 * The second half of unpacking: what zip-entries.ts found good is written into an empty folder. Parents are folders that
 * we made ourselves, and links come last, so nothing is ever written through a link.
 */
import { chmod, mkdir, open, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { eachLimited } from './each-limited.ts'
import { inflateSmall, inflateToFile, isSmall } from './inflate.ts'
import { readZipContents, type ZipFileEntry } from './zip-entries.ts'

const maxOpenFileCount = 8

/** Unpack `zip` into the empty folder `target`.
 *  @returns bytes of all files
 *  @throws AwsError InvalidParameterValueException (400) in AWS's words when the archive is bad; what was written so far stays */
export async function unpackZip(zip: Buffer, target: string): Promise<number> {
  const contents = await readZipContents(zip)
  for (const path of contents.directories.toSorted()) await mkdir(join(target, path))
  await eachLimited(contents.files, maxOpenFileCount, (file) => writeEntry(zip, file, target))
  for (const [path, link] of contents.links) await symlink(link, join(target, path))
  return contents.unzippedBytes
}

async function writeEntry(zip: Buffer, file: ZipFileEntry, target: string): Promise<void> {
  const path = join(target, file.path)
  if (isSmall(file)) {
    await writeFile(path, inflateSmall(zip, file), { flag: 'wx', mode: 0o600 })
  } else {
    const handle = await open(path, 'wx', 0o600)
    await inflateToFile(zip, file, handle)
  }
  await chmod(path, toReadOnly(file.mode))
}

/** Code is read-only by contract; its owner can always read it. */
function toReadOnly(mode: number): number {
  return (mode & 0o555) | 0o400
}
