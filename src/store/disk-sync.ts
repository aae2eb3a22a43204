/** Waiting for the disk, off the event loop: the write-ahead log's bytes and the names of new files. */
import { open } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { dirname } from 'node:path'

/** Makes what was written durable. One call at a time. */
export type DiskSync = {
  sync(): Promise<void>
  close(): Promise<void>
}

/** For a store that need not survive the machine. */
export const noSync: DiskSync = { sync: async () => {}, close: async () => {} }

/** Sync the write-ahead log of the database in `directory`; the first time also the names of the files and of the directory.
 *  The log keeps its file while the database is open, and SQLite's locks are not on it: a second handle is safe. */
export function createDiskSync(directory: string, walPath: string): DiskSync {
  let wal: FileHandle | undefined
  let areNamesSynced = false
  return {
    async sync() {
      wal ??= await open(walPath, 'r+')
      if (!areNamesSynced) {
        await syncDirectory(directory)
        // A parent that this user may not read is not one in which Lair has just made the directory.
        await syncDirectory(dirname(directory)).catch(() => {})
        areNamesSynced = true
      }
      await wal.datasync()
    },
    async close() {
      await wal?.close()
    },
  }
}

/** Make the names in a directory durable. */
export async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
