import assert from 'node:assert/strict'
import type { DatabaseSync } from 'node:sqlite'
import { describe, test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { PlatformError } from '../lib/errors/platform-error.ts'
import { Committer } from './committer.ts'
import { openDatabase } from './database.ts'
import { storeMigrations } from './schema.ts'
import { RevisionConflict } from './store.ts'

/** A committer over a database in memory, and a disk whose syncs end when the test says so. */
function setUp() {
  const database = openDatabase({ path: ':memory:', migrations: storeMigrations })
  const syncs: PromiseWithResolvers<void>[] = []
  const sync = () => {
    const running = Promise.withResolvers<void>()
    syncs.push(running)
    return running.promise
  }
  const committer = new Committer({ database, sync })
  const put = (key: string) => () => {
    const sequence = committer.nextSequence()
    database.prepare('INSERT INTO documents VALUES (?, ?, ?)').run(key, sequence, '1')
    return sequence
  }
  return { database, committer, syncs, put }
}

function keysOf(database: DatabaseSync): unknown[] {
  return database
    .prepare('SELECT key FROM documents ORDER BY key')
    .all()
    .map((row) => row['key'])
}

/** How a promise stands after a turn of the event loop. */
async function stateOf(promise: Promise<unknown>): Promise<string> {
  const settled = promise.then(
    () => 'done',
    () => 'failed',
  )
  return await Promise.race([settled, nextTurn().then(() => 'waiting')])
}

describe('Committer', () => {
  test('acknowledges a write only when the disk has it', async () => {
    const { committer, syncs, put } = setUp()
    const write = committer.write(put('a'))
    assert.equal(await stateOf(write), 'waiting')
    assert.equal(await stateOf(write), 'waiting')
    assert.equal(syncs.length, 1)
    syncs[0]?.resolve()
    assert.equal(await write, 1)
  })

  test('gives the writes of one turn one sync, and those of a sync the next one', async () => {
    const { committer, syncs, put } = setUp()
    const first = [committer.write(put('a')), committer.write(put('b'))]
    await nextTurn()
    const second = [committer.write(put('c'))]
    await nextTurn()
    second.push(committer.write(put('d')))
    await nextTurn()
    assert.equal(syncs.length, 1)
    syncs[0]?.resolve()
    await Promise.all(first)
    assert.equal(await stateOf(Promise.all(second)), 'waiting')
    assert.equal(syncs.length, 2)
    syncs[1]?.resolve()
    await Promise.all(second)
    await nextTurn()
    assert.equal(syncs.length, 2)
  })

  test('shows a write to reads before it is committed', () => {
    const { database, committer, put } = setUp()
    void committer.write(put('a'))
    assert.deepEqual(
      committer.read(() => keysOf(database)),
      ['a'],
    )
  })

  test('tells effects at commit and in order, before the acknowledgement', async () => {
    const { committer, syncs, put } = setUp()
    const trace: string[] = []
    for (const key of ['a', 'b']) {
      const write = committer.write(() => {
        committer.afterCommit(() => trace.push(`effect ${key}`))
        return put(key)()
      })
      void write.then(() => trace.push(`done ${key}`))
    }
    assert.deepEqual(trace, [])
    await nextTurn()
    assert.deepEqual(trace, ['effect a', 'effect b'])
    syncs[0]?.resolve()
    await nextTurn()
    assert.deepEqual(trace, ['effect a', 'effect b', 'done a', 'done b'])
  })

  test('a conflict fails its own write alone', async () => {
    const { database, committer, syncs, put } = setUp()
    const good = committer.write(put('a'))
    const bad = committer.write(() => {
      throw new RevisionConflict('b')
    })
    await assert.rejects(bad, RevisionConflict)
    await nextTurn()
    syncs[0]?.resolve()
    await good
    assert.deepEqual(keysOf(database), ['a'])
  })

  test('a full disk fails every write of the transaction, and the next one works', async () => {
    const { database, committer, syncs, put } = setUp()
    const { page_count: pages } = database.prepare('PRAGMA page_count').get() ?? {}
    database.exec(`PRAGMA max_page_count = ${Number(pages) + 2}`)
    const told: string[] = []
    const small = committer.write(() => {
      committer.afterCommit(() => told.push('small'))
      return put('small')()
    })
    const large = committer.write(() => {
      const insert = 'INSERT INTO documents VALUES (?, ?, zeroblob(100000))'
      return database.prepare(insert).run('large', committer.nextSequence())
    })
    await assert.rejects(small, /^PlatformError: Cannot write to the store: the disk is full/)
    await assert.rejects(large, PlatformError)
    assert.deepEqual(keysOf(database), [])
    assert.deepEqual(told, [])
    const next = committer.write(put('next'))
    await nextTurn()
    syncs[0]?.resolve()
    assert.equal(await next, 3)
  })

  test('after a sync that failed nothing is acknowledged any more', async () => {
    const { committer, syncs, put } = setUp()
    const first = committer.write(put('a'))
    await nextTurn()
    const second = committer.write(put('b'))
    await nextTurn()
    const third = committer.write(put('c'))
    syncs[0]?.reject(new Error('EIO'))
    for (const write of [first, second, third]) await assert.rejects(write, PlatformError)
    await assert.rejects(
      committer.write(put('d')),
      /Cannot make a write durable, restart Lair: EIO/,
    )
    assert.equal(syncs.length, 1)
  })

  test('a lazy write is committed at the end of the turn and waits for no disk', async () => {
    const { database, committer, syncs, put } = setUp()
    assert.equal(committer.writeLazily(put('a')), 1)
    assert.equal(database.isTransaction, true)
    await nextTurn()
    assert.equal(database.isTransaction, false)
    assert.equal(syncs.length, 0)
  })

  test('a turn of many writes is committed in parts', async () => {
    const { database, committer, syncs, put } = setUp()
    const writes = Array.from({ length: 1000 }, (_, index) => committer.write(put(`${index}`)))
    assert.equal(database.isTransaction, false)
    assert.equal(syncs.length, 1)
    syncs[0]?.resolve()
    await Promise.all(writes)
  })

  test('close() waits for what was written and refuses the rest', async () => {
    const { committer, syncs, put } = setUp()
    const write = committer.write(put('a'))
    const closed = committer.close()
    assert.equal(await stateOf(closed), 'waiting')
    syncs[0]?.resolve()
    await closed
    await write
    await assert.rejects(committer.write(put('b')), /Cannot use the store: it is closed/)
    assert.throws(() => committer.read(() => 1), PlatformError)
  })
})
