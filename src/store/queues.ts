/** Durable queues in SQLite: a message is a row with a time from which it may be taken; a lease moves that time ahead. */
import type { DatabaseSync } from 'node:sqlite'
import { storeLimits } from '../config.ts'
import type { Clock } from '../lib/clock.ts'
import { assert } from '../lib/assert.ts'
import { PlatformError } from '../lib/errors/platform-error.ts'
import type { Committer } from './committer.ts'
import { checkKey, endOfPrefix, justAfter } from './keys.ts'
import type { Message, NewMessage, Queues } from './store.ts'

type Row = {
  readonly sequence: number
  readonly enqueued_at_ms: number
  readonly receive_count: number
}

type Body = { readonly attributes: string | null; readonly body: Uint8Array }

export type QueuesOptions = {
  readonly database: DatabaseSync
  readonly committer: Committer
  readonly clock: Clock
}

/** The queues of an open database; leases of the process before are released.
 *  Ids are the store's sequence in decimal: never used twice. */
export function createQueues({ database, committer, clock }: QueuesOptions): Queues {
  const statements = prepareStatements(database)
  committer.writeLazily(() => statements.releaseAll.run())

  /** In the open transaction. */
  function insert({ queue, body, text, availableAtMs }: Prepared): string {
    const sequence = committer.nextSequence()
    const nowMs = Math.floor(clock.nowMs())
    statements.insert.run(sequence, queue, Math.floor(availableAtMs ?? nowMs), nowMs)
    statements.insertBody.run(sequence, text, body)
    return String(sequence)
  }

  /** In the open transaction. @returns whether it was there */
  function remove(queue: string, id: string): boolean {
    const { changes } = statements.remove.run(toSequence(id), queue)
    if (changes > 0) statements.removeBody.run(toSequence(id))
    return changes > 0
  }

  return {
    async enqueue(queue, message) {
      const prepared = prepare(queue, message)
      return await committer.write(() => insert(prepared))
    },
    take(queue, max, leaseMs) {
      assert(max >= 1 && leaseMs >= 0, 'a take asks for messages and leases them')
      const nowMs = Math.floor(clock.nowMs())
      const count = Math.min(max, storeLimits.maxTakeCount)
      const rows = committer.read(() => statements.findAvailable.all(queue, nowMs, count) as Row[])
      if (rows.length === 0) return []
      return committer.writeLazily(() => lease(rows, Math.floor(nowMs + leaseMs), statements))
    },
    async delete(queue, id) {
      await committer.write(() => remove(queue, id))
    },
    async replace(queue, id, messages) {
      const prepared = messages.map((message) => prepare(message.queue, message))
      return await committer.write(() => {
        if (!remove(queue, id)) return false
        for (const message of prepared) insert(message)
        return true
      })
    },
    async release(queue, id, availableAtMs) {
      await committer.write(() =>
        statements.release.run(Math.floor(availableAtMs), toSequence(id), queue),
      )
    },
    count: (queue) => committer.read(() => Number(statements.count.get(queue)?.['count'])),
    names: (prefix) => committer.read(() => listNames(prefix, statements)),
    nextAvailableAtMs: (queue) =>
      committer.read(() => {
        const atMs = statements.findNext.get(queue)?.['at_ms']
        return typeof atMs === 'number' ? atMs : undefined
      }),
    async releaseAll() {
      await committer.write(() => statements.releaseAll.run())
    },
  }
}

/** A message that was checked: its attributes as JSON text. */
type Prepared = {
  readonly queue: string
  readonly body: Uint8Array
  readonly text: string | null
  readonly availableAtMs: number | undefined
}

function prepare(queue: string, { body, attributes, availableAtMs }: NewMessage): Prepared {
  checkKey(queue)
  checkBody(queue, body)
  const text = attributes === undefined ? null : JSON.stringify(attributes)
  return { queue, body, text, availableAtMs }
}

type Statements = ReturnType<typeof prepareStatements>

function prepareStatements(database: DatabaseSync) {
  return {
    insert: database.prepare(
      `INSERT INTO messages (sequence, queue, available_at_ms, enqueued_at_ms, is_leased, receive_count)
       VALUES (?, ?, ?, ?, 0, 0)`,
    ),
    insertBody: database.prepare(
      'INSERT INTO bodies (sequence, attributes, body) VALUES (?, ?, ?)',
    ),
    findAvailable: database.prepare(
      `SELECT sequence, enqueued_at_ms, receive_count FROM messages
       WHERE queue = ? AND available_at_ms <= ? ORDER BY available_at_ms, sequence LIMIT ?`,
    ),
    findBody: database.prepare('SELECT attributes, body FROM bodies WHERE sequence = ?'),
    lease: database.prepare(
      `UPDATE messages SET available_at_ms = ?, is_leased = 1, receive_count = receive_count + 1
       WHERE sequence = ?`,
    ),
    remove: database.prepare('DELETE FROM messages WHERE sequence = ? AND queue = ?'),
    removeBody: database.prepare('DELETE FROM bodies WHERE sequence = ?'),
    release: database.prepare(
      'UPDATE messages SET available_at_ms = ?, is_leased = 0 WHERE sequence = ? AND queue = ?',
    ),
    releaseAll: database.prepare(
      `UPDATE messages SET available_at_ms = enqueued_at_ms, is_leased = 0 WHERE is_leased = 1`,
    ),
    count: database.prepare('SELECT count(*) AS count FROM messages WHERE queue = ?'),
    findName: database.prepare(
      'SELECT min(queue) AS name FROM messages WHERE queue >= max(?, ?) AND queue < ?',
    ),
    findNext: database.prepare(
      'SELECT min(available_at_ms) AS at_ms FROM messages WHERE queue = ?',
    ),
  }
}

function lease(rows: readonly Row[], untilMs: number, statements: Statements): Message[] {
  const messages: Message[] = []
  let sizeBytes = 0
  for (const row of rows) {
    if (sizeBytes >= storeLimits.maxTakeBytes) break
    const message = toMessage(row, statements.findBody.get(row.sequence) as Body)
    statements.lease.run(untilMs, row.sequence)
    sizeBytes += message.body.byteLength
    messages.push(message)
  }
  return messages
}

/** One look-up in the index for each name, however many messages it has. */
function listNames(prefix: string, { findName }: Statements): string[] {
  const names: string[] = []
  const end = endOfPrefix(prefix)
  let name = findName.get(prefix, prefix, end)?.['name']
  while (typeof name === 'string') {
    names.push(name)
    name = findName.get(prefix, justAfter(name), end)?.['name']
  }
  return names
}

function toMessage(row: Row, { attributes, body }: Body): Message {
  return {
    id: String(row.sequence),
    body,
    attributes: attributes === null ? undefined : JSON.parse(attributes),
    enqueuedAtMs: row.enqueued_at_ms,
    receiveCount: row.receive_count + 1,
  }
}

/** An id that none of ours looks like names no message. */
function toSequence(id: string): number {
  return /^\d{1,15}$/.test(id) ? Number(id) : 0
}

function checkBody(queue: string, body: Uint8Array): void {
  if (body.byteLength <= storeLimits.maxMessageBytes) return
  throw new PlatformError(
    `Cannot enqueue to "${queue}": ${body.byteLength} bytes are more than ${storeLimits.maxMessageBytes}`,
  )
}
