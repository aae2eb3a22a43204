/**
 * Opening a SQLite file the way Lair keeps them: private, exclusive to one process, with a write-ahead log and a schema version;
 * and SQLite's failures in words that say what to do. Used by the store and by the log store, and by nobody above them.
 */
import { chmodSync, closeSync, existsSync, openSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { storeLimits } from '../config.ts'
import { PlatformError } from '../lib/errors/platform-error.ts'

const pageBytes = 4096

/** Of two processes that start at the same moment, one must wait for the other to give up. */
const lockTimeoutMs = 200

export type DatabaseOptions = {
  /** absolute path, or `:memory:` */
  readonly path: string
  /** one SQL script per schema version, oldest first; version n is what the first n scripts make. Never edit one, only add */
  readonly migrations: readonly string[]
}

/** Another process has the file. */
export class DatabaseLocked extends Error {
  override readonly name = 'DatabaseLocked'
}

/** Open or create the database and bring its schema up to date. The lock is the process's and goes with it, however it ends.
 *  A commit survives the end of the process at once; it survives a power cut after `fdatasync` of `<path>-wal`.
 *  @throws DatabaseLocked
 *  @throws PlatformError when it is damaged, of a newer Lair, or cannot be opened */
export function openDatabase(options: DatabaseOptions): DatabaseSync {
  const { path } = options
  let database: DatabaseSync | undefined
  try {
    if (path !== ':memory:') createPrivately(path)
    database = new DatabaseSync(path, { timeout: lockTimeoutMs })
    // Exclusive before the first access: the lock is taken once and no shared memory file is needed.
    database.exec('PRAGMA locking_mode = EXCLUSIVE')
    database.exec('PRAGMA journal_mode = WAL')
    database.exec('PRAGMA synchronous = NORMAL')
    database.exec(`PRAGMA wal_autocheckpoint = ${storeLimits.walBytes / pageBytes}`)
    database.exec(`PRAGMA journal_size_limit = ${storeLimits.walBytes}`)
    migrate(database, options)
    return database
  } catch (error) {
    if (database?.isOpen) database.close()
    if (resultCode(error) === sqliteBusy) throw new DatabaseLocked(path)
    throw storeError(`Cannot open "${path}"`, error)
  }
}

/** SQLite makes its other files with the permissions of this one. A file that exists is not opened here:
 *  closing it would take away the locks of this process, should it hold them. */
function createPrivately(path: string): void {
  if (!existsSync(path)) closeSync(openSync(path, 'a', 0o600))
  chmodSync(path, 0o600)
}

function migrate(database: DatabaseSync, { path, migrations }: DatabaseOptions): void {
  const version = Number(database.prepare('PRAGMA user_version').get()?.['user_version'])
  if (version > migrations.length) {
    throw new PlatformError(
      `Cannot open "${path}": a newer Lair wrote it (schema ${version}, this one knows ${migrations.length}). ` +
        'Start that version, or choose another data directory',
    )
  }
  // Also with nothing to do, a write transaction: it takes the lock now rather than at the first write.
  database.exec('BEGIN IMMEDIATE')
  for (const script of migrations.slice(version)) database.exec(script)
  database.exec(`PRAGMA user_version = ${migrations.length}`)
  database.exec('COMMIT')
}

const sqliteBusy = 5

/** What to do about a result code of SQLite. source: sqlite.org "Result and Error Codes" */
const advice: Readonly<Record<number, string>> = {
  8: 'the file is read-only: give this user write access to it and its folder',
  10: 'the disk failed to read or write: check the disk and the kernel log',
  11: 'the file is damaged: stop Lair and restore it from a backup, or move it away to start empty',
  13: 'the disk is full: free some space and try again',
  14: 'the file or its folder cannot be opened: check that it exists and belongs to this user',
  26: 'the file is not a database: restore it from a backup, or move it away to start empty',
}

/** The primary result code, or undefined when the error is not SQLite's. */
function resultCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errcode' in error)) return undefined
  return typeof error.errcode === 'number' ? error.errcode & 0xff : undefined
}

/** A failure of the database or its files, with what to do about it. Our own errors pass unchanged. */
export function storeError(action: string, error: unknown): PlatformError {
  if (error instanceof PlatformError) return error
  const code = resultCode(error)
  const isFull = error instanceof Error && 'code' in error && error.code === 'ENOSPC'
  const reason = advice[isFull ? 13 : (code ?? -1)]
  const detail = error instanceof Error ? error.message : String(error)
  return new PlatformError(`${action}: ${reason ?? detail}`, { cause: error })
}
