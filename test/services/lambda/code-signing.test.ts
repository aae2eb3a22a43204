/** Code signing configs and runtime management, through the JavaScript SDK and the wire. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import {
  CreateCodeSigningConfigCommand,
  CreateFunctionCommand,
  DeleteCodeSigningConfigCommand,
  DeleteFunctionCodeSigningConfigCommand,
  DeleteFunctionCommand,
  GetCodeSigningConfigCommand,
  GetFunctionCodeSigningConfigCommand,
  GetFunctionCommand,
  GetFunctionScalingConfigCommand,
  GetRuntimeManagementConfigCommand,
  ListCodeSigningConfigsCommand,
  ListFunctionsByCodeSigningConfigCommand,
  ListTagsCommand,
  PublishLayerVersionCommand,
  PublishVersionCommand,
  PutFunctionCodeSigningConfigCommand,
  PutFunctionScalingConfigCommand,
  PutRuntimeManagementConfigCommand,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateCodeSigningConfigCommand,
  UpdateFunctionCodeCommand,
  UpdateFunctionConfigurationCommand,
} from '@aws-sdk/client-lambda'
import { openServer, owner } from '../../support/in-process.ts'
import { newFunction, nodeZip } from './harness.ts'

const { client, close } = await openServer({}, owner)

after(close)

const publisher = 'arn:aws:signer:eu-west-1:123456789012:/signing-profiles/MyProfile/AbCdEfGhIj'
const AllowedPublishers = { SigningProfileVersionArns: [publisher] }
const absentArn = `arn:aws:lambda:eu-west-1:123456789012:code-signing-config:csc-${'0'.repeat(17)}`
const arnOf = (name: string) => `arn:aws:lambda:eu-west-1:123456789012:function:${name}`
const unverified = (name: string) => ({
  name: 'CodeVerificationFailedException',
  message:
    'Lambda cannot deploy the function. The function or layer might be signed using a signature that the client ' +
    `is not configured to accept. Check the provided signature for ${name}.`,
})

async function createConfig(policy?: 'Warn' | 'Enforce') {
  const { CodeSigningConfig: config } = await client.send(
    new CreateCodeSigningConfigCommand({
      AllowedPublishers,
      ...(policy && { CodeSigningPolicies: { UntrustedArtifactOnDeployment: policy } }),
    }),
  )
  assert.ok(config?.CodeSigningConfigArn)
  return { ...config, CodeSigningConfigArn: config.CodeSigningConfigArn }
}

test('a code signing config is created, read, updated, tagged, listed and deleted', async () => {
  const { $metadata, CodeSigningConfig: created } = await client.send(
    new CreateCodeSigningConfigCommand({
      AllowedPublishers,
      Description: 'ours',
      Tags: { team: 'a' },
    }),
  )
  assert.equal($metadata.httpStatusCode, 201)
  const { CodeSigningConfigArn = '', CodeSigningConfigId = '', LastModified } = created ?? {}
  assert.match(CodeSigningConfigId, /^csc-[a-z0-9]{17}$/)
  assert.deepEqual(created, {
    CodeSigningConfigId,
    CodeSigningConfigArn: `arn:aws:lambda:eu-west-1:123456789012:code-signing-config:${CodeSigningConfigId}`,
    Description: 'ours',
    AllowedPublishers,
    CodeSigningPolicies: { UntrustedArtifactOnDeployment: 'Warn' },
    LastModified,
  })
  const got = await client.send(new GetCodeSigningConfigCommand({ CodeSigningConfigArn }))
  assert.deepEqual(got.CodeSigningConfig, created)

  const Resource = CodeSigningConfigArn
  await client.send(new TagResourceCommand({ Resource, Tags: { cost: '1' } }))
  await client.send(new UntagResourceCommand({ Resource, TagKeys: ['team'] }))
  assert.deepEqual((await client.send(new ListTagsCommand({ Resource }))).Tags, { cost: '1' })

  const updated = await client.send(
    new UpdateCodeSigningConfigCommand({
      CodeSigningConfigArn,
      CodeSigningPolicies: { UntrustedArtifactOnDeployment: 'Enforce' },
    }),
  )
  assert.equal(
    updated.CodeSigningConfig?.CodeSigningPolicies?.UntrustedArtifactOnDeployment,
    'Enforce',
  )
  assert.equal(updated.CodeSigningConfig?.Description, 'ours')

  const unversioned = 'arn:aws:signer:eu-west-1:123456789012:/signing-profiles/test'
  const { CodeSigningConfig: other } = await client.send(
    new CreateCodeSigningConfigCommand({
      AllowedPublishers: { SigningProfileVersionArns: [unversioned] },
    }),
  )
  assert.deepEqual(other?.AllowedPublishers?.SigningProfileVersionArns, [unversioned])
  const arns: string[] = []
  let Marker: string | undefined
  do {
    const page = await client.send(new ListCodeSigningConfigsCommand({ MaxItems: 1, Marker }))
    arns.push(...(page.CodeSigningConfigs ?? []).map((config) => config.CodeSigningConfigArn ?? ''))
    Marker = page.NextMarker
  } while (Marker !== undefined)
  assert.deepEqual(new Set(arns), new Set([CodeSigningConfigArn, other?.CodeSigningConfigArn]))
  assert.equal(arns.length, 2)

  await client.send(new DeleteCodeSigningConfigCommand({ CodeSigningConfigArn }))
  const gone = {
    name: 'ResourceNotFoundException',
    message: `The Lambda code signing configuration ${CodeSigningConfigArn} can not be found.`,
    Type: undefined,
  }
  const input = { CodeSigningConfigArn }
  await assert.rejects(client.send(new GetCodeSigningConfigCommand(input)), gone)
  await assert.rejects(client.send(new UpdateCodeSigningConfigCommand(input)), gone)
  await assert.rejects(client.send(new DeleteCodeSigningConfigCommand(input)), gone)
  await assert.rejects(client.send(new ListFunctionsByCodeSigningConfigCommand(input)), gone)
  await assert.rejects(
    client.send(
      new CreateCodeSigningConfigCommand({
        AllowedPublishers: { SigningProfileVersionArns: ['arn:aws:iam::123456789012:role/x'] },
      }),
    ),
    { name: 'InvalidParameterValueException' },
  )
})

test('Enforce refuses unsigned code and layers wherever they are deployed, Warn lets them pass', async () => {
  const FunctionName = 'signed'
  const { CodeSigningConfigArn } = await createConfig('Enforce')
  const create = new CreateFunctionCommand({ ...newFunction(FunctionName), CodeSigningConfigArn })
  await assert.rejects(client.send(create), unverified(FunctionName))
  await assert.rejects(client.send(new GetFunctionCommand({ FunctionName })), { name: /NotFound/ })

  await client.send(new CreateFunctionCommand(newFunction(FunctionName)))
  const put = new PutFunctionCodeSigningConfigCommand({ FunctionName, CodeSigningConfigArn })
  const { $metadata: _, ...answer } = await client.send(put)
  assert.deepEqual(answer, { CodeSigningConfigArn, FunctionName })
  const get = new GetFunctionCodeSigningConfigCommand({ FunctionName })
  assert.equal((await client.send(get)).CodeSigningConfigArn, CodeSigningConfigArn)

  const update = new UpdateFunctionCodeCommand({ FunctionName, ZipFile: nodeZip('// 2') })
  await assert.rejects(client.send(update), unverified(FunctionName))
  const layer = await client.send(
    new PublishLayerVersionCommand({ LayerName: 'unsigned', Content: { ZipFile: nodeZip() } }),
  )
  const addLayer = new UpdateFunctionConfigurationCommand({
    FunctionName,
    Layers: [layer.LayerVersionArn ?? ''],
  })
  await assert.rejects(client.send(addLayer), unverified(FunctionName))
  await client.send(new UpdateFunctionConfigurationCommand({ FunctionName, Timeout: 4 }))

  await client.send(
    new UpdateCodeSigningConfigCommand({
      CodeSigningConfigArn,
      CodeSigningPolicies: { UntrustedArtifactOnDeployment: 'Warn' },
    }),
  )
  await client.send(update)
  await client.send(addLayer)
  await client.send(
    new CreateFunctionCommand({ ...newFunction('also-signed'), CodeSigningConfigArn }),
  )

  const list = new ListFunctionsByCodeSigningConfigCommand({ CodeSigningConfigArn })
  const names = ['also-signed', FunctionName]
  assert.deepEqual((await client.send(list)).FunctionArns, names.map(arnOf))
  await assert.rejects(client.send(new DeleteCodeSigningConfigCommand({ CodeSigningConfigArn })), {
    name: 'ResourceConflictException',
  })
  await client.send(new DeleteFunctionCodeSigningConfigCommand({ FunctionName }))
  assert.equal((await client.send(get)).CodeSigningConfigArn, undefined)
  await client.send(new DeleteFunctionCommand({ FunctionName: 'also-signed' }))
  assert.deepEqual((await client.send(list)).FunctionArns, [])
  await client.send(new DeleteCodeSigningConfigCommand({ CodeSigningConfigArn }))
})

test('what is not there is said: the config first, then the function', async () => {
  const FunctionName = 'nobody'
  const missingConfig = {
    name: 'CodeSigningConfigNotFoundException',
    message: `The code signing configuration cannot be found. Check that the provided configuration is not deleted: ${absentArn}.`,
  }
  const put = { FunctionName, CodeSigningConfigArn: absentArn }
  await assert.rejects(client.send(new PutFunctionCodeSigningConfigCommand(put)), missingConfig)
  await assert.rejects(
    client.send(
      new CreateFunctionCommand({ ...newFunction('x'), CodeSigningConfigArn: absentArn }),
    ),
    missingConfig,
  )
  const { CodeSigningConfigArn } = await createConfig()
  const missingFunction = {
    name: 'ResourceNotFoundException',
    message: `Function not found: ${arnOf(FunctionName)}`,
  }
  const another = { FunctionName, CodeSigningConfigArn }
  for (const send of [
    () => client.send(new PutFunctionCodeSigningConfigCommand(another)),
    () => client.send(new GetFunctionCodeSigningConfigCommand({ FunctionName })),
    () => client.send(new DeleteFunctionCodeSigningConfigCommand({ FunctionName })),
  ]) {
    await assert.rejects(send, missingFunction)
  }
})

test('runtime management is kept by version, and Manual alone names a runtime version', async () => {
  const FunctionName = 'managed'
  await client.send(new CreateFunctionCommand(newFunction(FunctionName)))
  await client.send(new PublishVersionCommand({ FunctionName }))
  const RuntimeVersionArn = `arn:aws:lambda:eu-west-1::runtime:${'a'.repeat(64)}`
  const { $metadata: _, ...answer } = await client.send(
    new PutRuntimeManagementConfigCommand({
      FunctionName,
      Qualifier: '1',
      UpdateRuntimeOn: 'Manual',
      RuntimeVersionArn,
    }),
  )
  const manual = {
    UpdateRuntimeOn: 'Manual' as const,
    FunctionArn: `${arnOf(FunctionName)}:1`,
    RuntimeVersionArn,
  }
  assert.deepEqual(answer, manual)
  const read = async (Qualifier?: string) => {
    const command = new GetRuntimeManagementConfigCommand({ FunctionName, Qualifier })
    const { $metadata: __, ...rest } = await client.send(command)
    return rest
  }
  assert.deepEqual(await read('1'), manual)
  const FunctionArn = `${arnOf(FunctionName)}:$LATEST`
  assert.deepEqual(await read(), { UpdateRuntimeOn: 'Auto', FunctionArn })
  const put = (input: object) =>
    client.send(
      new PutRuntimeManagementConfigCommand({
        FunctionName,
        UpdateRuntimeOn: 'FunctionUpdate',
        ...input,
      }),
    )
  await put({})
  assert.deepEqual(await read('$LATEST'), { UpdateRuntimeOn: 'FunctionUpdate', FunctionArn })
  const refusal = { name: 'InvalidParameterValueException' }
  const change = (Runtime: 'nodejs24.x' | 'nodejs22.x') =>
    client.send(new UpdateFunctionConfigurationCommand({ FunctionName, Runtime }))
  await change('nodejs22.x')
  await put({ UpdateRuntimeOn: 'Manual', RuntimeVersionArn })
  await change('nodejs22.x')
  await assert.rejects(change('nodejs24.x'), {
    ...refusal,
    message: /^Cannot change runtime identifier when runtime management configuration is set/,
  })
  await put({ UpdateRuntimeOn: 'Auto' })
  await change('nodejs24.x')
  await assert.rejects(put({ UpdateRuntimeOn: 'Manual' }), refusal)
  await assert.rejects(put({ RuntimeVersionArn }), refusal)
  await assert.rejects(put({ Qualifier: 'live' }), refusal)
  await assert.rejects(put({ UpdateRuntimeOn: 'Never' }), { name: 'ValidationException' })
  await assert.rejects(put({ Qualifier: '7' }), {
    name: 'ResourceNotFoundException',
    message: `Function not found: ${arnOf(FunctionName)}:7`,
  })
})

test('PutFunctionScalingConfig and GetFunctionScalingConfig are for functions of a capacity provider', async () => {
  const FunctionName = 'scaled'
  await client.send(new CreateFunctionCommand({ ...newFunction(FunctionName), Publish: true }))
  const FunctionScalingConfig = { MinExecutionEnvironments: 1, MaxExecutionEnvironments: 2 }
  const named = { FunctionName, Qualifier: '1' }
  const refusal = {
    name: 'AccessDeniedException',
    message: 'The function provided by the arn does not contain a capacity provider configuration',
  }
  const put = new PutFunctionScalingConfigCommand({ ...named, FunctionScalingConfig })
  await assert.rejects(client.send(put), refusal)
  await assert.rejects(client.send(new GetFunctionScalingConfigCommand(named)), refusal)
  for (const missing of [
    { ...named, FunctionName: 'nobody' },
    { ...named, Qualifier: '9' },
  ]) {
    await assert.rejects(client.send(new GetFunctionScalingConfigCommand(missing)), {
      name: 'ResourceNotFoundException',
    })
  }
})
