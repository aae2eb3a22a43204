/** The warm pool over real processes: bootstraps that wait become functions, are refilled, and those that die are noticed. */
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { WarmPool } from '../../src/fleet/warm-pool.ts'
import { systemClock as clock } from '../../src/lib/clock.ts'
import { systemIds as ids } from '../../src/lib/ids.ts'
import type { Runtime } from '../../src/runtimes/runtime.ts'
import { createProcessDriver } from '../../src/sandbox/process/process-driver.ts'
import { openRunner, textOf } from '../invoke/runner.ts'
import { versionOf } from '../invoke/version.ts'

async function until(condition: () => boolean): Promise<void> {
  const endMs = performance.now() + 10_000
  while (!condition()) {
    assert.ok(performance.now() < endMs, `not within 10 s: ${condition.toString()}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

test('a bootstrap that waits becomes the function, faster than from nothing, and is replaced', async () => {
  await using runner = await openRunner({ warmPoolSize: 1 })
  const codePath = mkdtempSync(join(tmpdir(), 'lair-code-'))
  writeFileSync(
    join(codePath, 'index.js'),
    'exports.handler = async () => ({ mine: process.env.MINE, pid: process.pid })',
  )
  const version = versionOf({ codePath, runtime: 'nodejs24.x', environment: { MINE: 'yes' } })
  await runner.invoke(version, {})
  await until(() => runner.warmPool.readyCount === 1)
  // Time for it to get where it waits.
  await new Promise((resolve) => setTimeout(resolve, 300))
  const result = await runner.invoke({ ...version, revisionId: 'second' }, {})
  assert.equal((JSON.parse(textOf(result)) as { mine: string }).mine, 'yes')
  await until(() => runner.reports.length === 2)
  const [fromNothing, fromPool] = runner.reports.map((report) => report.initDurationMs ?? 0)
  assert.ok(
    fromNothing !== undefined && fromPool !== undefined && fromPool < fromNothing / 2,
    `${fromPool} ms from the pool, ${fromNothing} ms from nothing`,
  )
  await until(() => runner.warmPool.readyCount === 1)
  rmSync(codePath, { recursive: true })
})

test('a version that needs variables from the start takes none', async () => {
  await using runner = await openRunner({ warmPoolSize: 1 })
  const runtime = runner.catalogue.find('nodejs24.x')
  assert.ok('argv' in runtime)
  runner.warmPool.use(runtime)
  await until(() => runner.warmPool.readyCount === 1)
  const codePath = mkdtempSync(join(tmpdir(), 'lair-code-'))
  writeFileSync(join(codePath, 'index.js'), 'exports.handler = async () => process.execArgv')
  const environment = { NODE_OPTIONS: '--no-warnings' }
  const { reply } = await runner.invoke(
    versionOf({ codePath, runtime: 'nodejs24.x', environment }),
    {},
  )
  assert.equal(reply.kind, 'ok')
  assert.equal(runner.warmPool.readyCount, 1)
  rmSync(codePath, { recursive: true })
})

test('a bootstrap that dies is noticed and not tried again at once; a pool of nothing starts nothing', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'lair-pool-'))
  mkdirSync(join(directory, 'data'))
  const driver = await createProcessDriver({ directory, clock, ids })
  const dying: Runtime = {
    name: 'nodejs24.x',
    family: 'nodejs',
    servedBy: 'nodejs24.x',
    argv: ['/bin/sh', '-c', 'exit 1'],
    prepareArgv: ['--wait'],
    runtimeVersion: 'none',
    runtimeVersionArn: () => 'none',
    environment: () => ({}),
    startupVariables: [],
  }
  const pool = new WarmPool({ clock, ids, driver, size: 2 })
  pool.use(dying)
  await until(() => pool.readyCount > 0)
  await until(() => pool.readyCount === 0)
  await new Promise((resolve) => setTimeout(resolve, 400))
  assert.equal(pool.readyCount, 0)
  assert.equal(pool.take(dying), undefined)
  const off = new WarmPool({ clock, ids, driver, size: 0 })
  off.use(dying)
  await new Promise((resolve) => setTimeout(resolve, 100))
  assert.equal(off.readyCount, 0)
  await pool.close()
  await driver.close()
  rmSync(directory, { recursive: true })
})
