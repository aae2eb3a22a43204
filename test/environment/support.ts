/** What the tests of environments share: a driver in a folder of its own, versions, and invocations that record what they are told. */
import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import type { InvocationHooks, Outcome } from '../../src/environment/contract.ts'
import { createEnvironment } from '../../src/environment/environment.ts'
import type { EnvironmentOptions } from '../../src/environment/options.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { systemIds } from '../../src/lib/ids.ts'
import type { FunctionVersion, Invocation, Reply } from '../../src/model.ts'
import type { Runtime } from '../../src/runtimes/runtime.ts'
import type { Driver } from '../../src/sandbox/driver.ts'
import { createProcessDriver } from '../../src/sandbox/process/process-driver.ts'
import { versionOf } from '../support/version.ts'

export const programs = join(import.meta.dirname, 'programs')

export function makeFolder(): { path: string } & Disposable {
  const path = mkdtempSync(join(tmpdir(), 'lair-test-'))
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) }
}

/** A driver that takes its folder with it when it is disposed. */
export async function openDriver(hasSpawner = true): Promise<Driver & AsyncDisposable> {
  const folder = makeFolder()
  const options = { directory: folder.path, clock: systemClock, ids: systemIds, hasSpawner }
  const driver = await createProcessDriver(options)
  return Object.assign(driver, {
    [Symbol.asyncDispose]: async () => {
      await driver.close()
      folder[Symbol.dispose]()
    },
  })
}

export function makeVersion(changes: Partial<FunctionVersion> = {}): FunctionVersion {
  return versionOf({
    accountId: '123456789012',
    region: 'eu-west-1',
    functionName: 'fn',
    runtime: 'nodejs24.x',
    memoryMib: 256,
    timeoutMs: 5000,
    codePath: programs,
    ...changes,
  })
}

/** A runtime whose bootstrap is one of the programs. */
export function nodeRuntime(program = 'guest.mjs'): Runtime {
  return {
    name: 'nodejs24.x',
    family: 'nodejs',
    servedBy: 'nodejs24.x',
    argv: [process.execPath, join(programs, program)],
    runtimeVersion: 'nodejs:24.v21',
    runtimeVersionArn: (region) => `arn:aws:lambda:${region}::runtime:${'0'.repeat(64)}`,
    environment: ({ codePath }) => ({ NODE_PATH: codePath }),
    startupVariables: ['NODE_OPTIONS'],
  }
}

export const providedRuntime: Runtime = {
  name: 'provided.al2023',
  family: 'provided',
  servedBy: 'provided.al2023',
  argv: [],
  runtimeVersion: '',
  runtimeVersionArn: () => '',
  environment: () => ({}),
  startupVariables: [],
}

/** A folder with an executable `bootstrap`. */
export function makeCode(bootstrap: string): { path: string } & Disposable {
  const folder = makeFolder()
  writeFileSync(join(folder.path, 'bootstrap'), bootstrap)
  chmodSync(join(folder.path, 'bootstrap'), 0o755)
  return folder
}

export type Told = {
  readonly outcome: Outcome
  /** what the caller was told */
  readonly replies: readonly Reply[]
  /** the payload of the first reply */
  readonly text: string
  /** lines that belong to the invocation */
  readonly lines: readonly string[]
  readonly startCount: number
}

/** An environment whose lines are kept, and a short way to invoke it. */
export function openEnvironment(
  driver: Driver,
  changes: Partial<Omit<EnvironmentOptions, 'version'>> & {
    version?: Partial<FunctionVersion>
  } = {},
) {
  const log: string[] = []
  const version = makeVersion(changes.version)
  const environment = createEnvironment({
    runtime: nodeRuntime(),
    driver,
    clock: systemClock,
    ids: systemIds,
    lines: (line) => log.push(line),
    ...changes,
    version,
  })
  const invoke = async (
    event: unknown,
    extra: Partial<Invocation> = {},
    onReply = (): void => {},
  ): Promise<Told> => {
    const replies: Reply[] = []
    const lines: string[] = []
    let startCount = 0
    const hooks: InvocationHooks = {
      onStart: () => {
        startCount += 1
        log.push('START')
      },
      onReply: (reply) => {
        replies.push(reply)
        onReply()
      },
      onLine: (line) => lines.push(line),
    }
    const outcome = await environment.invoke(
      {
        requestId: 'c0ffee00-0000-4000-8000-000000000001',
        version,
        invokedArn: version.arn,
        payload: [Buffer.from(JSON.stringify(event))],
        traceId: 'Root=1-00000000-000000000000000000000000;Parent=0000000000000000;Sampled=0',
        ...extra,
      },
      hooks,
    )
    const text = Buffer.concat(replies[0]?.payload ?? []).toString()
    return { outcome, replies, text, lines, startCount }
  }
  return {
    environment,
    invoke,
    log,
    [Symbol.asyncDispose]: () => environment.stop('spindown'),
  }
}

/** Does a process run? One that has ended and that nobody asked about does not. */
export function isAlive(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3) !== 'Z'
  } catch {
    return false
  }
}

/** Wait until a process is gone. */
export async function ends(pid: number): Promise<void> {
  for (let turn = 0; turn < 500 && isAlive(pid); turn += 1) await setTimeout(10)
  assert.ok(!isAlive(pid), `process ${pid} lives on`)
}
