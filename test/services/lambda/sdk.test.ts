import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { get } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { after, test } from 'node:test'
import {
  AddPermissionCommand,
  CreateAliasCommand,
  CreateFunctionCommand,
  DeleteFunctionCommand,
  GetFunctionCommand,
  GetFunctionCodeSigningConfigCommand,
  GetLayerVersionByArnCommand,
  GetPolicyCommand,
  ListTagsCommand,
  ListVersionsByFunctionCommand,
  PublishLayerVersionCommand,
  PublishVersionCommand,
  PutFunctionConcurrencyCommand,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateFunctionCodeCommand,
  waitUntilFunctionActiveV2,
  waitUntilFunctionUpdatedV2,
  waitUntilPublishedVersionActive,
} from '@aws-sdk/client-lambda'
import { openServer, owner } from '../../support/in-process.ts'
import { buildZip } from '../../support/raw-zip.ts'
import { newFunction, nodeZip } from './harness.ts'

const { client, close } = await openServer({}, owner)

after(close)

const arn = 'arn:aws:lambda:eu-west-1:123456789012:function:wired'
const FunctionName = 'wired'

/** Fetch a presigned URL, on a connection of its own. */
async function download(url = ''): Promise<Buffer> {
  const [response] = await once(get(url, { agent: false }), 'response')
  assert.equal(response.statusCode, 200)
  return buffer(response)
}

test('a function lives its life through the real client', async () => {
  const created = await client.send(new CreateFunctionCommand(newFunction(FunctionName)))
  assert.equal(created.$metadata.httpStatusCode, 201)
  assert.equal(created.State, 'Pending')
  await waitUntilFunctionActiveV2({ client, maxWaitTime: 10 }, { FunctionName })
  const { Code, Configuration } = await client.send(new GetFunctionCommand({ FunctionName: arn }))
  assert.equal(Configuration?.FunctionArn, arn)
  const hash = createHash('sha256').update(await download(Code?.Location))
  assert.equal(hash.digest('base64'), Configuration?.CodeSha256)
  const update = { FunctionName, ZipFile: nodeZip('two') }
  const updated = await client.send(new UpdateFunctionCodeCommand(update))
  assert.equal(updated.LastUpdateStatus, 'InProgress')
  await waitUntilFunctionUpdatedV2({ client, maxWaitTime: 10 }, { FunctionName })
  const version = await client.send(new PublishVersionCommand({ FunctionName }))
  assert.equal(version.Version, '1')
  const published = { FunctionName, Qualifier: '1' }
  await waitUntilPublishedVersionActive({ client, maxWaitTime: 10 }, published)
  const alias = { FunctionName, Name: 'prod', FunctionVersion: '1' }
  const made = await client.send(new CreateAliasCommand(alias))
  assert.equal(made.AliasArn, `${arn}:prod`)
  await client.send(new TagResourceCommand({ Resource: arn, Tags: { a: '1', b: '2' } }))
  await client.send(new UntagResourceCommand({ Resource: arn, TagKeys: ['a'] }))
  const { Tags } = await client.send(new ListTagsCommand({ Resource: arn }))
  assert.deepEqual(Tags, { b: '2' })
  const permission = {
    FunctionName,
    StatementId: 's3',
    Action: 'lambda:InvokeFunction',
    Principal: 's3.amazonaws.com',
    Qualifier: 'prod',
  }
  await client.send(new AddPermissionCommand(permission))
  const policy = await client.send(new GetPolicyCommand({ FunctionName, Qualifier: 'prod' }))
  assert.equal(JSON.parse(policy.Policy ?? '').Statement[0].Resource, `${arn}:prod`)
  const reserve = { FunctionName, ReservedConcurrentExecutions: 5 }
  const reserved = await client.send(new PutFunctionConcurrencyCommand(reserve))
  assert.equal(reserved.ReservedConcurrentExecutions, 5)
  const { Versions } = await client.send(new ListVersionsByFunctionCommand({ FunctionName }))
  assert.deepEqual(
    Versions?.map((item) => item.Version),
    ['$LATEST', '1'],
  )
  await client.send(new GetFunctionCodeSigningConfigCommand({ FunctionName }))
  const deleted = await client.send(new DeleteFunctionCommand({ FunctionName }))
  assert.equal(deleted.$metadata.httpStatusCode, 204)
  await assert.rejects(client.send(new GetFunctionCommand({ FunctionName })), {
    name: 'ResourceNotFoundException',
    message: `Function not found: ${arn}`,
    Type: 'User',
  })
})

test('errors arrive as the client knows them', async () => {
  const valid = newFunction('refused')
  const cases: [object, string, number, RegExp][] = [
    [{ Role: 'admin' }, 'ValidationException', 400, /at 'role' failed to satisfy constraint/],
    [{ Runtime: 'cobol' }, 'InvalidParameterValueException', 400, /^Value cobol at 'runtime'/],
    [
      { Code: { ZipFile: Buffer.from('x') } },
      'InvalidParameterValueException',
      400,
      /^Could not unzip/,
    ],
    [
      { MemorySize: 64 },
      'ValidationException',
      400,
      /at 'memorySize' failed to satisfy constraint/,
    ],
    [
      { Environment: { Variables: { '1A': '' } } },
      'ValidationException',
      400,
      /at 'environment.variables' failed to satisfy constraint/,
    ],
  ]
  for (const [change, name, status, message] of cases) {
    const command = new CreateFunctionCommand({ ...valid, ...change })
    await assert.rejects(client.send(command), (error: Error & { $metadata?: object }) => {
      assert.equal(error.name, name)
      assert.match(error.message, message)
      assert.deepEqual(
        error.$metadata && 'httpStatusCode' in error.$metadata && error.$metadata.httpStatusCode,
        status,
      )
      return true
    })
  }
})

test('a layer is published, downloaded and found by its ARN', async () => {
  const ZipFile = buildZip([{ name: 'nodejs/x.js', content: '1' }])
  const published = await client.send(
    new PublishLayerVersionCommand({ LayerName: 'tools', Content: { ZipFile } }),
  )
  assert.equal(published.$metadata.httpStatusCode, 201)
  const Arn = published.LayerVersionArn ?? ''
  const found = await client.send(new GetLayerVersionByArnCommand({ Arn }))
  assert.equal(found.Content?.CodeSha256, published.Content?.CodeSha256)
  assert.deepEqual(await download(found.Content?.Location), ZipFile)
})
