/**
 * Scaling out: as many environments as concurrent invocations, and reserved concurrency as a cap with AWS's own throttle.
 * source: AWS Lambda dev guide "Understanding function scaling"; the model of TooManyRequestsException.
 */
import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import {
  CreateFunctionCommand,
  InvokeCommand,
  LambdaClient,
  PutFunctionConcurrencyCommand,
  TooManyRequestsException,
} from '@aws-sdk/client-lambda'
import type { InvokeCommandOutput } from '@aws-sdk/client-lambda'
import { readInvocation, roleArn, waitUntilActive } from '../support/clients.ts'
import { startServer } from '../support/server.ts'
import type { LairServer } from '../support/server.ts'
import { zipOf } from '../support/zip.ts'

const invocationCount = 100
const maxElapsedMs = 5000

const source = `
export const handler = async (event, context) => {
  await new Promise((resolve) => setTimeout(resolve, 1000))
  return context.logStreamName
}`

suite('concurrency', () => {
  let server: LairServer
  let client: LambdaClient
  before(async () => {
    server = await startServer()
    client = new LambdaClient({
      endpoint: server.endpoint,
      region: 'us-east-1',
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
      maxAttempts: 1,
      requestHandler: { httpAgent: { maxSockets: 2 * invocationCount, keepAlive: true } },
    })
    await client.send(
      new CreateFunctionCommand({
        FunctionName: 'sleeper',
        Runtime: 'nodejs24.x',
        Handler: 'index.handler',
        Role: roleArn,
        Code: { ZipFile: await zipOf({ 'index.mjs': source }) },
        Timeout: 10,
      }),
    )
    await waitUntilActive(client, 'sleeper')
  })
  after(async () => {
    client.destroy()
    await server[Symbol.asyncDispose]()
  })

  test('100 concurrent invocations that sleep 1 s finish in under 5 s, in 100 environments', async () => {
    const started = performance.now()
    const outputs = await Promise.all(invokeTogether(client))
    const elapsedMs = performance.now() - started
    const streams = new Set(outputs.map((output) => readInvocation(output).body))
    assert.equal(streams.size, invocationCount)
    assert.ok(elapsedMs < maxElapsedMs, `It took ${elapsedMs.toFixed(0)} ms`)
  })

  test('reserved concurrency 10 gives exactly 90 throttles with their reason', async () => {
    await client.send(
      new PutFunctionConcurrencyCommand({
        FunctionName: 'sleeper',
        ReservedConcurrentExecutions: 10,
      }),
    )
    const results = await Promise.allSettled(invokeTogether(client))
    const refused = results.flatMap((result) =>
      result.status === 'rejected' ? [result.reason as unknown] : [],
    )
    assert.equal(refused.length, 90)
    for (const error of refused) {
      assert.ok(error instanceof TooManyRequestsException)
      assert.equal(error.$metadata.httpStatusCode, 429)
      assert.equal(error.Reason, 'ReservedFunctionConcurrentInvocationLimitExceeded')
      assert.equal(error.message, 'Rate Exceeded.')
      assert.equal(error.Type, 'User')
    }
  })
})

function invokeTogether(client: LambdaClient): Promise<InvokeCommandOutput>[] {
  return Array.from({ length: invocationCount }, () =>
    client.send(new InvokeCommand({ FunctionName: 'sleeper' })),
  )
}
