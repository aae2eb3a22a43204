/** A function's life through the official JavaScript SDK, typed errors and waiters included. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import {
  CreateAliasCommand,
  CreateFunctionCommand,
  DeleteFunctionCommand,
  GetFunctionCommand,
  InvalidRequestContentException,
  InvokeCommand,
  PublishVersionCommand,
  ResourceConflictException,
  ResourceNotFoundException,
  UpdateFunctionCodeCommand,
  paginateListFunctions,
  waitUntilFunctionUpdatedV2,
} from '@aws-sdk/client-lambda'
import type { CreateFunctionCommandInput, LambdaClient } from '@aws-sdk/client-lambda'
import { lambdaClient, readInvocation, roleArn, waitUntilActive } from '../support/clients.ts'
import { sourceFolder } from '../support/programs.ts'
import { startServer } from '../support/server.ts'
import type { LairServer } from '../support/server.ts'
import { zipOf } from '../support/zip.ts'

const FunctionName = 'sdk-walk'
const arn = `arn:aws:lambda:us-east-1:000000000000:function:${FunctionName}`

suite('the JavaScript SDK', () => {
  let server: LairServer
  let client: LambdaClient
  let input: CreateFunctionCommandInput
  before(async () => {
    server = await startServer()
    client = lambdaClient(server)
    const source = readFileSync(join(sourceFolder, 'walk.mjs'))
    input = {
      FunctionName,
      Runtime: 'nodejs24.x',
      Handler: 'index.handler',
      Role: roleArn,
      Code: { ZipFile: await zipOf({ 'index.mjs': source }) },
      Environment: { Variables: { COLOUR: 'red' } },
    }
  })
  after(async () => {
    client.destroy()
    await server[Symbol.asyncDispose]()
  })

  test('creates a function, refuses a second of its name, and waits for it', async () => {
    const created = await client.send(new CreateFunctionCommand(input))
    assert.equal(created.$metadata.httpStatusCode, 201)
    assert.equal(created.State, 'Pending')
    assert.equal(created.FunctionArn, arn)
    await waitUntilActive(client, FunctionName)
    await assert.rejects(client.send(new CreateFunctionCommand(input)), (error) => {
      assert.ok(error instanceof ResourceConflictException)
      assert.equal(error.message, `Function already exist: ${FunctionName}`)
      assert.equal(error.Type, 'User')
      assert.equal(error.$metadata.httpStatusCode, 409)
      return true
    })
  })

  test('invokes by name, partial ARN, ARN and client context', async () => {
    for (const name of [FunctionName, `000000000000:function:${FunctionName}`, arn]) {
      const output = await client.send(
        new InvokeCommand({ FunctionName: name, Payload: Buffer.from('{"n":1}'), LogType: 'Tail' }),
      )
      const answer = readInvocation(output)
      assert.deepEqual(answer.body, { event: { n: 1 }, version: '$LATEST', colour: 'red' })
      assert.match(answer.log, /^START [^]*\nEND [^]*\nREPORT [^]*\t\n$/)
      assert.match(output.$metadata.requestId ?? '', /^[0-9a-f-]{36}$/)
    }
  })

  test('an event that is no JSON is refused as AWS refuses it', async () => {
    const invoke = new InvokeCommand({ FunctionName, Payload: Buffer.from('{oops') })
    await assert.rejects(client.send(invoke), (error) => {
      assert.ok(error instanceof InvalidRequestContentException)
      assert.equal(error.$metadata.httpStatusCode, 400)
      assert.match(
        error.message,
        /^Could not parse request body into json: Could not parse payload into json: /,
      )
      return true
    })
  })

  test('Event is accepted with 202, DryRun answers 204', async () => {
    const event = await client.send(new InvokeCommand({ FunctionName, InvocationType: 'Event' }))
    assert.equal(event.StatusCode, 202)
    const dry = await client.send(new InvokeCommand({ FunctionName, InvocationType: 'DryRun' }))
    assert.equal(dry.StatusCode, 204)
  })

  test('updates, publishes once for the same code, routes an alias by weight', async () => {
    const source = `export const handler = async (event, context) => context.functionVersion`
    const one = await client.send(new PublishVersionCommand({ FunctionName }))
    await client.send(
      new UpdateFunctionCodeCommand({
        FunctionName,
        ZipFile: await zipOf({ 'index.mjs': source }),
      }),
    )
    await waitUntilFunctionUpdatedV2(
      { client, maxWaitTime: 20, minDelay: 0.05, maxDelay: 0.2 },
      { FunctionName },
    )
    const two = await client.send(new PublishVersionCommand({ FunctionName }))
    const again = await client.send(new PublishVersionCommand({ FunctionName }))
    assert.deepEqual([one.Version, two.Version, again.Version], ['1', '2', '2'])
    await client.send(
      new CreateAliasCommand({
        FunctionName,
        Name: 'live',
        FunctionVersion: '1',
        RoutingConfig: { AdditionalVersionWeights: { 2: 0.5 } },
      }),
    )
    const counts = { 1: 0, 2: 0 }
    for (let index = 0; index < 60; index += 1) {
      const output = await client.send(new InvokeCommand({ FunctionName, Qualifier: 'live' }))
      assert.ok(output.ExecutedVersion === '1' || output.ExecutedVersion === '2')
      counts[output.ExecutedVersion] += 1
    }
    // With weight 0.5 each, fewer than 10 of 60 happens about once in a hundred million runs.
    assert.ok(counts[1] >= 10 && counts[2] >= 10, JSON.stringify(counts))
  })

  test('lists by pages and deletes', async () => {
    const names: (string | undefined)[] = []
    for await (const page of paginateListFunctions({ client, pageSize: 1 }, {})) {
      names.push(...(page.Functions ?? []).map((each) => each.FunctionName))
    }
    assert.deepEqual(names, [FunctionName])
    await client.send(new DeleteFunctionCommand({ FunctionName }))
    await assert.rejects(client.send(new GetFunctionCommand({ FunctionName })), (error) => {
      assert.ok(error instanceof ResourceNotFoundException)
      assert.equal(error.message, `Function not found: ${arn}`)
      return true
    })
  })
})
