import assert from 'node:assert/strict'
import { existsSync, globSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, test } from 'node:test'
import { storeLimits } from '../../src/config.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { PlatformError } from '../../src/lib/errors/platform-error.ts'
import { systemIds } from '../../src/lib/ids.ts'
import { openEphemeralStore } from '../../src/store/open.ts'
import { makeDirectory, openAt } from './temporary.ts'

describe('openStore()', () => {
  test('finds everything again', async () => {
    using directory = makeDirectory()
    const first = openAt(directory.path)
    await first.documents.put('a', { n: 1 })
    const revision = await first.documents.put('b', 'newest')
    await first.documents.delete('b', revision)
    const id = await first.queues.enqueue('q', { body: Buffer.from('body') })
    assert.equal(first.queues.take('q', 1, 3_600_000).length, 1)
    const blob = await first.blobs.put(Buffer.from('blob'))
    await first.close()

    const second = openAt(directory.path)
    assert.deepEqual(second.documents.get('a')?.value, { n: 1 })
    assert.ok((await second.documents.put('c', 1)) > revision + 1, 'revisions go on')
    const taken = second.queues.take('q', 1, 1000)
    assert.deepEqual(
      taken.map((message) => [message.id, message.receiveCount]),
      [[id, 2]],
      'the lease of the first process is void',
    )
    assert.ok(Number(await second.queues.enqueue('q', { body: Buffer.from('x') })) > Number(id))
    assert.equal((await second.blobs.read(blob.id)).toString(), 'blob')
    await second.close()
  })

  test('keeps its files to this user', async () => {
    using directory = makeDirectory()
    const path = join(directory.path, 'new', 'data')
    const store = openAt(path)
    await store.documents.put('a', 1)
    await store.blobs.put(Buffer.from('x'))
    const entries = globSync('**', { cwd: path, withFileTypes: true })
    assert.ok(entries.length > 4)
    for (const entry of entries) {
      const file = join(entry.parentPath, entry.name)
      assert.equal(statSync(file).mode & 0o777, entry.isDirectory() ? 0o700 : 0o600, file)
    }
    assert.equal(statSync(path).mode & 0o777, 0o700)
    await store.close()
  })

  test('keeps the write-ahead log small under many writes', async () => {
    using directory = makeDirectory()
    const store = openAt(directory.path)
    const body = Buffer.alloc(256 * 1024)
    for (let round = 0; round < 15; round++) {
      const ids = await Promise.all([0, 1, 2, 3].map(() => store.queues.enqueue('q', { body })))
      await Promise.all(ids.map((id) => store.queues.delete('q', id)))
    }
    const walBytes = statSync(join(directory.path, 'lair.sqlite-wal')).size
    assert.ok(walBytes < storeLimits.walBytes * 2, `${walBytes} bytes`)
    await store.close()
    assert.equal(existsSync(join(directory.path, 'lair.sqlite-wal')), false)
  })

  test('says what to do about a store of a newer Lair', async () => {
    using directory = makeDirectory()
    await openAt(directory.path).close()
    const database = new DatabaseSync(join(directory.path, 'lair.sqlite'))
    database.exec('PRAGMA user_version = 99')
    database.close()
    assert.throws(
      () => openAt(directory.path),
      /^PlatformError: Cannot open ".*": a newer Lair wrote it \(schema 99, .*choose another data directory$/,
    )
  })

  test('says what to do about a damaged file', async () => {
    using directory = makeDirectory()
    writeFileSync(
      join(directory.path, 'lair.sqlite'),
      'not a database, whatever its name says'.repeat(99),
    )
    assert.throws(() => openAt(directory.path), /PlatformError: .*is not a database: restore it/)

    using other = makeDirectory()
    const store = openAt(other.path)
    for (let index = 0; index < 200; index++)
      await store.documents.put(`${index}`, 'x'.repeat(5000))
    await store.close()
    truncateSync(join(other.path, 'lair.sqlite'), 40_960)
    const damaged = (() => {
      try {
        const opened = openAt(other.path)
        return () => opened.documents.list('')
      } catch (error) {
        return () => {
          throw error
        }
      }
    })()
    assert.throws(damaged, /PlatformError: .*the file is damaged: stop Lair and restore it/)
  })

  test('says what to do about a directory that cannot be made', () => {
    using directory = makeDirectory()
    const file = join(directory.path, 'file')
    writeFileSync(file, '')
    assert.throws(() => openAt(join(file, 'data')), /PlatformError: Cannot use data directory/)
  })

  test('close() can be called again, and nothing works after it', async () => {
    using directory = makeDirectory()
    const store = openAt(directory.path)
    const written = store.documents.put('a', 1)
    await Promise.all([store.close(), store.close()])
    await written
    await assert.rejects(store.documents.put('a', 2), PlatformError)
    assert.throws(() => store.documents.get('a'), PlatformError)
    assert.throws(() => store.queues.take('q', 1, 1), PlatformError)
  })
})

test('openEphemeralStore() leaves nothing behind', async () => {
  const store = openEphemeralStore({ clock: systemClock, ids: systemIds })
  await store.documents.put('a', 1)
  await store.blobs.put(Buffer.from('x'))
  assert.ok(existsSync(join(store.directory, 'lair.sqlite')))
  await store.close()
  assert.equal(existsSync(store.directory), false)
})
