/**
 * Provisioned concurrency with real processes, through the official client.
 * source: AWS Lambda dev guide "Configuring provisioned concurrency for a function"
 */
import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import {
  CreateAliasCommand,
  GetProvisionedConcurrencyConfigCommand,
  PublishVersionCommand,
  PutProvisionedConcurrencyConfigCommand,
  UpdateAliasCommand,
  UpdateFunctionConfigurationCommand,
} from '@aws-sdk/client-lambda'
import type { LambdaClient } from '@aws-sdk/client-lambda'
import { lambdaClient, waitUntilActive } from '../support/clients.ts'
import { makeFolder } from '../environment/support.ts'
import { startServer } from '../support/server.ts'
import type { LairServer } from '../support/server.ts'
import { until } from '../support/until.ts'
import { deploy, invoke } from '../support/functions.ts'
import { provision, untilReady } from './provisioning.ts'

const FunctionName = 'ahead'

/** Says which environment answers and how it was initialised; waits as long as it is told. */
const source = `
const bornAtMs = Date.now()
export const handler = async ({ waitMs = 0, exits = false }, context) => {
  if (exits) process.exit(3)
  await new Promise((resolve) => setTimeout(resolve, waitMs))
  const type = process.env.AWS_LAMBDA_INITIALIZATION_TYPE
  return { stream: context.logStreamName, type, version: context.functionVersion, bornAtMs }
}`

type Body = { stream: string; type: string; version: string; bornAtMs: number }

suite('provisioned concurrency', () => {
  const folder = makeFolder()
  let server: LairServer
  let client: LambdaClient
  before(async () => {
    server = await startServer({ dataFolder: folder.path })
    client = lambdaClient(server)
    await deploy(client, FunctionName, source, { Publish: true })
    await client.send(new CreateAliasCommand({ FunctionName, Name: 'live', FunctionVersion: '1' }))
  })
  after(async () => {
    client.destroy()
    await server[Symbol.asyncDispose]()
    folder[Symbol.dispose]()
  })

  const ask = async (Qualifier: string, waitMs = 0) => {
    const { body, log } = await invoke(client, FunctionName, { waitMs }, { Qualifier })
    return { ...(body as Body), log }
  }

  test('provisioned concurrency of 5 serves 5 at once without Init Duration, the sixth on demand', async () => {
    await provision(client, FunctionName, 'live', 5)
    const readyAtMs = Date.now()
    const answers = await Promise.all(Array.from({ length: 6 }, () => ask('live', 1500)))
    assert.equal(new Set(answers.map(({ stream }) => stream)).size, 6)
    const ahead = answers.filter(({ type }) => type === 'provisioned-concurrency')
    const onDemand = answers.filter(({ type }) => type === 'on-demand')
    assert.deepEqual([ahead.length, onDemand.length], [5, 1])
    for (const { log, bornAtMs } of ahead) {
      assert.doesNotMatch(log, /Init Duration/)
      assert.ok(bornAtMs <= readyAtMs)
    }
    assert.match(onDemand[0]?.log ?? '', /Init Duration/)
    assert.equal((await ask('live')).type, 'provisioned-concurrency')
  })

  test('it moves with its alias to another version', async () => {
    await client.send(new UpdateFunctionConfigurationCommand({ FunctionName, Description: 'two' }))
    const { Version } = await client.send(new PublishVersionCommand({ FunctionName }))
    await waitUntilActive(client, FunctionName)
    assert.equal(Version, '2')
    await client.send(new UpdateAliasCommand({ FunctionName, Name: 'live', FunctionVersion: '2' }))
    await until(async () => (await ask('live')).type === 'provisioned-concurrency')
    await untilReady(client, FunctionName, 'live')
    const answer = await ask('live')
    assert.deepEqual([answer.version, answer.type], ['2', 'provisioned-concurrency'])
  })

  test('one that crashed is replaced by one that is initialised ahead', async () => {
    await provision(client, FunctionName, 'live', 1)
    const before = await ask('live')
    const crashed = await invoke(client, FunctionName, { exits: true }, { Qualifier: 'live' })
    assert.match(JSON.stringify(crashed.body), /Runtime.ExitError/)
    await untilReady(client, FunctionName, 'live')
    const readyAtMs = Date.now()
    const answer = await ask('live')
    assert.notEqual(answer.stream, before.stream)
    assert.equal(answer.type, 'provisioned-concurrency')
    assert.ok(answer.bornAtMs <= readyAtMs)
  })

  test('after kill -9 the next server initialises them again, before anybody asks', async () => {
    await server.kill()
    client.destroy()
    server = await startServer({ dataFolder: folder.path })
    client = lambdaClient(server)
    await untilReady(client, FunctionName, 'live')
    const readyAtMs = Date.now()
    const answer = await ask('live')
    assert.equal(answer.type, 'provisioned-concurrency')
    assert.ok(answer.bornAtMs <= readyAtMs)
  })

  test('an init that fails is FAILED, and invocations say why', async () => {
    const name = 'broken'
    await deploy(client, name, 'throw new Error("not today")', { Publish: true })
    await client.send(
      new PutProvisionedConcurrencyConfigCommand({
        FunctionName: name,
        Qualifier: '1',
        ProvisionedConcurrentExecutions: 1,
      }),
    )
    const state = () =>
      client.send(
        new GetProvisionedConcurrencyConfigCommand({ FunctionName: name, Qualifier: '1' }),
      )
    await until(async () => (await state()).Status === 'FAILED')
    assert.equal((await state()).StatusReason, 'FUNCTION_ERROR_INIT_FAILURE')
    const { body, functionError } = await invoke(client, name, {}, { Qualifier: '1' })
    assert.equal(functionError, 'Unhandled')
    assert.match(JSON.stringify(body), /not today/)
  })
})
