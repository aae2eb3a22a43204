/**
 * The embedded store: one SQLite file and a folder of blobs in one directory that one process holds at a time.
 * server.ts opens it; without a data directory, and in tests, the ephemeral one: the same code in a folder that goes away.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import type { Clock } from '../lib/clock.ts'
import type { Ids } from '../lib/ids.ts'
import { openBlobs } from './blobs.ts'
import { Committer } from './committer.ts'
import { DatabaseLocked, openDatabase, storeError } from './database.ts'
import { directoryInUse, makePrivate, removeHolder, writeHolder } from './directory.ts'
import { createDiskSync, noSync } from './disk-sync.ts'
import { createDocuments } from './documents.ts'
import { createQueues } from './queues.ts'
import { storeMigrations } from './schema.ts'
import type { Store } from './store.ts'

export type StoreOptions = {
  readonly clock: Clock
  readonly ids: Ids
}

/** A store that says who holds its directory. */
export type OpenStore = Store & {
  /** Tell whoever finds the directory locked where this server listens. */
  announce(address: string): void
}

/** Open the store in `directory`, made if absent; leases of messages that a former process held are void.
 *  @throws PlatformError when another process holds it (naming it), it is damaged, or a newer Lair wrote it */
export function openStore(options: StoreOptions & { readonly directory: string }): OpenStore {
  return open(resolve(options.directory), options, { isDurable: true })
}

/** A store in a temporary directory that is removed on close. It does not wait for the disk. */
export function openEphemeralStore(options: StoreOptions): OpenStore {
  const directory = mkdtempSync(join(tmpdir(), 'lair-'))
  const store = open(directory, options, { isDurable: false })
  return {
    ...store,
    async close() {
      await store.close()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

function open(
  directory: string,
  options: StoreOptions,
  { isDurable }: { isDurable: boolean },
): OpenStore {
  makePrivate(directory)
  const database = openLocked(directory)
  try {
    writeHolder(directory, { processId: process.pid })
    return assemble({ ...options, directory, database, isDurable })
  } catch (error) {
    database.close()
    throw storeError(`Cannot open the store in "${directory}"`, error)
  }
}

function openLocked(directory: string): DatabaseSync {
  try {
    return openDatabase({ path: databasePath(directory), migrations: storeMigrations })
  } catch (error) {
    throw error instanceof DatabaseLocked ? directoryInUse(directory, error) : error
  }
}

type Parts = StoreOptions & {
  readonly directory: string
  readonly database: DatabaseSync
  readonly isDurable: boolean
}

function assemble({ directory, database, clock, ids, isDurable }: Parts): OpenStore {
  const disk = isDurable ? createDiskSync(directory, `${databasePath(directory)}-wal`) : noSync
  const committer = new Committer({ database, sync: () => disk.sync() })
  const close = async () => {
    await committer.close()
    await disk.close()
    removeHolder(directory)
    database.close()
  }
  let closed: Promise<void> | undefined
  return {
    directory,
    documents: createDocuments(database, committer),
    queues: createQueues({ database, committer, clock }),
    blobs: openBlobs({ directory: join(directory, 'blobs'), ids, isDurable }),
    announce: (address) => writeHolder(directory, { processId: process.pid, address }),
    close: () => (closed ??= close()),
  }
}

function databasePath(directory: string): string {
  return join(directory, 'lair.sqlite')
}
