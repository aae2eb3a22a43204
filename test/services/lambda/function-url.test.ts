/** The operations on function URLs, in AWS's words. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import {
  CreateAliasCommand,
  CreateFunctionCommand,
  CreateFunctionUrlConfigCommand,
  DeleteAliasCommand,
  DeleteFunctionCommand,
  DeleteFunctionUrlConfigCommand,
  GetFunctionUrlConfigCommand,
  ListFunctionUrlConfigsCommand,
  PublishVersionCommand,
  UpdateFunctionUrlConfigCommand,
} from '@aws-sdk/client-lambda'
import { openServer, owner } from '../../support/in-process.ts'
import { newFunction } from './harness.ts'

const { server, client, close } = await openServer({}, owner)
const FunctionName = 'addressed'
const arn = `arn:aws:lambda:eu-west-1:123456789012:function:${FunctionName}`

before(async () => {
  await client.send(new CreateFunctionCommand(newFunction(FunctionName)))
  await client.send(new PublishVersionCommand({ FunctionName }))
  await client.send(new CreateAliasCommand({ FunctionName, Name: 'live', FunctionVersion: '1' }))
})

after(close)

test('a URL is created, read, changed, listed and deleted, for the function and for its alias', async () => {
  const created = await client.send(
    new CreateFunctionUrlConfigCommand({ FunctionName, AuthType: 'NONE' }),
  )
  const { FunctionUrl = '', CreationTime = '' } = created
  assert.match(
    FunctionUrl,
    new RegExp(`^http://[a-z0-9]{32}\\.lambda-url\\.eu-west-1\\.localhost:${server.port}/$`),
  )
  assert.match(CreationTime, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/)
  const { $metadata, ...shown } = created
  assert.equal($metadata.httpStatusCode, 201)
  assert.deepEqual(shown, {
    FunctionUrl,
    CreationTime,
    FunctionArn: arn,
    AuthType: 'NONE',
  })
  const defaulted = await client.send(new GetFunctionUrlConfigCommand({ FunctionName }))
  assert.equal(defaulted.InvokeMode, 'BUFFERED')
  const stillDefault = await client.send(new UpdateFunctionUrlConfigCommand({ FunctionName }))
  assert.equal(stillDefault.InvokeMode, undefined)
  const Cors = { AllowOrigins: ['*'], MaxAge: 60 }
  const aliased = await client.send(
    new CreateFunctionUrlConfigCommand({
      FunctionName,
      Qualifier: 'live',
      AuthType: 'AWS_IAM',
      InvokeMode: 'RESPONSE_STREAM',
      Cors,
    }),
  )
  assert.equal(aliased.FunctionArn, `${arn}:live`)
  assert.notEqual(aliased.FunctionUrl, FunctionUrl)
  assert.deepEqual(aliased.Cors, Cors)

  const updated = await client.send(
    new UpdateFunctionUrlConfigCommand({ FunctionName, InvokeMode: 'RESPONSE_STREAM' }),
  )
  const read = await client.send(new GetFunctionUrlConfigCommand({ FunctionName }))
  assert.deepEqual({ ...read, $metadata: 0 }, { ...updated, $metadata: 0 })
  assert.deepEqual([read.InvokeMode, read.AuthType], ['RESPONSE_STREAM', 'NONE'])
  const unchanged = await client.send(new UpdateFunctionUrlConfigCommand({ FunctionName }))
  assert.equal(unchanged.InvokeMode, 'RESPONSE_STREAM')

  const first = await client.send(new ListFunctionUrlConfigsCommand({ FunctionName, MaxItems: 1 }))
  const second = await client.send(
    new ListFunctionUrlConfigsCommand({
      FunctionName,
      ...(first.NextMarker && { Marker: first.NextMarker }),
    }),
  )
  const listed = [...(first.FunctionUrlConfigs ?? []), ...(second.FunctionUrlConfigs ?? [])]
  assert.deepEqual(
    listed.map((url) => url.FunctionArn),
    [arn, `${arn}:live`],
  )

  await client.send(new DeleteFunctionUrlConfigCommand({ FunctionName }))
  await assert.rejects(client.send(new GetFunctionUrlConfigCommand({ FunctionName })), {
    name: 'ResourceNotFoundException',
    message: 'The resource you requested does not exist.',
  })
  const again = await client.send(
    new CreateFunctionUrlConfigCommand({ FunctionName, AuthType: 'NONE' }),
  )
  assert.notEqual(again.FunctionUrl, FunctionUrl)
})

test('refusals have the words of AWS', async () => {
  const FunctionUrl = { FunctionName: 'nobody', AuthType: 'NONE' as const }
  const missing = { name: 'ResourceNotFoundException', message: 'Function does not exist' }
  const noUrl = {
    name: 'ResourceNotFoundException',
    message: 'The resource you requested does not exist.',
  }
  await assert.rejects(client.send(new CreateFunctionUrlConfigCommand(FunctionUrl)), missing)
  await assert.rejects(client.send(new UpdateFunctionUrlConfigCommand(FunctionUrl)), missing)
  await assert.rejects(client.send(new ListFunctionUrlConfigsCommand(FunctionUrl)), missing)
  await assert.rejects(client.send(new GetFunctionUrlConfigCommand(FunctionUrl)), noUrl)
  await assert.rejects(client.send(new DeleteFunctionUrlConfigCommand(FunctionUrl)), noUrl)
  const other = { FunctionName, AuthType: 'NONE' as const, Qualifier: 'other' }
  await assert.rejects(client.send(new CreateFunctionUrlConfigCommand(other)), missing)
  await assert.rejects(
    client.send(
      new CreateFunctionUrlConfigCommand({ FunctionName, AuthType: 'NONE', Qualifier: 'live' }),
    ),
    {
      name: 'ResourceConflictException',
      message: `Failed to create function url config for [functionArn = ${arn}:live]. Error message:  FunctionUrlConfig exists for this Lambda function`,
    },
  )
  for (const Qualifier of ['$LATEST', '1']) {
    await assert.rejects(
      client.send(new GetFunctionUrlConfigCommand({ FunctionName, Qualifier })),
      /^ValidationException: 1 validation error detected: Value '(\$LATEST|1)' at 'qualifier' failed to satisfy constraint/,
    )
  }
})

test('a URL goes with its alias and with its function', async () => {
  const { FunctionUrl = '' } = await client.send(
    new GetFunctionUrlConfigCommand({ FunctionName, Qualifier: 'live' }),
  )
  const id = new URL(FunctionUrl).hostname.split('.')[0]
  const ask = async (): Promise<string> =>
    (await fetch(`${server.endpoint}/_lair/url/${id}/`)).text()
  assert.match(await ask(), /Forbidden\. For troubleshooting/)
  await client.send(new DeleteAliasCommand({ FunctionName, Name: 'live' }))
  assert.equal(await ask(), '{"Message":null}')
  await client.send(new DeleteFunctionCommand({ FunctionName }))
  await client.send(new CreateFunctionCommand(newFunction(FunctionName)))
  const { FunctionUrlConfigs } = await client.send(
    new ListFunctionUrlConfigsCommand({ FunctionName }),
  )
  assert.deepEqual(FunctionUrlConfigs, [])
})
