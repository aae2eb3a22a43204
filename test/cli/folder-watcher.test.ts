/** What `lair dev` takes for a change of a function's folder. */
import assert from 'node:assert/strict'
import {
  appendFileSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { chmod } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { FolderWatcher } from '../../src/cli/folder-watcher.ts'
import { temporaryFolder } from './lair.ts'

test('changes of code are told once each, however they are made', async (t) => {
  const folder = temporaryFolder(t)
  const path = (name: string) => join(folder, name)
  mkdirSync(path('lib'))
  for (const name of ['index.mjs', 'lib/a.mjs', 'lib/b.mjs']) writeFileSync(path(name), '1')
  using watcher = new FolderWatcher(folder)
  const changes: [change: () => void, expected: readonly string[]][] = [
    [() => appendFileSync(path('index.mjs'), '2'), ['index.mjs']],
    [
      () => {
        writeFileSync(path('.index.mjs.swp'), 'x')
        writeFileSync(path('index.new'), '3')
        renameSync(path('index.new'), path('index.mjs'))
        rmSync(path('.index.mjs.swp'))
      },
      ['index.mjs'],
    ],
    [() => appendFileSync(path('index.mjs'), '4'), ['index.mjs']],
    [
      () => ['a', 'b'].forEach((name) => appendFileSync(path(`lib/${name}.mjs`), '2')),
      ['lib/a.mjs', 'lib/b.mjs'],
    ],
    [() => rmSync(path('lib/b.mjs')), ['lib/b.mjs']],
    [
      () => {
        mkdirSync(path('more/deep'), { recursive: true })
        writeFileSync(path('more/deep/c.mjs'), '1')
      },
      ['more'],
    ],
    [() => appendFileSync(path('more/deep/c.mjs'), '2'), ['more/deep/c.mjs']],
    [() => rmSync(path('more'), { recursive: true }), ['more']],
  ]
  for (const [change, expected] of changes) {
    change()
    const told = new Set(await watcher.next())
    for (const name of expected) assert.ok(told.has(name), `${name} in ${[...told].join(', ')}`)
    // The rest of a burst that took longer than the wait for it.
    await sleep(60)
  }
})

test('what is no change of code is not told: modes, editors, version control, packages on their way', async (t) => {
  const folder = temporaryFolder(t)
  const path = (name: string) => join(folder, name)
  mkdirSync(path('node_modules/some'), { recursive: true })
  mkdirSync(path('.git'))
  writeFileSync(path('index.mjs'), '1')
  using watcher = new FolderWatcher(folder)
  let told: readonly string[] | undefined
  const first = watcher.next().then((paths) => (told = paths))
  await chmod(path('index.mjs'), 0o600)
  for (const name of [
    'index.mjs~',
    '.#index.mjs',
    '4913',
    '.git/index',
    'node_modules/some/a.js',
  ]) {
    writeFileSync(path(name), 'x')
  }
  mkdirSync(path('node_modules/other'))
  mkdirSync(path('__pycache__'))
  await sleep(150)
  assert.equal(told, undefined)
  // npm is done.
  writeFileSync(path('node_modules/.package-lock.json'), '{}')
  assert.deepEqual(await first, ['node_modules/.package-lock.json'])
  // A file that is saved with what it held before is as good as changed.
  const next = watcher.next()
  utimesSync(path('index.mjs'), 1, 1)
  assert.deepEqual(await next, ['index.mjs'])
})

test('the end of watching ends the wait', async (t) => {
  const watcher = new FolderWatcher(temporaryFolder(t))
  const next = watcher.next()
  watcher[Symbol.dispose]()
  assert.deepEqual(await next, [])
})

test('a symbolic link is a change, what it leads to is not looked at', async (t) => {
  const [folder, outside] = [temporaryFolder(t), temporaryFolder(t)]
  using watcher = new FolderWatcher(folder)
  const linked = watcher.next()
  symlinkSync(outside, join(folder, 'out'))
  assert.deepEqual(await linked, ['out'])
  const next = watcher.next()
  writeFileSync(join(outside, 'secret'), '1')
  await sleep(100)
  writeFileSync(join(folder, 'index.mjs'), '1')
  assert.deepEqual(await next, ['index.mjs'])
})
