import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, readlink, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { systemClock } from '../../src/lib/clock.ts'
import { systemIds } from '../../src/lib/ids.ts'
import { createPackages } from '../../src/packages/package-store.ts'
import { openEphemeralStore, type OpenStore } from '../../src/store/open.ts'
import { buildZip } from '../support/raw-zip.ts'

function openStore(): AsyncDisposable & { store: OpenStore } {
  const store = openEphemeralStore({ clock: systemClock, ids: systemIds })
  return { store, [Symbol.asyncDispose]: () => store.close() }
}

const link = 0o120777

test('add() keeps a package once and tells its hash and sizes', async () => {
  await using opened = openStore()
  const { store } = opened
  const packages = createPackages(store)
  const zip = buildZip([{ name: 'index.js', content: 'x'.repeat(1000), isDeflated: true }])
  const hash = createHash('sha256').update(zip)
  const [first, second] = await Promise.all([packages.add(zip), packages.add(Buffer.from(zip))])
  assert.deepEqual(first, second)
  assert.deepEqual(first, {
    id: hash.copy().digest('hex'),
    codeSha256: hash.digest('base64'),
    zippedBytes: zip.length,
    unzippedBytes: 1000,
  })
  assert.deepEqual(await packages.add(zip), first)
  assert.deepEqual(await store.blobs.read(first.id), zip)
  const path = await packages.codePath(first.id)
  assert.equal(path, join(store.directory, 'code', first.id))
  assert.equal((await stat(path)).mode & 0o777, 0o755)
})

test('add() keeps nothing of a package that is refused', async () => {
  await using opened = openStore()
  const packages = createPackages(opened.store)
  const zip = buildZip([
    { name: 'good', content: 'x' },
    { name: 'bad', content: 'y', claimedCrc: 7 },
  ])
  await assert.rejects(packages.add(zip), { name: 'InvalidParameterValueException' })
  const id = createHash('sha256').update(zip).digest('hex')
  assert.equal(opened.store.blobs.has(id), false)
  assert.deepEqual(await readdir(join(opened.store.directory, 'code')), ['.boot'])
  await assert.rejects(packages.codePath(id), { name: 'PlatformError' })
})

test('codePath() unpacks again what is missing', async () => {
  await using opened = openStore()
  const packages = createPackages(opened.store)
  const { id } = await packages.add(buildZip([{ name: 'a', content: '1' }]))
  await rm(await packages.codePath(id), { recursive: true })
  const [path] = await Promise.all([packages.codePath(id), packages.codePath(id)])
  assert.equal(await readFile(join(path, 'a'), 'utf8'), '1')
})

test('opening removes what was left half made, and all of it when the machine was started anew', async () => {
  await using opened = openStore()
  const folder = join(opened.store.directory, 'code')
  const first = createPackages(opened.store)
  const { id } = await first.add(buildZip([{ name: 'a', content: '1' }]))
  await mkdir(join(folder, '.making-abc', 'content'), { recursive: true })
  const second = createPackages(opened.store)
  await second.codePath(id)
  assert.deepEqual((await readdir(folder)).toSorted(), ['.boot', id])
  await writeFile(join(folder, '.boot'), 'another start')
  await writeFile(join(folder, id, 'torn'), '')
  const third = createPackages(opened.store)
  assert.deepEqual(await readdir(await third.codePath(id)), ['a'])
})

test('collect() removes what is neither used nor was asked for since the start', async () => {
  await using opened = openStore()
  const { store } = opened
  const folder = join(store.directory, 'code')
  const before = createPackages(store)
  const zips = ['used', 'unused', 'asked'].map((content) => buildZip([{ name: 'a', content }]))
  const [used, unused, asked] = await Promise.all(zips.map((zip) => before.add(zip)))
  assert.ok(used !== undefined && unused !== undefined && asked !== undefined)
  await before.layersPath([used.id, asked.id])
  const packages = createPackages(store)
  await packages.codePath(asked.id)
  await packages.collect(async () => new Set([used.id]))
  assert.deepEqual((await readdir(folder)).toSorted(), ['.boot', used.id, asked.id].toSorted())
  assert.deepEqual(await readdir(join(store.directory, 'layers-merged')), ['.boot'])
  assert.equal(store.blobs.has(unused.id), false)
  assert.equal(store.blobs.has(used.id), true)
  assert.equal(store.documents.count('packages/'), 2)
  await packages.layersPath([used.id, asked.id])
  assert.deepEqual(await packages.add(zips[1] ?? Buffer.alloc(0)), unused)
})

test('a package that is added while others are collected is there afterwards', async () => {
  await using opened = openStore()
  const { store } = opened
  const zip = buildZip([{ name: 'a', content: 'again' }])
  const { id } = await createPackages(store).add(zip)
  const packages = createPackages(store)
  const collected = packages.collect(async () => new Set())
  const [added] = await Promise.all([packages.add(zip), collected])
  assert.equal(added.id, id)
  assert.equal(store.blobs.has(id), true)
  assert.deepEqual(await readdir(await packages.codePath(id)), ['a'])
})

test('layersPath() merges in order: later layers override, kinds may change', async () => {
  await using opened = openStore()
  const packages = createPackages(opened.store)
  const one = await packages.add(
    buildZip([
      { name: 'bin/tool', content: 'one', mode: 0o100755 },
      { name: 'lib/x', content: 'one' },
      { name: 'was-folder/a', content: 'one' },
      { name: 'was-file', content: 'one' },
      { name: 'link', content: 'lib/x', mode: link },
    ]),
  )
  const two = await packages.add(
    buildZip([
      { name: 'bin/tool', content: 'two', mode: 0o100755 },
      { name: 'was-folder', content: 'two' },
      { name: 'was-file/b', content: 'two' },
      { name: 'empty/', mode: 0o040755 },
    ]),
  )
  assert.equal(await packages.layersPath([]), undefined)
  assert.equal(await packages.layersPath([one.id]), await packages.codePath(one.id))
  const path = (await packages.layersPath([one.id, two.id])) ?? ''
  const read = (name: string): Promise<string> => readFile(join(path, name), 'utf8')
  assert.equal(await read('bin/tool'), 'two')
  assert.equal((await stat(join(path, 'bin/tool'))).mode & 0o777, 0o555)
  assert.equal(await read('lib/x'), 'one')
  assert.equal(await read('was-folder'), 'two')
  assert.equal(await read('was-file/b'), 'two')
  assert.equal(await readlink(join(path, 'link')), 'lib/x')
  assert.ok(existsSync(join(path, 'empty')))
  const reversed = (await packages.layersPath([two.id, one.id])) ?? ''
  assert.equal(await readFile(join(reversed, 'bin/tool'), 'utf8'), 'one')
  assert.equal(await packages.layersPath([one.id, two.id]), path)
})

test('layersPath() refuses layers whose links lead out only together', async () => {
  await using opened = openStore()
  const packages = createPackages(opened.store)
  const one = await packages.add(buildZip([{ name: 'sub/d', content: '..', mode: link }]))
  const two = await packages.add(buildZip([{ name: 'sub/x/l', content: '../d/../..', mode: link }]))
  await assert.rejects(packages.layersPath([one.id, two.id]), {
    name: 'InvalidParameterValueException',
  })
})

test('unpacking a large package lets the loop turn and does not hold it in memory', async () => {
  await using opened = openStore()
  const packages = createPackages(opened.store)
  const megabyte = Buffer.alloc(1024 * 1024, 'lair')
  const files = Array.from({ length: 60 }, (_, n) => ({
    name: `f${n}`,
    content: megabyte,
    isDeflated: true,
  }))
  const zip = buildZip(files)
  let turnCount = 0
  const turning = setInterval(() => (turnCount += 1), 1)
  const before = process.memoryUsage().rss
  const stored = await packages.add(zip)
  clearInterval(turning)
  assert.equal(stored.unzippedBytes, 60 * megabyte.length)
  assert.ok(turnCount >= 5, `the loop turned ${turnCount} times`)
  assert.ok(process.memoryUsage().rss - before < 50 * 1024 * 1024)
})
