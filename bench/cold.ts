/** Cold invocations: a new function's first answer from the warm pool, from nothing, and under the emulator; and the start of the server. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { RawConnection, requestBytes } from '../test/support/raw-http.ts'
import { startServer } from '../test/support/server.ts'
import type { LairServer } from '../test/support/server.ts'
import { zipOf } from '../test/support/zip.ts'
import { median } from './measure.ts'
import type { Finding } from './report.ts'
import { deploy, echoSource, emulate, lairTarget, ownProgram } from './targets.ts'
import type { Target } from './targets.ts'

/** between two cold starts, so that the warm pool is full again */
const refillMs = 400
const settleMs = 2000
const answerTimeoutMs = 30_000
const event = Buffer.from('{"n":1}')

/** Request to response of functions that never ran: p50 over `count` functions. */
export async function coldStarts(count: number): Promise<Finding[]> {
  const scenario = 'cold p50, request to response'
  const zip = await zipOf({ 'index.mjs': echoSource })
  const pooled = await coldOf(count, zip, [])
  const bare = await coldOf(count, zip, ['--no-warm-pool'])
  const emulated = await coldEmulator(count)
  return [
    {
      scenario,
      subject: 'Lair, from the warm pool',
      value: median(pooled),
      unit: 'ms',
      atMost: 15,
    },
    { scenario, subject: 'Lair, from nothing', value: median(bare), unit: 'ms' },
    { scenario, subject: "emulator, Lair's bootstrap", value: median(emulated), unit: 'ms' },
  ]
}

async function coldOf(count: number, zip: Buffer, argv: readonly string[]): Promise<number[]> {
  await using server = await startServer({ arguments: argv })
  const figures: number[] = []
  // The first one warms the server's own code, as any server that has run for a minute is warm.
  for (let index = 0; index <= count; index += 1) {
    const name = `cold-${index}`
    await deploy(server, name, { runtime: 'nodejs24.x', zip })
    await sleep(refillMs)
    const elapsedMs = await firstAnswer(lairTarget(name, server, name), server)
    if (index > 0) figures.push(elapsedMs)
  }
  return figures
}

async function firstAnswer(target: Target, server: LairServer): Promise<number> {
  const connection = new RawConnection(target.port, answerTimeoutMs)
  const { host } = new URL(server.endpoint)
  const greeting = { method: 'GET', target: '/_lair/health', headers: { host }, body: Buffer.of() }
  await connection.exchange(requestBytes(greeting))
  const elapsedMs = await timed(connection, target.requestFor(event))
  connection.close()
  return elapsedMs
}

async function timed(connection: RawConnection, bytes: Buffer): Promise<number> {
  const started = performance.now()
  const answer = await connection.exchange(bytes)
  const elapsedMs = performance.now() - started
  if (answer?.status !== 200)
    throw new Error(`No answer: ${answer?.status} ${answer?.body.toString()}`)
  return elapsedMs
}

/** The emulator initialises its runtime with the first invocation. */
async function coldEmulator(count: number): Promise<number[]> {
  const parent = mkdtempSync(join(tmpdir(), 'lair-bench-'))
  const folder = ownProgram(parent)
  const figures: number[] = []
  for (let index = 0; index < count; index += 1) {
    await using emulator = await emulate(folder)
    const connection = new RawConnection(emulator.port, answerTimeoutMs)
    const target = '/2015-03-31/functions/function/invocations'
    const headers = { host: `127.0.0.1:${emulator.port}` }
    const bytes = requestBytes({ method: 'POST', target, headers, body: event })
    figures.push(await timed(connection, bytes))
    connection.close()
  }
  rmSync(parent, { recursive: true, force: true })
  return figures
}

/** From `lair start` to its ready line, and what the idle server process then holds. */
export async function serverStart(count: number): Promise<Finding[]> {
  const ready: number[] = []
  const memory: number[] = []
  for (let index = 0; index < count; index += 1) {
    await using server = await startServer()
    ready.push(server.readyMs)
    await sleep(settleMs)
    memory.push(server.residentMib())
  }
  const subject = 'lair start'
  return [
    { scenario: 'ready', subject, value: median(ready), unit: 'ms', atMost: 500 },
    { scenario: 'idle memory', subject, value: median(memory), unit: 'MiB', atMost: 100 },
  ]
}
