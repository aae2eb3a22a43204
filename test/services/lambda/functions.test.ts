import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { newFunction, nodeZip, openHarness, place, role } from './harness.ts'

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
const arn = 'arn:aws:lambda:eu-west-1:123456789012:function:hello'

/** The configuration of the smallest function, settled. */
function smallest(codeSize: number, codeSha256: string) {
  return {
    FunctionName: 'hello',
    FunctionArn: arn,
    Runtime: 'nodejs24.x',
    Role: role,
    Handler: 'index.handler',
    CodeSize: codeSize,
    Description: '',
    Timeout: 3,
    MemorySize: 128,
    LastModified: '2026-11-20T12:00:00.000+0000',
    CodeSha256: codeSha256,
    Version: '$LATEST',
    TracingConfig: { Mode: 'PassThrough' },
    State: 'Active',
    LastUpdateStatus: 'Successful',
    PackageType: 'Zip',
    Architectures: ['x86_64'],
    EphemeralStorage: { Size: 512 },
    SnapStart: { ApplyOn: 'None', OptimizationStatus: 'Off' },
    RuntimeVersionConfig: {
      RuntimeVersionArn: `arn:aws:lambda:eu-west-1::runtime:${'0'.repeat(64)}`,
    },
    LoggingConfig: { LogFormat: 'Text', LogGroup: '/aws/lambda/hello' },
  }
}

test('CreateFunction answers Pending, and GetFunction the same function, Active', async () => {
  await using harness = await openHarness()
  const { call } = harness
  const zip = nodeZip()
  const sha256 = createHash('sha256').update(zip).digest('base64')
  const { RevisionId: first, ...created } = await call('CreateFunction', newFunction('hello'))
  const { LastUpdateStatus: _, ...expected } = smallest(zip.length, sha256)
  assert.deepEqual(created, {
    ...expected,
    State: 'Pending',
    StateReason: 'The function is being created.',
    StateReasonCode: 'Creating',
  })
  const { Configuration, ...rest } = await call('GetFunction', { FunctionName: 'hello' })
  const { RevisionId: second, ...settled } = Configuration ?? {}
  assert.deepEqual(settled, smallest(zip.length, sha256))
  assert.match(first ?? '', uuid)
  assert.match(second ?? '', uuid)
  assert.notEqual(first, second)
  const id = Buffer.from(sha256, 'base64').toString('hex')
  assert.deepEqual(rest, {
    Code: { RepositoryType: 'S3', Location: `http://127.0.0.1:4566/_lair/code/${id}?signed` },
  })
  assert.deepEqual(await readFile(harness.store.blobs.path(id)), zip)
})

test('resolve() finds a function as soon as it was created, by every form of name', async () => {
  await using harness = await openHarness()
  const { lambda, call } = harness
  await call('CreateFunction', newFunction('hello'))
  for (const name of ['hello', '123456789012:function:hello', arn]) {
    const target = lambda.targets.resolve(place, name, undefined)
    const version = await target.version
    assert.equal(target.invokedArn, arn)
    assert.equal(version.arn, `${arn}:$LATEST`)
    assert.equal(version.timeoutMs, 3000)
    const code = await readFile(join(version.codePath, 'index.js'), 'utf8')
    assert.equal(code, 'exports.handler = async () => 1')
  }
  const again = lambda.targets.resolve(place, 'hello', undefined)
  assert.ok(!(again.version instanceof Promise), 'the second lookup does not wait')
  assert.equal(lambda.targets.resolve(place, 'hello', '$LATEST').invokedArn, `${arn}:$LATEST`)
})

test('resolve() answers as Invoke does for what is not there', async () => {
  await using harness = await openHarness()
  const { targets } = harness.lambda
  const cases: [string, string | undefined, string, string][] = [
    ['hello', undefined, 'ResourceNotFoundException', `Function not found: ${arn}:$LATEST`],
    ['hello', '7', 'ResourceNotFoundException', `Function not found: ${arn}:7`],
    ['hello:prod', undefined, 'ResourceNotFoundException', `Function not found: ${arn}:prod`],
    [
      'hello:prod',
      'test',
      'InvalidParameterValueException',
      'The derived qualifier from the function name does not match the specified qualifier.',
    ],
    [
      arn.replace('eu-west-1', 'us-east-1'),
      undefined,
      'ResourceNotFoundException',
      "Functions from 'us-east-1' are not reachable in this region ('eu-west-1')",
    ],
    [
      arn.replace('123456789012', '210987654321'),
      undefined,
      'AccessDeniedException',
      'User: arn:aws:iam::123456789012:root is not authorized to perform: lambda:InvokeFunction on resource: ' +
        'arn:aws:lambda:eu-west-1:210987654321:function:hello because no resource-based policy allows the ' +
        'lambda:InvokeFunction action',
    ],
  ]
  for (const [name, qualifier, code, message] of cases) {
    assert.throws(() => targets.resolve(place, name, qualifier), { name: code, message })
  }
  assert.throws(() => targets.resolve(place, 'a b', undefined), { name: 'ValidationException' })
})

test('DeleteFunction takes all of it away, also from memory', async () => {
  await using harness = await openHarness()
  const { lambda, call, store } = harness
  const gone: string[] = []
  using _listener = lambda.onChange((changed) => gone.push(changed))
  await call('CreateFunction', { ...newFunction('hello'), Publish: true })
  await lambda.targets.resolve(place, 'hello', '1').version
  assert.deepEqual(await call('DeleteFunction', { FunctionName: 'hello' }), { StatusCode: 204 })
  assert.equal(store.documents.count('lambda/'), 0)
  assert.ok(gone.includes(arn))
  assert.throws(() => lambda.targets.resolve(place, 'hello', '1'), { status: 404 })
  await assert.rejects(call('DeleteFunction', { FunctionName: 'hello' }), {
    name: 'ResourceNotFoundException',
    message: `Function not found: ${arn}`,
  })
})
