import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { usedPackages } from '../../../src/services/lambda/used-packages.ts'
import { buildZip } from '../../support/raw-zip.ts'
import { context, newFunction, nodeZip, openHarness, place } from './harness.ts'

const arn = 'arn:aws:lambda:eu-west-1:123456789012:layer:tools'
const LayerName = 'tools'

function layer(files: Record<string, string>) {
  const entries = Object.entries(files).map(([name, content]) => ({ name, content }))
  return { ZipFile: buildZip(entries) }
}

test('PublishLayerVersion counts up, and every reader shows the same version', async () => {
  await using harness = await openHarness()
  const { call } = harness
  const Content = layer({ 'nodejs/a.js': '1' })
  const published = await call('PublishLayerVersion', {
    LayerName,
    Content,
    Description: 'tools',
    CompatibleRuntimes: ['nodejs24.x'],
    CompatibleArchitectures: ['x86_64'],
    LicenseInfo: 'MIT',
  })
  const { Location, CodeSha256, CodeSize } = published.Content ?? {}
  assert.match(Location ?? '', /^http:\/\/127\.0\.0\.1:4566\/_lair\/code\/[0-9a-f]{64}\?signed$/)
  assert.equal(CodeSize, Content.ZipFile.length)
  assert.deepEqual(published, {
    Content: { Location, CodeSha256, CodeSize },
    LayerArn: arn,
    LayerVersionArn: `${arn}:1`,
    Version: 1,
    Description: 'tools',
    CreatedDate: '2026-11-20T12:00:00.000+0000',
    CompatibleRuntimes: ['nodejs24.x'],
    CompatibleArchitectures: ['x86_64'],
    LicenseInfo: 'MIT',
  })
  assert.deepEqual(await call('GetLayerVersion', { LayerName, VersionNumber: 1 }), published)
  assert.deepEqual(await call('GetLayerVersion', { LayerName: arn, VersionNumber: 1 }), published)
  assert.deepEqual(await call('GetLayerVersionByArn', { Arn: `${arn}:1` }), published)
  await call('PublishLayerVersion', { LayerName, Content })
  await call('DeleteLayerVersion', { LayerName, VersionNumber: 2 })
  await call('DeleteLayerVersion', { LayerName, VersionNumber: 2 })
  const third = await call('PublishLayerVersion', { LayerName: arn, Content })
  assert.equal(third.Version, 3)
  await assert.rejects(call('GetLayerVersion', { LayerName, VersionNumber: 2 }), {
    name: 'ResourceNotFoundException',
    message: 'The resource you requested does not exist.',
  })
  await assert.rejects(call('GetLayerVersion', { LayerName, VersionNumber: 0 }), {
    message: 'Layer Version Cannot be less than 1',
  })
})

test('a list is filtered only by a runtime that there is', async () => {
  await using harness = await openHarness()
  const CompatibleRuntime = 'cobol'
  for (const answer of [
    harness.call('ListLayers', { CompatibleRuntime } as object),
    harness.call('ListLayerVersions', { LayerName, CompatibleRuntime } as never),
  ]) {
    await assert.rejects(answer, {
      name: 'ValidationException',
      message:
        /^1 validation error detected: Value 'cobol' at 'compatibleRuntime' failed to satisfy constraint: Member must satisfy enum value set: \[/,
    })
  }
})

test('layers and their versions are listed, the newest first, filtered and in pages', async () => {
  await using harness = await openHarness()
  const { call } = harness
  const Content = layer({ 'a.txt': '1' })
  for (let n = 0; n < 12; n += 1) {
    await call('PublishLayerVersion', {
      LayerName,
      Content,
      ...(n === 4 && { CompatibleRuntimes: ['python3.13'] }),
    })
  }
  await call('PublishLayerVersion', { LayerName: 'other', Content })
  const found: number[] = []
  let Marker: string | undefined
  do {
    const page = await call('ListLayerVersions', { LayerName, MaxItems: 5, Marker })
    found.push(...(page.LayerVersions ?? []).map((version) => version.Version ?? 0))
    Marker = page.NextMarker
  } while (Marker !== undefined)
  assert.deepEqual(found, [12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1])
  const { Layers = [] } = await call('ListLayers', {})
  assert.deepEqual(
    Layers.map((item) => [item.LayerName, item.LayerArn, item.LatestMatchingVersion?.Version]),
    [
      ['other', arn.replace('tools', 'other'), 1],
      ['tools', arn, 12],
    ],
  )
  const python = await call('ListLayers', { CompatibleRuntime: 'python3.13' })
  assert.deepEqual(
    python.Layers?.map((item) => item.LatestMatchingVersion?.LayerVersionArn),
    [`${arn}:5`],
  )
  assert.deepEqual(await call('ListLayerVersions', { LayerName: 'none' }), { LayerVersions: [] })
})

test('a function sees its layers merged in order, also after they were deleted', async () => {
  await using harness = await openHarness()
  const { call, lambda } = harness
  await call('PublishLayerVersion', {
    LayerName,
    Content: layer({ 'bin/tool': 'one', 'only/one': '1' }),
  })
  const over = await call('PublishLayerVersion', {
    LayerName: 'over',
    Content: layer({ 'bin/tool': 'two', 'only/two': '2' }),
  })
  const Layers = [`${arn}:1`, over.LayerVersionArn ?? '']
  const created = await call('CreateFunction', { ...newFunction('hello'), Layers })
  assert.deepEqual(
    created.Layers?.map((used) => used.Arn),
    Layers,
  )
  const version = await lambda.targets.resolve(place, 'hello', undefined).version
  const at = (name: string): string => join(version.layersPath ?? '', name)
  assert.equal(await readFile(at('bin/tool'), 'utf8'), 'two')
  assert.equal(await readFile(at('only/one'), 'utf8'), '1')
  assert.equal(await readFile(at('only/two'), 'utf8'), '2')
  await call('DeleteLayerVersion', { LayerName, VersionNumber: 1 })
  await call('UpdateFunctionConfiguration', { FunctionName: 'hello', Timeout: 5 })
  const later = await lambda.targets.resolve(place, 'hello', undefined).version
  assert.equal(later.layersPath, version.layersPath)
  await call('UpdateFunctionConfiguration', { FunctionName: 'hello', Layers: [] })
  const bare = await lambda.targets.resolve(place, 'hello', undefined).version
  assert.equal(bare.layersPath, undefined)
})

test('the packages in use are those of functions, versions and layers', async () => {
  await using harness = await openHarness()
  const { call, store } = harness
  const { documents } = store
  await call('PublishLayerVersion', { LayerName, Content: layer({ a: '1' }) })
  const Layers = [`${arn}:1`]
  await call('CreateFunction', { ...newFunction('hello', 'one'), Publish: true, Layers })
  await call('UpdateFunctionCode', { FunctionName: 'hello', ZipFile: nodeZip('two') })
  await call('DeleteLayerVersion', { LayerName, VersionNumber: 1 })
  assert.equal(documents.count('packages/'), 3)
  assert.equal((await usedPackages(documents)).size, 3)
  await call('DeleteFunction', { FunctionName: 'hello', Qualifier: '1' })
  assert.equal((await usedPackages(documents)).size, 2)
  await call('DeleteFunction', { FunctionName: 'hello' })
  assert.equal((await usedPackages(documents)).size, 0)
})

test('layers are refused that are missing, doubled, elsewhere or not shared', async () => {
  await using harness = await openHarness()
  const { call, lambda } = harness
  const Content = layer({ 'a.txt': '1' })
  await call('PublishLayerVersion', { LayerName, Content })
  await call('PublishLayerVersion', { LayerName, Content })
  const create = (Layers: string[]) => call('CreateFunction', { ...newFunction('hello'), Layers })
  await assert.rejects(create([`${arn}:1`, `${arn}:2`]), {
    message: `Two different versions of the same layer are not allowed to be referenced in the same function. ${arn}:1 and ${arn}:2 are versions of the same layer.`,
  })
  await assert.rejects(create([`${arn.replace('eu-west-1', 'us-east-1')}:1`]), {
    message:
      'Layers are not in the same region as the function. Layers are expected to be in region eu-west-1.',
  })
  await assert.rejects(create([arn]), { name: 'ValidationException' })
  const stranger = context({ accountId: '210987654321' })
  const createAs = () =>
    lambda.service.handlers.CreateFunction?.(
      { ...newFunction('hello'), Layers: [`${arn}:1`] },
      stranger,
    )
  await assert.rejects(async () => createAs(), {
    name: 'AccessDeniedException',
    message: `User: arn:aws:iam::210987654321:root is not authorized to perform: lambda:GetLayerVersion on resource: ${arn}:1 because no resource-based policy allows the lambda:GetLayerVersion action`,
  })
  const share = { LayerName, VersionNumber: 1, StatementId: 'all', Principal: '210987654321' }
  const { Statement = '', RevisionId } = await call('AddLayerVersionPermission', {
    ...share,
    Action: 'lambda:GetLayerVersion',
  })
  assert.deepEqual(JSON.parse(Statement), {
    Sid: 'all',
    Effect: 'Allow',
    Principal: { AWS: 'arn:aws:iam::210987654321:root' },
    Action: 'lambda:GetLayerVersion',
    Resource: `${arn}:1`,
  })
  assert.equal((await createAs())?.Layers?.[0]?.Arn, `${arn}:1`)
  const policy = await call('GetLayerVersionPolicy', { LayerName, VersionNumber: 1 })
  assert.equal(policy.RevisionId, RevisionId)
  assert.equal(JSON.parse(policy.Policy ?? '').Statement.length, 1)
  const remove = { LayerName, VersionNumber: 1, StatementId: 'all' }
  await assert.rejects(call('RemoveLayerVersionPermission', { ...remove, RevisionId: 'stale' }), {
    name: 'PreconditionFailedException',
  })
  await call('RemoveLayerVersionPermission', remove)
  await assert.rejects(call('GetLayerVersionPolicy', { LayerName, VersionNumber: 1 }), {
    message: 'No policy is associated with the given resource.',
  })
})
