import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { lambdaLimits } from '../../../src/config.ts'
import { catalogue, newFunction, nodeZip, openHarness, place, role } from './harness.ts'

const arn = 'arn:aws:lambda:eu-west-1:123456789012:function:hello'

test('CreateFunction refuses in AWS words what the service model does not', async (t) => {
  await using harness = await openHarness()
  const { call } = harness
  const valid = newFunction('hello')
  const runtimes = catalogue.list().map((runtime) => runtime.name)
  const prefix =
    'Lambda was unable to configure your environment variables because the environment variables you have provided'
  const long = { LONG: 'x'.repeat(4090) }
  const cases: [string, object, string][] = [
    [
      'no runtime',
      { Runtime: undefined },
      'Runtime and Handler are mandatory parameters for functions created with deployment packages.',
    ],
    [
      'unknown runtime',
      { Runtime: 'cobol' },
      `Value cobol at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: [${runtimes.join(', ')}] or be a valid ARN`,
    ],
    ['no code', { Code: {} }, 'Please provide a source for function code.'],
    [
      'two codes',
      { Code: { ZipFile: nodeZip(), S3Bucket: 'b' } },
      'Please do not provide other FunctionCode parameters when providing a ZipFile.',
    ],
    ['empty zip', { Code: { ZipFile: new Uint8Array() } }, 'Uploaded file must be a non-empty zip'],
    [
      'no zip',
      { Code: { ZipFile: Buffer.from('hello') } },
      'Could not unzip uploaded file. Please check your file, then try to upload again.',
    ],
    [
      'reserved variables',
      { Environment: { Variables: { AWS_REGION: 'a', X: 'b', LAMBDA_TASK_ROOT: 'c' } } },
      `${prefix} contains reserved keys that are currently not supported for modification. Reserved keys used in this request: AWS_REGION, LAMBDA_TASK_ROOT`,
    ],
    [
      'large environment',
      { Environment: { Variables: long } },
      `${prefix} exceeded the 4KB limit. String measured: ${JSON.stringify(long)}`,
    ],
    [
      'too much memory',
      { MemorySize: 10_241 },
      "'MemorySize' value failed to satisfy constraint: Member must have value less than or equal to 10240",
    ],
    [
      'long name',
      { FunctionName: 'x'.repeat(65) },
      `1 validation error detected: Value '${'x'.repeat(65)}' at 'functionName' failed to satisfy constraint: Member must have length less than or equal to 64`,
    ],
    [
      'SnapStart without Java',
      { SnapStart: { ApplyOn: 'PublishedVersions' } },
      'nodejs24.x is not supported for SnapStart enabled functions.',
    ],
    [
      'unsupported feature',
      { DurableConfig: { ExecutionTimeout: 60 } },
      'The parameter DurableConfig is not supported by this service yet.',
    ],
    [
      'unknown layer',
      { Layers: ['arn:aws:lambda:eu-west-1:123456789012:layer:tools:1'] },
      'Layer version arn:aws:lambda:eu-west-1:123456789012:layer:tools:1 does not exist.',
    ],
    [
      'six layers',
      { Layers: Array(6).fill('arn:aws:lambda:eu-west-1:123456789012:layer:tools:1') },
      'Cannot reference more than 5 layers.',
    ],
  ]
  for (const [name, change, message] of cases) {
    await t.test(name, async () => {
      await assert.rejects(call('CreateFunction', { ...valid, ...change }), {
        name: 'InvalidParameterValueException',
        status: 400,
        message,
      })
    })
  }
  await assert.rejects(call('CreateFunction', { ...valid, Timeout: 901 }), {
    name: 'ValidationException',
    message:
      "1 validation error detected: Value '901' at 'timeout' failed to satisfy constraint: Member must have value less than or equal to 900",
  })
  const tooLarge = [
    [lambdaLimits.maxZippedBytes + 1, 'Zipped size must be smaller than 52428800 bytes'],
    [53_000_000, 'Request must be smaller than 70167211 bytes for the CreateFunction operation'],
  ] as const
  for (const [sizeBytes, message] of tooLarge) {
    const Code = { ZipFile: Buffer.alloc(sizeBytes) }
    await assert.rejects(call('CreateFunction', { ...valid, Code }), {
      name: 'RequestEntityTooLargeException',
      status: 413,
      message,
    })
  }
  assert.deepEqual(await call('ListFunctions', {}), { Functions: [] })
})

test('CreateFunction makes a function once, also when asked twice at the same time', async () => {
  await using harness = await openHarness()
  const { call } = harness
  const answers = await Promise.allSettled([
    call('CreateFunction', newFunction('hello', 'exports.handler = 1')),
    call('CreateFunction', newFunction('hello', 'exports.handler = 2')),
  ])
  const refused = answers.filter((answer) => answer.status === 'rejected')
  assert.equal(refused.length, 1)
  await assert.rejects(call('CreateFunction', newFunction('hello')), {
    name: 'ResourceConflictException',
    status: 409,
    message: 'Function already exist: hello',
  })
})

test('CreateFunction takes old runtimes and those that nothing here can serve', async () => {
  await using harness = await openHarness()
  const { call } = harness
  await call('CreateFunction', { ...newFunction('old'), Runtime: 'nodejs6.10' })
  const { Configuration } = await call('GetFunction', { FunctionName: 'old' })
  assert.equal(Configuration?.Runtime, 'nodejs6.10')
  assert.equal(Configuration?.RuntimeVersionConfig, undefined)
})

test('UpdateFunctionConfiguration changes what is named and resets what is empty', async () => {
  await using harness = await openHarness()
  const { call, clock } = harness
  await call('CreateFunction', {
    ...newFunction('hello'),
    Description: 'first',
    Environment: { Variables: { A: '1' } },
    KMSKeyArn: 'arn:aws:kms:eu-west-1:123456789012:key/k',
    DeadLetterConfig: { TargetArn: 'arn:aws:sqs:eu-west-1:123456789012:q' },
    VpcConfig: { SubnetIds: ['subnet-1'], SecurityGroupIds: ['sg-1'] },
    LoggingConfig: { LogFormat: 'JSON', LogGroup: '/own' },
  })
  clock.nowMs += 1_500
  const answer = await call('UpdateFunctionConfiguration', {
    FunctionName: 'hello',
    Timeout: 30,
    MemorySize: 256,
    KMSKeyArn: '',
    DeadLetterConfig: { TargetArn: '' },
  })
  assert.equal(answer.State, 'Active')
  assert.equal(answer.LastUpdateStatus, 'InProgress')
  assert.equal(answer.LastUpdateStatusReason, 'The function is being created.')
  const settled = await call('GetFunctionConfiguration', { FunctionName: 'hello' })
  assert.equal(settled.LastUpdateStatus, 'Successful')
  assert.equal(settled.LastModified, '2026-11-20T12:00:01.500+0000')
  assert.equal(settled.Timeout, 30)
  assert.equal(settled.MemorySize, 256)
  assert.equal(settled.Description, 'first')
  assert.deepEqual(settled.Environment, { Variables: { A: '1' } })
  assert.ok(!('KMSKeyArn' in settled))
  assert.ok(!('DeadLetterConfig' in settled))
  assert.deepEqual(settled.VpcConfig, {
    SubnetIds: ['subnet-1'],
    SecurityGroupIds: ['sg-1'],
    VpcId: '',
    Ipv6AllowedForDualStack: false,
  })
  assert.deepEqual(settled.LoggingConfig, {
    LogFormat: 'JSON',
    ApplicationLogLevel: 'INFO',
    SystemLogLevel: 'INFO',
    LogGroup: '/own',
  })
  await call('UpdateFunctionConfiguration', {
    FunctionName: 'hello',
    Environment: {},
    LoggingConfig: { LogFormat: 'Text' },
  })
  const emptied = await call('GetFunctionConfiguration', { FunctionName: 'hello' })
  assert.deepEqual(emptied.Environment, { Variables: {} })
  assert.deepEqual(emptied.LoggingConfig, { LogFormat: 'Text', LogGroup: '/own' })
})

test('both updates compare RevisionId and know when there is no function', async () => {
  await using harness = await openHarness()
  const { call } = harness
  await call('CreateFunction', newFunction('hello'))
  const stale = { FunctionName: 'hello', RevisionId: 'stale' }
  const refusal = {
    name: 'PreconditionFailedException',
    status: 412,
    message:
      'The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to retrieve the latest Revision Id',
  }
  await assert.rejects(call('UpdateFunctionConfiguration', stale), refusal)
  await assert.rejects(call('UpdateFunctionCode', { ...stale, ZipFile: nodeZip('2') }), refusal)
  const { RevisionId } = await call('GetFunctionConfiguration', { FunctionName: 'hello' })
  const fresh = { FunctionName: 'hello', RevisionId }
  await call('UpdateFunctionCode', { ...fresh, ZipFile: nodeZip('2') })
  await assert.rejects(call('UpdateFunctionConfiguration', fresh), refusal)
  const missing = { FunctionName: 'other', ZipFile: nodeZip() }
  const notFound = {
    name: 'ResourceNotFoundException',
    message: `Function not found: ${arn.replace('hello', 'other')}`,
  }
  await assert.rejects(call('UpdateFunctionCode', missing), notFound)
  await assert.rejects(call('UpdateFunctionConfiguration', missing), notFound)
})

test('of two code updates at once one wins and the other is told so', async () => {
  await using harness = await openHarness()
  const { call } = harness
  await call('CreateFunction', newFunction('hello'))
  const answers = await Promise.allSettled([
    call('UpdateFunctionCode', { FunctionName: 'hello', ZipFile: nodeZip('one') }),
    call('UpdateFunctionCode', { FunctionName: 'hello', ZipFile: nodeZip('two') }),
  ])
  const refused = answers.find((answer) => answer.status === 'rejected')
  const winner = answers.find((answer) => answer.status === 'fulfilled')
  assert.equal(refused?.reason.name, 'ResourceConflictException')
  assert.equal(
    refused?.reason.message,
    `The operation cannot be performed at this time. An update is in progress for resource: ${arn}`,
  )
  const { CodeSha256 } = await call('GetFunctionConfiguration', { FunctionName: 'hello' })
  assert.equal(winner?.value.CodeSha256, CodeSha256)
})

test('UpdateFunctionCode is what the next lookup finds; DryRun changes nothing', async () => {
  await using harness = await openHarness()
  const { call, lambda } = harness
  const changed: string[] = []
  using _listener = lambda.onChange((version) => changed.push(version))
  await call('CreateFunction', newFunction('hello', 'first'))
  const before = await lambda.targets.resolve(place, 'hello', undefined).version
  changed.length = 0
  const dry = await call('UpdateFunctionCode', {
    FunctionName: 'hello',
    ZipFile: nodeZip('second'),
    DryRun: true,
  })
  assert.equal(
    (await lambda.targets.resolve(place, 'hello', undefined).version).revisionId,
    before.revisionId,
  )
  assert.deepEqual(changed, [])
  const wet = await call('UpdateFunctionCode', {
    FunctionName: 'hello',
    ZipFile: nodeZip('second'),
    Architectures: ['arm64'],
  })
  assert.equal(dry.CodeSha256, wet.CodeSha256)
  assert.deepEqual(wet.Architectures, ['arm64'])
  const after = await lambda.targets.resolve(place, 'hello', undefined).version
  assert.notEqual(after.revisionId, before.revisionId)
  assert.equal(await readFile(join(after.codePath, 'index.js'), 'utf8'), 'second')
  assert.deepEqual(changed, [`${arn}:$LATEST`])
  await assert.rejects(call('UpdateFunctionCode', { FunctionName: 'hello', ImageUri: 'x' }), {
    message: "Please don't provide ImageUri when updating a function with packageType Zip.",
  })
})

test('tags come and go without draining what runs', async () => {
  await using harness = await openHarness()
  const { call, lambda } = harness
  await call('CreateFunction', { ...newFunction('hello'), Tags: { a: '1' } })
  const before = await lambda.targets.resolve(place, 'hello', undefined).version
  const { RevisionId } = await call('GetFunctionConfiguration', { FunctionName: 'hello' })
  await call('TagResource', { Resource: arn, Tags: { b: '2', c: '3' } })
  await call('UntagResource', { Resource: arn, TagKeys: ['a', 'x'] })
  assert.deepEqual(await call('ListTags', { Resource: arn }), { Tags: { b: '2', c: '3' } })
  assert.deepEqual((await call('GetFunction', { FunctionName: 'hello' })).Tags, { b: '2', c: '3' })
  const after = await call('GetFunctionConfiguration', { FunctionName: 'hello' })
  assert.notEqual(after.RevisionId, RevisionId)
  assert.equal(lambda.targets.resolve(place, 'hello', undefined).version, before)
  await assert.rejects(call('TagResource', { Resource: `${arn}:1`, Tags: { a: '1' } }), {
    message:
      'Tags on function aliases and versions are not supported. Please specify a function ARN.',
  })
  const many = Object.fromEntries(Array.from({ length: 49 }, (_, n) => [`k${n}`, '']))
  await assert.rejects(call('TagResource', { Resource: arn, Tags: many }), {
    message: 'Number of tags exceeds resource tag limit.',
  })
})

test('ListFunctions goes through all functions, page by page, by name', async () => {
  await using harness = await openHarness()
  const { call } = harness
  const names = ['a', 'a-b', 'a_c', 'b', 'B']
  for (const name of names) await call('CreateFunction', newFunction(name))
  const found: string[] = []
  let Marker: string | undefined
  do {
    const page = await call('ListFunctions', { MaxItems: 2, Marker })
    assert.ok((page.Functions?.length ?? 0) <= 2)
    found.push(...(page.Functions ?? []).map((item) => item.FunctionName ?? ''))
    Marker = page.NextMarker
  } while (Marker !== undefined)
  assert.deepEqual(found, names.toSorted())
  const [first] = (await call('ListFunctions', { MaxItems: 1 })).Functions ?? []
  assert.equal(first?.State, undefined)
  assert.equal(first?.RuntimeVersionConfig, undefined)
  assert.equal(first?.Role, role)
  await assert.rejects(call('ListFunctions', { Marker: '!' }), {
    name: 'InvalidParameterValueException',
  })
})
