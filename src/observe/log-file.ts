/** The file of the log store: pages of events in SQLite, with what is known of groups and streams. Bounded for each group. */
import type { DatabaseSync } from 'node:sqlite'
import { logLimits } from '../config.ts'
import type { Place } from '../model.ts'
import { openDatabase, storeError } from '../store/database.ts'
import { decodePage, encodePage } from './log-page.ts'
import type { AppendedPage } from './log-page.ts'
import type { LogEvent, LogStream } from './logs.ts'

const migrations: readonly string[] = [
  `CREATE TABLE counter (sequence INTEGER NOT NULL);
   INSERT INTO counter VALUES (0);
   CREATE TABLE groups (
     id INTEGER PRIMARY KEY,
     account_id TEXT NOT NULL,
     region TEXT NOT NULL,
     name TEXT NOT NULL,
     size_bytes INTEGER NOT NULL,
     UNIQUE (account_id, region, name)
   );
   CREATE TABLE streams (
     group_id INTEGER NOT NULL,
     name TEXT NOT NULL,
     first_ms INTEGER NOT NULL,
     last_ms INTEGER NOT NULL,
     first_sequence INTEGER NOT NULL,
     last_sequence INTEGER NOT NULL,
     PRIMARY KEY (group_id, name)
   ) WITHOUT ROWID;
   CREATE TABLE pages (
     first_sequence INTEGER PRIMARY KEY,
     last_sequence INTEGER NOT NULL,
     group_id INTEGER NOT NULL,
     min_ms INTEGER NOT NULL,
     max_ms INTEGER NOT NULL,
     size_bytes INTEGER NOT NULL,
     content TEXT NOT NULL
   );
   CREATE INDEX pages_by_group ON pages
     (group_id, last_sequence, first_sequence, min_ms, max_ms);`,
]

/** Which pages of a group may hold what is looked for; bounds are exclusive but for `startMs`. */
export type PageRange = {
  readonly groupId: number
  readonly afterSequence: number
  readonly beforeSequence: number
  readonly startMs: number
  readonly endMs: number
}

export type LogFile = {
  /** Keep pages, in one transaction. @returns the first sequence of each. @throws PlatformError, then nothing was kept */
  write(pages: readonly AppendedPage[]): readonly number[]
  findGroupId(place: Place, group: string): number | undefined
  /** The first page in range, or the last one if `newest`. */
  findPage(range: PageRange, newest: boolean): readonly LogEvent[] | undefined
  /** First and last sequence of a stream. */
  findStreamRange(groupId: number, stream: string): { first: number; last: number } | undefined
  listGroups(place: Place): readonly string[]
  listStreams(groupId: number): readonly LogStream[]
  deleteGroup(groupId: number): void
  close(): void
}

/** Open or create the file; `:memory:` keeps it in memory.
 *  @throws DatabaseLocked, PlatformError as openDatabase */
export function openLogFile(path: string): LogFile {
  const database = openDatabase({ path, migrations })
  const statements = prepareStatements(database)
  let sequence = Number(statements.findSequence.get()?.['sequence'])

  /** All or nothing, in words. */
  function inTransaction<Result>(action: string, change: () => Result): Result {
    try {
      database.exec('BEGIN IMMEDIATE')
      const result = change()
      database.exec('COMMIT')
      return result
    } catch (error) {
      if (database.isTransaction) database.exec('ROLLBACK')
      throw storeError(action, error)
    }
  }

  return {
    write(pages) {
      let next = sequence + 1
      const firsts = pages.map((page) => (next += page.events.length) - page.events.length)
      inTransaction('Cannot keep log events', () => {
        for (const [index, page] of pages.entries()) {
          writePage(page, firsts[index] ?? 0, statements)
        }
        statements.saveSequence.run(next - 1)
      })
      sequence = next - 1
      return firsts
    },
    findGroupId({ accountId, region }, group) {
      const id = statements.findGroup.get(accountId, region, group)?.['id']
      return typeof id === 'number' ? id : undefined
    },
    findPage({ groupId, afterSequence, beforeSequence, startMs, endMs }, newest) {
      const find = newest ? statements.findNewestPage : statements.findOldestPage
      const row = find.get(groupId, afterSequence, beforeSequence, startMs, endMs) as
        | { first_sequence: number; content: string }
        | undefined
      return row && decodePage(row.content, row.first_sequence)
    },
    findStreamRange: (groupId, stream) =>
      statements.findStreamRange.get(groupId, stream) as
        | { first: number; last: number }
        | undefined,
    listGroups: ({ accountId, region }) =>
      statements.listGroups.all(accountId, region).map((row) => String(row['name'])),
    listStreams: (groupId) =>
      statements.listStreams.all(groupId).map((row) => ({
        name: String(row['name']),
        firstEventMs: Number(row['first_ms']),
        lastEventMs: Number(row['last_ms']),
      })),
    deleteGroup(groupId) {
      inTransaction('Cannot delete a log group', () => {
        statements.deletePages.run(groupId)
        statements.deleteStreams.run(groupId)
        statements.deleteGroup.run(groupId)
      })
    },
    close: () => database.close(),
  }
}

type Statements = ReturnType<typeof prepareStatements>

function prepareStatements(database: DatabaseSync) {
  const pagesInRange = `SELECT first_sequence, content FROM pages
     WHERE group_id = ? AND last_sequence > ? AND first_sequence < ? AND max_ms >= ? AND min_ms < ?
     ORDER BY last_sequence`
  return {
    findSequence: database.prepare('SELECT sequence FROM counter'),
    saveSequence: database.prepare('UPDATE counter SET sequence = ?'),
    insertGroup: database.prepare(
      `INSERT INTO groups (account_id, region, name, size_bytes) VALUES (?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET size_bytes = size_bytes + excluded.size_bytes
       RETURNING id, size_bytes`,
    ),
    findGroup: database.prepare(
      'SELECT id FROM groups WHERE account_id = ? AND region = ? AND name = ?',
    ),
    listGroups: database.prepare(
      'SELECT name FROM groups WHERE account_id = ? AND region = ? ORDER BY name',
    ),
    deleteGroup: database.prepare('DELETE FROM groups WHERE id = ?'),
    shrinkGroup: database.prepare('UPDATE groups SET size_bytes = size_bytes - ? WHERE id = ?'),
    insertPage: database.prepare(
      `INSERT INTO pages (first_sequence, last_sequence, group_id, min_ms, max_ms, size_bytes, content)
       VALUES (?, ?, ?, ?, ?, ?, ?)`,
    ),
    findOldestPage: database.prepare(`${pagesInRange} LIMIT 1`),
    findNewestPage: database.prepare(`${pagesInRange} DESC LIMIT 1`),
    listOldestPages: database.prepare(
      'SELECT last_sequence, size_bytes FROM pages WHERE group_id = ? ORDER BY last_sequence LIMIT 100',
    ),
    deleteOldestPages: database.prepare(
      'DELETE FROM pages WHERE group_id = ? AND last_sequence <= ?',
    ),
    deletePages: database.prepare('DELETE FROM pages WHERE group_id = ?'),
    upsertStream: database.prepare(
      `INSERT INTO streams (group_id, name, first_ms, last_ms, first_sequence, last_sequence)
       VALUES (?, ?, ?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET last_sequence = excluded.last_sequence,
         first_ms = min(first_ms, excluded.first_ms), last_ms = max(last_ms, excluded.last_ms)`,
    ),
    findStreamRange: database.prepare(
      'SELECT first_sequence AS first, last_sequence AS last FROM streams WHERE group_id = ? AND name = ?',
    ),
    listStreams: database.prepare(
      'SELECT name, first_ms, last_ms FROM streams WHERE group_id = ? ORDER BY name',
    ),
    deleteOldestStreams: database.prepare(
      'DELETE FROM streams WHERE group_id = ? AND last_sequence <= ?',
    ),
    deleteStreams: database.prepare('DELETE FROM streams WHERE group_id = ?'),
  }
}

/** What a page says of one stream, or of all. */
type Extent = { minMs: number; maxMs: number; first: number; last: number }

function writePage(page: AppendedPage, firstSequence: number, statements: Statements): void {
  const { place, group, events } = page
  const content = encodePage(page)
  const row = statements.insertGroup.get(place.accountId, place.region, group, content.length)
  const groupId = Number(row?.['id'])
  const whole: Extent = { minMs: Infinity, maxMs: -Infinity, first: firstSequence, last: 0 }
  const streams = new Map<string, Extent>()
  for (const [index, { stream, timestampMs }] of events.entries()) {
    const sequence = firstSequence + index
    let extent = streams.get(stream)
    if (!extent) {
      extent = { minMs: timestampMs, maxMs: timestampMs, first: sequence, last: sequence }
      streams.set(stream, extent)
    }
    widen(extent, timestampMs, sequence)
    widen(whole, timestampMs, sequence)
  }
  const { minMs, maxMs, first, last } = whole
  statements.insertPage.run(first, last, groupId, minMs, maxMs, content.length, content)
  for (const [name, extent] of streams) {
    const { minMs: firstMs, maxMs: lastMs } = extent
    statements.upsertStream.run(groupId, name, firstMs, lastMs, extent.first, extent.last)
  }
  const sizeBytes = Number(row?.['size_bytes'])
  if (sizeBytes > logLimits.maxGroupBytes) dropOldest(groupId, sizeBytes, statements)
}

function widen(extent: Extent, timestampMs: number, sequence: number): void {
  extent.minMs = Math.min(extent.minMs, timestampMs)
  extent.maxMs = Math.max(extent.maxMs, timestampMs)
  extent.last = sequence
}

/** Oldest pages go until the group is well below its limit, and the streams of which nothing is left.
 *  A hundred pages at most at a time; the next page that is written goes on. */
function dropOldest(groupId: number, sizeBytes: number, statements: Statements): void {
  const keptBytes = logLimits.maxGroupBytes * logLimits.keptShare
  const rows = statements.listOldestPages.all(groupId) as {
    last_sequence: number
    size_bytes: number
  }[]
  let droppedBytes = 0
  let lastDropped = 0
  for (const row of rows) {
    if (sizeBytes - droppedBytes <= keptBytes) break
    droppedBytes += row.size_bytes
    lastDropped = row.last_sequence
  }
  statements.deleteOldestPages.run(groupId, lastDropped)
  statements.deleteOldestStreams.run(groupId, lastDropped)
  statements.shrinkGroup.run(droppedBytes, groupId)
}
