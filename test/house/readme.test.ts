/** Every command of the README runs, in its order, as a new user would type it (ports and folders moved out of the way). */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../support/emulator.ts'
import { requireTool } from '../support/tools.ts'

const root = join(import.meta.dirname, '../..')
const readme = readFileSync(join(root, 'README.md'), 'utf8')

type Block = { readonly isBackground: boolean; readonly text: string }

const blocks: Block[] = [...readme.matchAll(/^```sh( background)?\n(.*?)^```$/gms)].map(
  (match) => ({
    isBackground: match[1] !== undefined,
    text: match[2] ?? '',
  }),
)

/** Blocks that are not for here: the first installs under our feet, the second is this very run. */
const elsewhere = new Map([
  ['npm ci && npm run demo\n', 'npm run demo\n'],
  ['npm test\n', ''],
])

async function untilOpen(url: string): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    const isOpen = await fetch(url).then(
      () => true,
      () => false,
    )
    if (isOpen) return
    await sleep(50)
  }
  assert.fail(`nothing answers at ${url}`)
}

test('every command of the README runs', { timeout: 170_000 }, async (t) => {
  if (!requireTool(t, 'aws') || !requireTool(t, 'zip') || !requireTool(t, 'curl')) return
  assert.ok(blocks.length >= 8, `found ${blocks.length} blocks`)
  const folder = mkdtempSync(join(tmpdir(), 'lair-readme-'))
  const port = await freePort()
  const emulatorPort = await freePort()
  const { NODE_EXTRA_CA_CERTS: _, AWS_ENDPOINT_URL: __, ...inherited } = process.env
  const environment = {
    ...inherited,
    PATH: `/usr/bin:${join(root, 'node_modules/.bin')}:${process.env['PATH']}`,
    LAIR_PORT: String(port),
    LAIR_DATA: join(folder, 'data'),
    AWS_PAGER: '',
  }
  const started: ChildProcess[] = []
  let script = 'set -euo pipefail\n'
  try {
    for (const block of blocks) {
      const text = (elsewhere.get(block.text) ?? block.text)
        .replaceAll('/tmp/', `${folder}/`)
        .replaceAll('127.0.0.1:8080', `127.0.0.1:${emulatorPort}`)
        .replace('lair emulate', `lair emulate --port ${emulatorPort}`)
      if (!block.isBackground) {
        script += text
        continue
      }
      const url = text.includes('emulate')
        ? `http://127.0.0.1:${emulatorPort}/`
        : `http://127.0.0.1:${port}/_lair/health`
      const child = spawn('bash', ['-c', `exec ${text}`], {
        cwd: root,
        env: environment,
        detached: true,
        stdio: 'ignore',
      })
      started.push(child)
      await untilOpen(url)
    }
    const output = await bash(script, environment)
    assert.match(output, /START RequestId: .*\n(.*\n)*?END RequestId/)
    assert.equal(output.match(/Hello, Ada/g)?.length, 7, output)
    assert.match(output, /Hello, Grace/)
    assert.match(output, /5\n4\n3\n2\n1\nlift-off\n/)
    assert.match(output, /observer saw .*"eventType":"INVOKE"/)
    assert.match(output, /Greeting world/, 'the outcome is told')
  } finally {
    for (const child of started) if (child.pid !== undefined) process.kill(-child.pid, 'SIGTERM')
    await Promise.all(started.map((child) => new Promise((resolve) => child.once('exit', resolve))))
    rmSync(folder, { recursive: true, force: true })
  }
})

async function bash(script: string, environment: NodeJS.ProcessEnv): Promise<string> {
  const child = spawn('bash', ['-c', script], {
    cwd: root,
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()))
  const status = await new Promise((resolve) => child.once('close', resolve))
  assert.equal(status, 0, output)
  return output
}
