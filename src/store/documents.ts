/** Documents in SQLite: one row a document, compare-and-set by revision, and watchers told at commit. */
import type { DatabaseSync } from 'node:sqlite'
import { storeLimits } from '../config.ts'
import { assert, unreachable } from '../lib/assert.ts'
import { PlatformError } from '../lib/errors/platform-error.ts'
import type { Committer } from './committer.ts'
import { checkKey, endOfPrefix, justAfter } from './keys.ts'
import { RevisionConflict } from './store.ts'
import type { Change, Document, Documents, Revision } from './store.ts'
import { createWatchers } from './watchers.ts'
import type { Watchers } from './watchers.ts'

type Row = { readonly key: string; readonly revision: number; readonly value: string }

/** A change that was checked: keys legal, value as JSON text. */
type Prepared = {
  readonly key: string
  readonly expected: Revision | undefined
  /** undefined deletes */
  readonly text: string | undefined
}

/** The documents of an open database. They live as long as the committer. */
export function createDocuments(database: DatabaseSync, committer: Committer): Documents {
  const statements = prepareStatements(database)
  const watchers = createWatchers()
  const write = (changes: readonly Prepared[]) =>
    committer.write(() => apply(changes, { statements, committer, watchers }))

  return {
    get<Value>(key: string) {
      return committer.read(() => {
        const row = statements.find.get(key) as Row | undefined
        return row && toDocument<Value>(row)
      })
    },
    list<Value>(prefix: string, { after = '', limit }: { after?: string; limit?: number } = {}) {
      const count = Math.min(limit ?? storeLimits.maxListCount, storeLimits.maxListCount)
      assert(count >= 1, 'a page holds at least one document')
      const end = endOfPrefix(prefix)
      return committer.read(() => {
        const rows = statements.findPage.all(prefix, justAfter(after), end, count + 1) as Row[]
        const documents = rows.slice(0, count).map((row) => toDocument<Value>(row))
        const last = documents.at(-1)
        return rows.length > count && last ? { documents, next: last.key } : { documents }
      })
    },
    count(prefix) {
      const end = endOfPrefix(prefix)
      return committer.read(() => Number(statements.countRange.get(prefix, end)?.['count']))
    },
    async put(key, value, expected) {
      return await write([prepare({ kind: 'put', key, value }, expected)])
    },
    async delete(key, expected) {
      await write([prepare({ kind: 'delete', key }, expected)])
    },
    async transact(changes) {
      checkTransaction(changes)
      return await write(changes.map((change) => prepare(change, change.expected)))
    },
    watch: (prefix, listener) => watchers.add(prefix, listener),
  }
}

function prepareStatements(database: DatabaseSync) {
  return {
    find: database.prepare('SELECT key, revision, value FROM documents WHERE key = ?'),
    findRevision: database.prepare('SELECT revision FROM documents WHERE key = ?'),
    findPage: database.prepare(
      `SELECT key, revision, value FROM documents
       WHERE key >= max(?, ?) AND key < ? ORDER BY key LIMIT ?`,
    ),
    countRange: database.prepare(
      'SELECT count(*) AS count FROM documents WHERE key >= ? AND key < ?',
    ),
    upsert: database.prepare(
      `INSERT INTO documents (key, revision, value) VALUES (?, ?, ?)
       ON CONFLICT (key) DO UPDATE SET revision = excluded.revision, value = excluded.value`,
    ),
    remove: database.prepare('DELETE FROM documents WHERE key = ?'),
  }
}

type Parts = {
  readonly statements: ReturnType<typeof prepareStatements>
  readonly committer: Committer
  readonly watchers: Watchers
}

/** In the open transaction: first every check, then every change. */
function apply(changes: readonly Prepared[], { statements, committer, watchers }: Parts): Revision {
  const isThere = changes.map(({ key, expected }) => {
    const current = Number(statements.findRevision.get(key)?.['revision'] ?? 0)
    if (expected !== undefined && expected !== current) throw new RevisionConflict(key)
    return current > 0
  })
  const revision = committer.nextSequence()
  for (const [index, { key, text }] of changes.entries()) {
    if (text !== undefined) statements.upsert.run(key, revision, text)
    else if (isThere[index]) statements.remove.run(key)
    else continue
    committer.afterCommit(() => watchers.tell({ key, text, revision }))
  }
  return revision
}

function checkTransaction(changes: readonly Change[]): void {
  if (changes.length > storeLimits.maxTransactionCount) {
    throw new PlatformError(
      `Cannot change ${changes.length} documents at once: at most ${storeLimits.maxTransactionCount} fit a transaction`,
    )
  }
  const keys = new Set(changes.map((change) => change.key))
  assert(keys.size === changes.length, 'a transaction changes each document once')
}

function toDocument<Value>(row: Row): Document<Value> {
  return { key: row.key, value: JSON.parse(row.value) as Value, revision: row.revision }
}

function prepare(change: Change, expected: Revision | undefined): Prepared {
  const { key } = change
  checkKey(key)
  switch (change.kind) {
    case 'put':
      return { key, expected, text: toText(key, change.value) }
    case 'delete':
      return { key, expected, text: undefined }
    default:
      return unreachable(change)
  }
}

function toText(key: string, value: unknown): string {
  const text: string | undefined = JSON.stringify(value)
  if (text === undefined) {
    throw new PlatformError(`Cannot store document "${key}": its value has no JSON form`)
  }
  if (text.length > storeLimits.maxValueBytes) {
    throw new PlatformError(
      `Cannot store document "${key}": ${text.length} characters are more than ${storeLimits.maxValueBytes}`,
    )
  }
  return text
}
