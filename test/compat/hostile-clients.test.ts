/** Clients that mean harm, or just leave: what they do costs nobody else anything. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import {
  CreateFunctionCommand,
  InvokeCommand,
  InvokeWithResponseStreamCommand,
  PutFunctionConcurrencyCommand,
  UpdateFunctionCodeCommand,
} from '@aws-sdk/client-lambda'
import type { LambdaClient } from '@aws-sdk/client-lambda'
import { lambdaClient, roleArn, waitUntilActive } from '../support/clients.ts'
import { sourceFolder } from '../support/programs.ts'
import { requestBytes } from '../support/raw-http.ts'
import { startServer } from '../support/server.ts'
import type { LairServer } from '../support/server.ts'
import { signed } from '../support/sigv4.ts'
import { until } from '../support/until.ts'
import { zipOf } from '../support/zip.ts'

const FunctionName = 'streaming'

suite('hostile clients', () => {
  let server: LairServer
  let client: LambdaClient
  before(async () => {
    server = await startServer()
    client = lambdaClient(server)
    const source = readFileSync(join(sourceFolder, 'url-node/index.mjs'))
    await client.send(
      new CreateFunctionCommand({
        FunctionName,
        Runtime: 'nodejs24.x',
        Handler: 'index.stream',
        Role: roleArn,
        Timeout: 300,
        Code: { ZipFile: await zipOf({ 'index.mjs': source }) },
      }),
    )
    await waitUntilActive(client, FunctionName)
  })
  after(async () => {
    client.destroy()
    await server[Symbol.asyncDispose]()
  })

  /** Ask for a stream of 4 MiB and leave. @param afterMs  ms after the last byte of the request was written */
  async function askAndLeave(afterMs: number): Promise<void> {
    const { port, host } = new URL(server.endpoint)
    const method = 'POST'
    const target = `/2021-11-15/functions/${FunctionName}/response-streaming-invocations`
    const pad = 'x'.repeat(4_000_000)
    const body = Buffer.from(JSON.stringify({ mib: 4, count: 0, plain: 1, pad }))
    const nowMs = performance.timeOrigin + performance.now()
    const headers = signed({ method, target, headers: { host }, body, service: 'lambda', nowMs })
    const socket = connect(Number(port), '127.0.0.1')
    socket.on('error', () => {})
    await once(socket, 'connect')
    const { promise, resolve } = Promise.withResolvers<unknown>()
    socket.write(requestBytes({ method, target, headers, body }), resolve)
    await promise
    await new Promise((left) => setTimeout(left, afterMs))
    socket.destroy()
  }

  test('who leaves before the response begins holds no environment and no concurrency', async () => {
    const reserved = { FunctionName, ReservedConcurrentExecutions: 4 }
    await client.send(new PutFunctionConcurrencyCommand(reserved))
    for (let afterMs = 0; afterMs < 40; afterMs += 2) await askAndLeave(afterMs)
    const Payload = Buffer.from(JSON.stringify({ count: 1, plain: 1, pause: 300 }))
    const runAlone = async (): Promise<boolean> => {
      const command = new InvokeWithResponseStreamCommand({ FunctionName, Payload })
      const { EventStream = [] } = await client.send(command)
      for await (const { InvokeComplete } of EventStream) if (InvokeComplete) return true
      return false
    }
    const isAllFree = async (): Promise<boolean> => {
      const runs = await Promise.allSettled([runAlone(), runAlone(), runAlone(), runAlone()])
      return runs.every((run) => run.status === 'fulfilled' && run.value)
    }
    await until(isAllFree)
  })

  test('no two tenants ever meet in an environment, whatever they are called and whatever happens', async () => {
    const code = `const met = new Set()
      exports.handler = async (event, { tenantId }) => {
        met.add(tenantId)
        await new Promise((resolve) => setTimeout(resolve, event.ms))
        if (event.exit) process.exit(1)
        return [...met]
      }`
    const codeOf = (count: number) => zipOf({ 'index.js': `${code} // ${count}` })
    await client.send(
      new CreateFunctionCommand({
        FunctionName: 'tenants',
        Runtime: 'nodejs24.x',
        Handler: 'index.handler',
        Role: roleArn,
        TenancyConfig: { TenantIsolationMode: 'PER_TENANT' },
        Code: { ZipFile: await codeOf(0) },
      }),
    )
    await waitUntilActive(client, 'tenants')
    const tenants = ['a', 'A', 'a b', 'a  b', '-', '..', '/', ':', '@', 'a:b', '__proto__']
    let answerCount = 0
    const meet = async (_: unknown, index: number): Promise<void> => {
      const TenantId = tenants[index % tenants.length]
      const Payload = JSON.stringify({ ms: index % 7, exit: index % 17 === 16 })
      const command = new InvokeCommand({ FunctionName: 'tenants', TenantId, Payload })
      const { FunctionError, Payload: met } = await client.send(command)
      if (FunctionError !== undefined) return
      assert.deepEqual(JSON.parse(met?.transformToString() ?? ''), [TenantId])
      answerCount += 1
    }
    for (let round = 1; round <= 3; round += 1) {
      await Promise.all(Array.from({ length: 2 * tenants.length }, meet))
      const update = { FunctionName: 'tenants', ZipFile: await codeOf(round) }
      await client.send(new UpdateFunctionCodeCommand(update))
    }
    assert.equal(answerCount, 3 * (2 * tenants.length - 1))
  })
})
