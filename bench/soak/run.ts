/**
 * `npm run soak`: 200 invocations a second over 20 functions for 30 minutes, with crashes, timeouts, events and updates mixed in. At the
 * end memory, descriptors and processes must be where they were after the warm-up, and every answer the one to be expected. Flags:
 * `--minutes 30`, `--rate 200`. Exits 1 when a promise of SPECIFICATION.md is broken.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import {
  CreateFunctionCommand,
  DeleteFunctionCommand,
  PublishLayerVersionCommand,
  PublishVersionCommand,
  UpdateFunctionCodeCommand,
  waitUntilFunctionUpdatedV2,
} from '@aws-sdk/client-lambda'
import type { LambdaClient } from '@aws-sdk/client-lambda'
import { lambdaClient, roleArn, waitUntilActive } from '../../test/support/clients.ts'
import { startServer } from '../../test/support/server.ts'
import { median } from '../measure.ts'
import { isKept, toTable } from '../report.ts'
import type { Finding } from '../report.ts'
import { extensionLayer, functions, packageOf, timeoutSeconds } from './functions.ts'
import type { SoakFunction } from './functions.ts'
import { runLoad } from './load.ts'
import type { Tally } from './load.ts'
import { holdingsOf } from './processes.ts'
import type { Holdings } from './processes.ts'

const sampleMs = 10_000
const updateMs = 5_000

await main()

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      minutes: { type: 'string', default: '30' },
      rate: { type: 'string', default: '200' },
    },
  })
  delete process.env['NODE_EXTRA_CA_CERTS']
  await using server = await startServer()
  const lambda = lambdaClient(server, { maxAttempts: 3 })
  await deployAll(lambda)
  const durationMs = Number(values.minutes) * 60_000
  const signal = AbortSignal.timeout(durationMs)
  const tally: Tally = {
    sentCount: 0,
    missedCount: 0,
    answers: new Map(),
    surprises: [],
    surpriseCount: 0,
  }
  const load = runLoad(server, functions, { ratePerSecond: Number(values.rate), signal }, tally)
  const updates = updateAgainAndAgain(lambda, signal)
  const samples = await watch(server.pid, durationMs, tally)
  await Promise.all([load, updates])
  lambda.destroy()
  report(samples, tally, await updates, server.complaints())
}

async function deployAll(lambda: LambdaClient): Promise<void> {
  const layer = await lambda.send(
    new PublishLayerVersionCommand({
      LayerName: 'follower',
      Content: { ZipFile: await extensionLayer() },
    }),
  )
  for (const description of functions) {
    await lambda.send(
      new CreateFunctionCommand({
        FunctionName: description.name,
        Runtime: description.runtime,
        Handler: 'index.handler',
        Role: roleArn,
        Code: { ZipFile: await packageOf(description, 0) },
        MemorySize: 256,
        Timeout: timeoutSeconds,
        LoggingConfig: { LogFormat: description.logFormat },
        ...(description.hasExtension && { Layers: [layer.LayerVersionArn ?? ''] }),
      }),
    )
    await waitUntilActive(lambda, description.name)
  }
}

/** One function after the other; every fourth time a version is published and the one before it deleted.
 *  @returns how many updates there were */
async function updateAgainAndAgain(lambda: LambdaClient, signal: AbortSignal): Promise<number> {
  const published = new Map<string, string>()
  for (let build = 1; ; build += 1) {
    await sleep(updateMs)
    if (signal.aborted) return build - 1
    const description = functions[build % functions.length]
    if (!description) continue
    await update(lambda, description, build)
    if (build % 4 === 0) await publish(lambda, description.name, published)
  }
}

async function update(lambda: LambdaClient, description: SoakFunction, build: number) {
  const { name } = description
  await lambda.send(
    new UpdateFunctionCodeCommand({
      FunctionName: name,
      ZipFile: await packageOf(description, build),
    }),
  )
  await waitUntilFunctionUpdatedV2(
    { client: lambda, maxWaitTime: 20, minDelay: 0.05, maxDelay: 0.2 },
    { FunctionName: name },
  )
}

async function publish(lambda: LambdaClient, name: string, published: Map<string, string>) {
  const { Version = '' } = await lambda.send(new PublishVersionCommand({ FunctionName: name }))
  const before = published.get(name)
  published.set(name, Version)
  if (before === undefined || before === Version) return
  await lambda.send(new DeleteFunctionCommand({ FunctionName: name, Qualifier: before }))
}

async function watch(pid: number, durationMs: number, tally: Tally): Promise<Holdings[]> {
  const samples: Holdings[] = []
  const startedMs = performance.now()
  while (performance.now() - startedMs < durationMs - sampleMs / 2) {
    await sleep(sampleMs)
    const holdings = holdingsOf(pid)
    samples.push(holdings)
    const { serverMib, descriptorCount, childCount, childrenMib } = holdings
    const figures = [
      `${((performance.now() - startedMs) / 60_000).toFixed(1)} min`,
      `${tally.sentCount} sent, ${tally.missedCount} missed, ${tally.surpriseCount} surprises`,
      `server ${serverMib.toFixed(0)} MiB, ${descriptorCount} descriptors`,
      `${childCount} processes with ${childrenMib.toFixed(0)} MiB`,
    ]
    console.error(figures.join(' · '))
  }
  return samples
}

function report(samples: Holdings[], tally: Tally, updateCount: number, complaints: string): void {
  const from = (share: number) => Math.floor(samples.length * share)
  const early = samples.slice(from(0.2), from(0.4))
  const late = samples.slice(from(0.8))
  const compare = (subject: string, read: (holdings: Holdings) => number): Finding => ({
    scenario: 'soak, end / after warm-up',
    subject,
    value: median(late.map(read)) / median(early.map(read)),
    unit: 'x',
    atMost: 1.1,
  })
  const findings: Finding[] = [
    compare('memory of the server', ({ serverMib }) => serverMib),
    compare('descriptors of the server', ({ descriptorCount }) => descriptorCount),
    compare('processes', ({ childCount }) => childCount),
    compare('memory of all processes', ({ childrenMib }) => childrenMib),
    {
      scenario: 'soak',
      subject: 'answers that are not as expected',
      value: tally.surpriseCount,
      unit: '',
      atMost: 0,
    },
    {
      scenario: 'soak',
      subject: 'invocations sent, of those that were due',
      value: tally.sentCount / (tally.sentCount + tally.missedCount),
      unit: 'x',
      atLeast: 0.99,
    },
  ]
  console.log(toTable(findings))
  const answers = Object.fromEntries(tally.answers)
  console.log(JSON.stringify({ sentCount: tally.sentCount, answers, updateCount, findings }))
  for (const text of tally.surprises) console.log(`not as expected: ${text}`)
  if (complaints !== '') console.log(`the server said:\n${complaints}`)
  if (findings.some((finding) => isKept(finding) === false)) process.exitCode = 1
}
