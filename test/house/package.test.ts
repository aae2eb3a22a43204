/** What is published works by itself: packed, unpacked in an empty folder, run by Node 24; an older Node says one sentence. */
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import {
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { findTool, skipOrFail } from '../support/tools.ts'

const root = join(import.meta.dirname, '../..')

function unpacked(): { folder: string; command: string } {
  const folder = mkdtempSync(join(tmpdir(), 'lair-package-'))
  execFileSync('npm', ['pack', '--silent', '--pack-destination', folder], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const [archive] = globSync('*.tgz', { cwd: folder })
  assert.ok(archive, 'npm pack made a package')
  const home = join(folder, 'node_modules')
  mkdirSync(home)
  execFileSync('tar', ['-xzf', archive, '--transform', 's#^package#node_modules/lair#'], {
    cwd: folder,
  })
  const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    dependencies: object
  }
  for (const name of Object.keys(dependencies)) {
    mkdirSync(dirname(join(home, name)), { recursive: true })
    symlinkSync(join(root, 'node_modules', name), join(home, name))
  }
  return { folder, command: join(home, 'lair/bin/lair.js') }
}

function run(node: string, command: string, ...args: string[]) {
  const { NODE_EXTRA_CA_CERTS: _, ...env } = process.env
  return spawnSync(node, [command, ...args], {
    cwd: tmpdir(),
    env,
    encoding: 'utf8',
    timeout: 30_000,
  })
}

test('the published package deploys and invokes an example', { timeout: 60_000 }, () => {
  const { folder, command } = unpacked()
  try {
    assert.ok(!existsSync(join(folder, 'node_modules/lair/src')), 'no sources in the package')
    const demo = run(process.execPath, command, 'demo')
    assert.equal(demo.status, 0, demo.stderr)
    assert.match(demo.stdout, /Hello, Ada!/)
    assert.match(demo.stdout, /REPORT RequestId/)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})

test('an older Node says one clear sentence', (t) => {
  const node = findTool('node')
  const version = node && run(node, '--version').stdout.trim()
  if (!node || !version || Number(version.slice(1).split('.')[0]) >= 24) {
    return skipOrFail(t, 'No Node older than 24 is on this machine')
  }
  const answer = run(node, join(root, 'bin/lair.js'), 'start')
  assert.equal(answer.status, 1)
  assert.equal(answer.stdout, '')
  assert.equal(answer.stderr.trim().split('\n').length, 1)
  assert.match(answer.stderr, /Lair needs Node\.js 24 or newer, and this is v\d+/)
})
