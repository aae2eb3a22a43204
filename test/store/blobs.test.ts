import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { PlatformError } from '../../src/lib/errors/platform-error.ts'
import { systemIds } from '../../src/lib/ids.ts'
import { openBlobs } from '../../src/store/blobs.ts'
import type { Blobs } from '../../src/store/store.ts'
import { makeDirectory } from './temporary.ts'

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

async function withBlobs(run: (blobs: Blobs, directory: string) => Promise<void>): Promise<void> {
  using directory = makeDirectory()
  const path = join(directory.path, 'blobs')
  await run(openBlobs({ directory: path, ids: systemIds, isDurable: true }), path)
  assert.deepEqual(readdirSync(join(path, 'tmp')), [], 'no temporary file is left')
}

async function* inParts(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < bytes.length; start += size) yield bytes.subarray(start, start + size)
}

describe('blobs', () => {
  test('are named by their content, however they come', () =>
    withBlobs(async (blobs) => {
      const bytes = Buffer.alloc(2_500_000, 'lair')
      const whole = await blobs.put(bytes)
      assert.deepEqual(whole, { id: sha256(bytes), sizeBytes: bytes.length })
      assert.ok((await blobs.read(whole.id)).equals(bytes))
      assert.deepEqual(await blobs.put(inParts(bytes, 70_001)), whole)
      const streamed = await blobs.put(inParts(Buffer.from('streamed'), 3))
      assert.equal((await blobs.read(streamed.id)).toString(), 'streamed')
      const empty = await blobs.put(new Uint8Array(0))
      assert.equal(empty.id, sha256(Buffer.alloc(0)))
      assert.equal(statSync(blobs.path(empty.id)).size, 0)
    }))

  test('that are there are not written again', () =>
    withBlobs(async (blobs) => {
      const bytes = Buffer.from('once')
      const { id } = await blobs.put(bytes)
      const { ino } = statSync(blobs.path(id))
      await blobs.put(bytes)
      assert.equal(statSync(blobs.path(id)).ino, ino)
    }))

  test('can be put by many at once', () =>
    withBlobs(async (blobs) => {
      const bytes = Buffer.alloc(100_000, 'x')
      const puts = await Promise.all(Array.from({ length: 8 }, () => blobs.put(bytes)))
      assert.equal(new Set(puts.map((put) => put.id)).size, 1)
      assert.ok((await blobs.read(sha256(bytes))).equals(bytes))
    }))

  test('can be deleted, twice too', () =>
    withBlobs(async (blobs) => {
      const { id } = await blobs.put(Buffer.from('gone'))
      assert.equal(blobs.has(id), true)
      await blobs.delete(id)
      await blobs.delete(id)
      assert.equal(blobs.has(id), false)
      await assert.rejects(blobs.read(id), /PlatformError: Cannot read blob/)
    }))

  test('whose source fails leave nothing', () =>
    withBlobs(async (blobs, directory) => {
      async function* broken() {
        yield Buffer.from('half')
        throw new Error('the client went away')
      }
      await assert.rejects(blobs.put(broken()), (error) => {
        assert.ok(error instanceof PlatformError)
        return error.message === 'Cannot store a blob: the client went away'
      })
      assert.deepEqual(readdirSync(directory), ['tmp'])
    }))

  test('have no path outside their folder', () =>
    withBlobs(async (blobs) => {
      for (const id of ['', '../../etc/passwd', `${'a'.repeat(62)}/.`, 'A'.repeat(64)]) {
        assert.throws(() => blobs.path(id), /sha256/)
        assert.throws(() => blobs.has(id), /sha256/)
      }
    }))

  test('of a process that died half-way are removed', () =>
    withBlobs(async (_blobs, directory) => {
      const left = join(directory, 'tmp', 'left')
      writeFileSync(left, 'half')
      openBlobs({ directory, ids: systemIds, isDurable: true })
      assert.equal(existsSync(left), false)
    }))
})
