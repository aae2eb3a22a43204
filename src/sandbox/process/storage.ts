/** How much a folder holds on disk, bounded in work: what ephemeral storage is measured by. */
import { lstat, readdir } from 'node:fs/promises'
import { join } from 'node:path'

const blockBytes = 512

/** Bytes allocated by everything below `folder`. Stops early above `enoughBytes` or after `maxEntryCount` entries.
 *  Never throws: what vanishes meanwhile is not counted. */
export async function folderBytes(
  folder: string,
  enoughBytes: number,
  maxEntryCount = 50_000,
): Promise<number> {
  const folders = [folder]
  let bytes = 0
  let entryCount = 0
  for (let at = folders.pop(); at !== undefined; at = folders.pop()) {
    const entries = await readdir(at, { withFileTypes: true }).catch(() => [])
    for (const entry of entries) {
      entryCount += 1
      if (bytes > enoughBytes || entryCount > maxEntryCount) return bytes
      const path = join(at, entry.name)
      if (entry.isDirectory()) folders.push(path)
      const stat = await lstat(path).catch(() => undefined)
      bytes += (stat?.blocks ?? 0) * blockBytes
    }
  }
  return bytes
}
