import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, readlink, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { AwsError } from '../../src/lib/errors/aws-error.ts'
import { unpackZip } from '../../src/packages/unpack.ts'
import { makeBomb, makeHostileZips } from './hostile-zips.ts'
import { buildZip } from '../support/raw-zip.ts'

async function temporaryFolder(): Promise<AsyncDisposable & { path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'lair-packages-'))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}

test('unpackZip() refuses every hostile archive in AWS words and writes nothing outside', async (t) => {
  for (const [name, zip] of makeHostileZips()) {
    await t.test(name, async () => {
      await using folder = await temporaryFolder()
      const target = await mkdtemp(join(folder.path, 'target-'))
      await assert.rejects(unpackZip(zip, target), (error) => {
        assert.ok(error instanceof AwsError)
        assert.equal(error.code, 'InvalidParameterValueException')
        assert.equal(
          error.message,
          'Could not unzip uploaded file. Please check your file, then try to upload again.',
        )
        return true
      })
      assert.equal((await readdir(folder.path)).length, 1)
    })
  }
})

test('unpackZip() refuses a bomb before unpacking it', async () => {
  await using folder = await temporaryFolder()
  await assert.rejects(unpackZip(makeBomb(), folder.path), {
    name: 'InvalidParameterValueException',
    message: 'Unzipped size must be smaller than 262144000 bytes',
  })
  assert.deepEqual(await readdir(folder.path), [])
})

test('unpackZip() refuses an empty file and an archive without entries', async () => {
  await using folder = await temporaryFolder()
  for (const zip of [Buffer.alloc(0), buildZip([])]) {
    await assert.rejects(unpackZip(zip, folder.path), {
      message: 'Uploaded file must be a non-empty zip',
    })
  }
})

test('unpackZip() keeps names, contents, modes and inner links', async () => {
  await using folder = await temporaryFolder()
  const large = Buffer.alloc(700_000, 'lair ')
  const bytes = await unpackZip(
    buildZip([
      { name: 'bootstrap', content: '#!/bin/sh\n', mode: 0o100755 },
      { name: 'plain.txt', content: 'plain', isDeflated: true },
      { name: 'secret', content: 's', mode: 0o100200 },
      { name: 'empty/', mode: 0o040700 },
      { name: 'a\\b\\c.txt', content: 'backslash' },
      { name: './x//y.txt', content: 'first' },
      { name: 'x/y.txt', content: 'second' },
      { name: 'grün/日本.txt', content: 'utf8', flags: 0 },
      { name: 'large', content: large, isDeflated: true },
      { name: 'stored', content: large, isZip64: true },
      { name: 'lib/libx.so', content: 'libx.so.1', mode: 0o120777 },
      { name: 'lib/up', content: '../x/y.txt', mode: 0o120777 },
    ]),
    folder.path,
  )
  const at = (name: string): string => join(folder.path, name)
  assert.equal(bytes, 10 + 5 + 1 + 9 + 6 + 4 + 700_000 + 700_000 + 9 + 10)
  assert.equal((await stat(at('bootstrap'))).mode & 0o777, 0o555)
  assert.equal((await stat(at('plain.txt'))).mode & 0o777, 0o444)
  assert.equal((await stat(at('secret'))).mode & 0o777, 0o400)
  assert.ok((await stat(at('empty'))).isDirectory())
  assert.equal(await readFile(at('a/b/c.txt'), 'utf8'), 'backslash')
  assert.equal(await readFile(at('x/y.txt'), 'utf8'), 'second')
  assert.equal(await readFile(at('grün/日本.txt'), 'utf8'), 'utf8')
  assert.deepEqual(await readFile(at('large')), large)
  assert.deepEqual(await readFile(at('stored')), large)
  assert.equal(await readlink(at('lib/libx.so')), 'libx.so.1')
  assert.equal(await readFile(at('lib/up'), 'utf8'), 'second')
})

test('unpackZip() answers damaged archives with our error alone, and never outside', async () => {
  await using folder = await temporaryFolder()
  const zip = buildZip([
    { name: 'index.js', content: 'x'.repeat(300), isDeflated: true },
    { name: 'd/l', content: '../index.js', mode: 0o120777 },
    { name: 'd/', mode: 0o040755 },
  ])
  const damage = fc.array(fc.tuple(fc.nat({ max: zip.length - 1 }), fc.nat({ max: 255 })), {
    minLength: 1,
    maxLength: 4,
  })
  await fc.assert(
    fc.asyncProperty(damage, fc.nat({ max: zip.length }), async (changes, length) => {
      const damaged = Buffer.from(zip)
      for (const [offset, byte] of changes) damaged[offset] = byte
      const bytes = length % 3 === 0 ? damaged.subarray(0, length) : damaged
      const parent = await mkdtemp(join(folder.path, 'case-'))
      const target = await mkdtemp(join(parent, 'target-'))
      await unpackZip(bytes, target).catch((error: unknown) => {
        assert.ok(error instanceof AwsError, String(error))
      })
      assert.equal((await readdir(parent)).length, 1)
    }),
    { numRuns: 150 },
  )
})
