/** The process driver: the contract with and without its spawner, and what happens when spawner or server are killed. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import type { StdioOptions } from 'node:child_process'
import { once } from 'node:events'
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  readlinkSync,
} from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { systemClock } from '../../src/lib/clock.ts'
import { systemIds } from '../../src/lib/ids.ts'
import { canNameHosts } from '../../src/sandbox/process/surroundings.ts'
import { createProcessDriver } from '../../src/sandbox/process/process-driver.ts'
import { childrenOf } from '../../src/sandbox/process/process-tree.ts'
import { ends, isAlive, makeFolder, openDriver } from '../environment/support.ts'
import { until } from '../support/until.ts'
import { driverContract } from './contract.ts'

driverContract('process, by its spawner', () => openDriver())
driverContract('process, by the server itself', () => openDriver(false), {
  'dev-stderr': 'Node gives a child sockets as outputs, and a socket cannot be opened by name',
})

const sleeper = {
  argv: ['/bin/sleep', '1000'] as const,
  environment: {},
  workingDirectory: '/',
  memoryMib: 128,
  ephemeralStorageMib: 64,
  onOutput: () => {},
}

test('the driver says that it isolates nothing', async () => {
  await using driver = await openDriver(false)
  assert.equal(driver.isolation, 'process')
  assert.match(driver.sentence, /nothing isolates them/)
})

test('a killed spawner ends its sandboxes, and the next start works', async () => {
  await using driver = await openDriver()
  const { promise: hasStarted, resolve } = Promise.withResolvers<number>()
  const running = driver.start({
    ...sleeper,
    id: 'one',
    argv: ['/bin/sh', '-c', 'echo $$; exec /bin/sleep 1000'],
    onOutput: (chunk) => resolve(Number(Buffer.from(chunk).toString())),
  })
  const child = await hasStarted
  process.kill(await spawnerOf(process.pid), 'SIGKILL')
  assert.equal((await running.exited).signal, 'SIGKILL')
  await ends(child)
  const again = driver.start({ ...sleeper, id: 'two', argv: ['/bin/true'] })
  assert.deepEqual(await again.exited, { exitCode: 0, isOutOfMemory: false })
})

test('a spawner that dies before it began has a successor', async () => {
  await using driver = await openDriver()
  const early = driver.start({ ...sleeper, id: 'one', argv: ['/bin/sh', '-c', 'exit 4'] })
  process.kill(await spawnerOf(process.pid), 'SIGKILL')
  assert.equal((await early.exited).exitCode, 4)
})

test('starts that are given up before their turn leave no process and no open file', async () => {
  await using driver = await openDriver()
  const first = driver.start({ ...sleeper, id: 'first', argv: ['/bin/true'] })
  await first.exited
  const before = openFileCount()
  // As when the machine has no time for it: given up after five seconds, what was asked for comes later.
  const spawner = await spawnerOf(process.pid)
  process.kill(spawner, 'SIGSTOP')
  const many = Array.from({ length: 60 }, (_, index) =>
    driver.start({ ...sleeper, id: `many-${index}` }),
  )
  const reports = await Promise.all(
    many.map(async (sandbox) => {
      await sandbox.dispose()
      return sandbox.exited
    }),
  )
  assert.ok(reports.every(({ exitCode }) => exitCode === undefined))
  process.kill(spawner, 'SIGCONT')
  // One that starts now comes after all of them.
  const last = driver.start({ ...sleeper, id: 'last', argv: ['/bin/true'] })
  assert.equal((await last.exited).exitCode, 0)
  await until(() => childrenOf(spawner, true).length === 0)
  await until(() => openFileCount() <= before)
})

test('what runs in a sandbox knows it as sandbox.localdomain, and no other name is lost', async (context) => {
  if (!canNameHosts()) return context.skip('this user may not make a mount namespace')
  await using driver = await openDriver()
  const written: Buffer[] = []
  const sandbox = driver.start({
    ...sleeper,
    id: 'named',
    argv: ['/usr/bin/getent', 'ahostsv4', 'sandbox.localdomain', 'sandbox', 'localhost'],
    onOutput: (chunk) => written.push(Buffer.from(chunk)),
  })
  assert.equal((await sandbox.exited).exitCode, 0)
  const addresses = Buffer.concat(written)
    .toString()
    .match(/^\S+(?= +STREAM)/gm)
  assert.deepEqual(addresses, ['127.0.0.1', '127.0.0.1', '127.0.0.1'])
  assert.doesNotMatch(readFileSync('/etc/hosts', 'utf8'), /sandbox\.localdomain/)
})

test('close() leaves no process and no folder', async () => {
  using folder = makeFolder()
  const options = { directory: folder.path, clock: systemClock, ids: systemIds }
  const driver = await createProcessDriver(options)
  const running = driver.start({ ...sleeper, id: 'one' })
  await driver.close()
  const report = await running.exited
  assert.ok(report.signal === 'SIGKILL' || report.launchError !== undefined)
  assert.deepEqual(readdirSync(join(folder.path, 'run')), [])
})

test('a server that is killed leaves no process and no folder', async () => {
  using folder = makeFolder()
  const program = join(import.meta.dirname, 'server.ts')
  const server = spawn(process.execPath, [program, folder.path], { stdio: ['ignore', 'pipe', 2] })
  const pids: number[] = await new Promise((resolve) =>
    server.stdout?.once('data', (chunk: Buffer) => resolve(JSON.parse(chunk.toString()))),
  )
  assert.equal(pids.length, 6)
  for (const pid of pids) assert.ok(isAlive(pid))
  server.kill('SIGKILL')
  for (const pid of pids) await ends(pid)
  for (let turn = 0; turn < 400 && readdirSync(join(folder.path, 'run')).length > 0; turn += 1) {
    await setTimeout(10)
  }
  assert.deepEqual(readdirSync(join(folder.path, 'run')), [])
})

test('what was frozen when server and spawner were killed at once ends when the next server starts', async () => {
  using folder = makeFolder()
  const program = join(import.meta.dirname, 'server.ts')
  const server = spawn(process.execPath, [program, folder.path], { stdio: ['ignore', 'pipe', 2] })
  const pids: number[] = await new Promise((resolve) =>
    server.stdout?.once('data', (chunk: Buffer) => resolve(JSON.parse(chunk.toString()))),
  )
  const spawner = await spawnerOf(server.pid ?? 0)
  for (const pid of [...pids, spawner]) process.kill(pid, 'SIGSTOP')
  const exited = once(server, 'exit')
  server.kill('SIGKILL')
  await exited
  process.kill(spawner, 'SIGKILL')
  await ends(spawner)
  for (const pid of pids) assert.ok(isAlive(pid))
  const options = { directory: folder.path, clock: systemClock, ids: systemIds, hasSpawner: false }
  const driver = await createProcessDriver(options)
  for (const pid of pids) await ends(pid)
  await driver.close()
})

test('sandboxes get no file that the server happened to inherit', async () => {
  using folder = makeFolder()
  const program = join(import.meta.dirname, 'server.ts')
  const secret = openSync(program, 'r')
  const number = 200
  const stdio: StdioOptions = ['ignore', 'pipe', 2]
  while (stdio.length < number) stdio.push('ignore')
  stdio.push(secret)
  const server = spawn(process.execPath, [program, folder.path], { stdio })
  closeSync(secret)
  const pids: number[] = await new Promise((resolve) =>
    server.stdout?.once('data', (chunk: Buffer) => resolve(JSON.parse(chunk.toString()))),
  )
  assert.equal(readlinkSync(`/proc/${server.pid}/fd/${number}`), program)
  const seen = pids.map((pid) => readlinkSync(`/proc/${pid}/fd/${number}`))
  server.kill('SIGKILL')
  for (const pid of pids) await ends(pid)
  assert.deepEqual(new Set(seen), new Set(['/dev/null']))
})

test('folders of servers that are gone are removed, those of others are not', async () => {
  using folder = makeFolder()
  const run = join(folder.path, 'run')
  const [gone, other] = ['999999999-aaaa', `${process.ppid}-bbbb`]
  for (const name of [gone, other]) mkdirSync(join(run, name), { recursive: true })
  const options = { directory: folder.path, clock: systemClock, ids: systemIds, hasSpawner: false }
  const driver = await createProcessDriver(options)
  for (let turn = 0; turn < 400 && existsSync(join(run, gone)); turn += 1) await setTimeout(5)
  assert.ok(!existsSync(join(run, gone)))
  assert.ok(existsSync(join(run, other)))
  await driver.close()
})

const openFileCount = () => readdirSync('/proc/self/fd').length

async function spawnerOf(pid: number): Promise<number> {
  for (;;) {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').trim()
    for (const child of children.split(' ')) {
      if (child !== '' && (await isSpawner(child))) return Number(child)
    }
    await setTimeout(5)
  }
}

/** It is one from its exec on. */
async function isSpawner(pid: string): Promise<boolean> {
  const line = await readFile(`/proc/${pid}/cmdline`, 'latin1').catch(() => '')
  return line.includes('spawner.ts')
}
