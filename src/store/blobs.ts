/** Blobs: files named by the sha256 of their bytes, complete and durable from the moment they have their name. */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, rmSync } from 'node:fs'
import { open, readFile, rename, rm } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { storeLimits } from '../config.ts'
import { assert } from '../lib/assert.ts'
import { PlatformError } from '../lib/errors/platform-error.ts'
import type { Ids } from '../lib/ids.ts'
import { storeError } from './database.ts'
import { syncDirectory } from './disk-sync.ts'
import type { Blobs } from './store.ts'

export type BlobsOptions = {
  /** absolute path of their folder; made if absent */
  readonly directory: string
  readonly ids: Ids
  /** false for a store that need not survive the machine */
  readonly isDurable: boolean
}

/** Open the folder of blobs; what an earlier process left half-written is removed.
 *  shape  <directory>/ab/abcdef…   and <directory>/tmp/<random> while being written */
export function openBlobs({ directory, ids, isDurable }: BlobsOptions): Blobs {
  const temporary = join(directory, 'tmp')
  rmSync(temporary, { recursive: true, force: true })
  mkdirSync(temporary, { recursive: true, mode: 0o700 })
  const path = (id: string) => pathOf(directory, id)
  const write = (chunks: AsyncIterable<Uint8Array>) =>
    writeFile(chunks, join(temporary, ids.hex(16)), isDurable)

  async function settle(id: string, from: string | undefined): Promise<void> {
    const folder = dirname(path(id))
    const isNewFolder = mkdirSync(folder, { recursive: true, mode: 0o700 }) !== undefined
    if (from !== undefined) await rename(from, path(id))
    // Also for a blob that was there: whoever put it may not have come as far as this.
    if (!isDurable) return
    await syncDirectory(folder)
    if (isNewFolder) await syncDirectory(directory)
  }

  return {
    async put(bytes) {
      try {
        if (bytes instanceof Uint8Array) {
          const id = await hash(bytes)
          const from = existsSync(path(id)) ? undefined : (await write(pieces(bytes))).path
          await settle(id, from)
          return { id, sizeBytes: bytes.byteLength }
        }
        const written = await write(bytes)
        await settle(written.id, written.path)
        return { id: written.id, sizeBytes: written.sizeBytes }
      } catch (error) {
        throw storeError('Cannot store a blob', error)
      }
    },
    has: (id) => existsSync(path(id)),
    path,
    async read(id) {
      try {
        return await readFile(path(id))
      } catch (error) {
        throw new PlatformError(`Cannot read blob "${id}"`, { cause: error })
      }
    },
    delete: (id) => rm(path(id), { force: true }),
  }
}

function pathOf(directory: string, id: string): string {
  assert(/^[0-9a-f]{64}$/.test(id), 'the id of a blob is a sha256 in lower-case hex')
  return join(directory, id.slice(0, 2), id)
}

/** Write and sync a new file; it is removed again when that fails. */
async function writeFile(
  chunks: AsyncIterable<Uint8Array>,
  path: string,
  isDurable: boolean,
): Promise<{ id: string; sizeBytes: number; path: string }> {
  const digest = createHash('sha256')
  let sizeBytes = 0
  const file: FileHandle = await open(path, 'wx', 0o600)
  try {
    for await (const chunk of chunks) {
      digest.update(chunk)
      sizeBytes += chunk.byteLength
      await file.writeFile(chunk)
    }
    if (isDurable) await file.sync()
    await file.close()
    return { id: digest.digest('hex'), sizeBytes, path }
  } catch (error) {
    await file.close().catch(() => {})
    await rm(path, { force: true })
    throw error
  }
}

async function hash(bytes: Uint8Array): Promise<string> {
  const digest = createHash('sha256')
  for await (const piece of pieces(bytes)) digest.update(piece)
  return digest.digest('hex')
}

/** A large blob in pieces, with a turn of the event loop for everybody else after each. */
async function* pieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < bytes.byteLength; start += storeLimits.blobChunkBytes) {
    if (start > 0) await nextTurn()
    yield bytes.subarray(start, start + storeLimits.blobChunkBytes)
  }
}
