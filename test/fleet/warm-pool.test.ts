/** The warm pool over real processes: bootstraps that wait become functions, are refilled, and those that die are noticed. */
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { canBePrepared } from '../../src/environment/entrypoint.ts'
import { WarmPool } from '../../src/fleet/warm-pool.ts'
import { systemClock as clock } from '../../src/lib/clock.ts'
import { systemIds as ids } from '../../src/lib/ids.ts'
import type { Runtime } from '../../src/runtimes/runtime.ts'
import { createProcessDriver } from '../../src/sandbox/process/process-driver.ts'
import { openRunner, textOf } from '../invoke/runner.ts'
import { versionOf } from '../support/version.ts'
import { until } from '../support/until.ts'

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

test('a version that brings shared libraries takes none: the loader looks for them from the start only', async () => {
  await using runner = await openRunner({ warmPoolSize: 1 })
  const runtime = runner.catalogue.find('nodejs24.x')
  assert.ok('argv' in runtime)
  const codePath = mkdtempSync(join(tmpdir(), 'lair-code-'))
  mkdirSync(join(codePath, 'lib'))
  writeFileSync(join(codePath, 'index.js'), 'exports.handler = async () => 1')
  const version = versionOf({ codePath, runtime: 'nodejs24.x' })
  assert.ok(canBePrepared(version, runtime))
  writeFileSync(join(codePath, 'lib/helper.js'), '')
  assert.ok(canBePrepared(version, runtime))
  writeFileSync(join(codePath, 'lib/libpq.so.5'), '')
  assert.ok(!canBePrepared(version, runtime))
  rmSync(codePath, { recursive: true })
})

/** What a function can see of the process it runs in. */
const views = {
  'nodejs24.x': {
    file: 'index.js',
    text: `
      const fs = require('node:fs')
      exports.handler = async () => ({
        environment: process.env,
        process: [process.argv, process.execArgv, process.cwd(), process.title, process.umask()],
        modules: [Object.keys(require.cache).sort(), require.main.children.length, module.paths],
        paths: require('node:module').globalPaths,
        handles: [process.getActiveResourcesInfo(), process._getActiveHandles().length],
        listeners: process.eventNames().map((name) => [String(name), process.listenerCount(name)]),
        heap: require('node:v8').getHeapStatistics().heap_size_limit,
        globals: Object.getOwnPropertyNames(globalThis).sort(),
        zone: Intl.DateTimeFormat().resolvedOptions(),
        input: fs.readlinkSync('/proc/self/fd/0'),
        fileCount: fs.readdirSync('/proc/self/fd').length,
      })`,
  },
  'python3.10': {
    file: 'index.py',
    text: `
import locale, os, signal, sys, time
def handler(event, context):
    return {
        "environment": dict(os.environ),
        "process": [sys.argv, getattr(sys, "orig_argv", None), str(sys.flags), os.getcwd()],
        "modules": [sorted(sys.modules), sorted(vars(sys.modules["__main__"]))],
        "paths": sys.path,
        "text": [locale.getlocale(), sys.getfilesystemencoding(), sys.stdout.encoding, time.tzname],
        "signals": str(signal.getsignal(signal.SIGINT)),
        "input": [os.readlink("/proc/self/fd/0"), sys.stdin.read()],
        "files": len(os.listdir("/proc/self/fd")),
    }
`,
  },
}

/** They differ from environment to environment. */
const ownVariables = [
  'TMPDIR',
  'AWS_LAMBDA_LOG_STREAM_NAME',
  'AWS_LAMBDA_RUNTIME_API',
  '_X_AMZN_TRACE_ID',
]

for (const [runtime, { file, text }] of Object.entries(views)) {
  test(`a function of ${runtime} cannot tell whether its process was waiting for it`, async () => {
    await using runner = await openRunner({ warmPoolSize: 1 })
    const codePath = mkdtempSync(join(tmpdir(), 'lair-code-'))
    writeFileSync(join(codePath, file), text)
    const version = versionOf({ codePath, runtime, environment: { MINE: 'yes' } })
    const view = async (revisionId: string) => {
      const result = await runner.invoke({ ...version, revisionId }, {})
      const seen = JSON.parse(textOf(result)) as { environment: Record<string, string> }
      for (const name of ownVariables) delete seen.environment[name]
      return seen
    }
    const cold = await view('cold')
    await until(() => runner.warmPool.readyCount === 1)
    // Time for it to get where it waits.
    await new Promise((resolve) => setTimeout(resolve, 500))
    assert.equal(cold.environment['MINE'], 'yes')
    assert.deepEqual(await view('prepared'), cold)
    assert.equal(runner.warmPool.readyCount, 0)
    rmSync(codePath, { recursive: true })
  })
}

test('a bootstrap that dies is noticed and not tried again at once; a pool of nothing starts nothing', async () => {
  await using closers = new AsyncDisposableStack()
  const directory = mkdtempSync(join(tmpdir(), 'lair-pool-'))
  closers.defer(() => rmSync(directory, { recursive: true }))
  const driver = await createProcessDriver({ directory, clock, ids })
  closers.defer(() => driver.close())
  const dying: Runtime = {
    name: 'nodejs24.x',
    family: 'nodejs',
    servedBy: 'nodejs24.x',
    argv: ['/bin/sh', '-c', 'sleep 0.1; exit 1'],
    prepareArgv: ['--wait'],
    runtimeVersion: 'none',
    runtimeVersionArn: () => 'none',
    environment: () => ({}),
    startupVariables: [],
  }
  const pool = new WarmPool({ clock, ids, driver, size: 2 })
  closers.defer(() => pool.close())
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
})
