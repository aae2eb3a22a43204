import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newFunction, nodeZip, openHarness, place } from './harness.ts'

const arn = 'arn:aws:lambda:eu-west-1:123456789012:function:hello'
const FunctionName = 'hello'

test('PublishVersion numbers versions and repeats itself while nothing changed', async () => {
  await using harness = await openHarness()
  const { call } = harness
  await call('CreateFunction', newFunction('hello'))
  const first = await call('PublishVersion', { FunctionName, Description: 'one' })
  assert.equal(first.Version, '1')
  assert.equal(first.FunctionArn, `${arn}:1`)
  assert.equal(first.State, 'Active')
  assert.equal(first.LastUpdateStatus, 'Successful')
  assert.equal(first.Description, 'one')
  const read = await call('GetFunctionConfiguration', { FunctionName, Qualifier: '1' })
  assert.equal(first.RevisionId, read.RevisionId)
  const again = await call('PublishVersion', { FunctionName, Description: 'two' })
  assert.equal(again.Version, '1')
  assert.equal(again.State, 'Active')
  assert.equal(again.Description, 'one')
  await call('UpdateFunctionConfiguration', { FunctionName, Timeout: 9 })
  const second = await call('PublishVersion', { FunctionName })
  assert.equal(second.Version, '2')
  assert.equal(second.Timeout, 9)
  const old = await call('GetFunctionConfiguration', { FunctionName, Qualifier: '1' })
  assert.equal(old.Timeout, 3)
  assert.equal(old.FunctionArn, `${arn}:1`)
  await call('DeleteFunction', { FunctionName, Qualifier: '2' })
  const third = await call('PublishVersion', { FunctionName })
  assert.equal(third.Version, '3')
})

test('PublishVersion compares code and revision', async () => {
  await using harness = await openHarness()
  const { call } = harness
  const { CodeSha256 } = await call('CreateFunction', newFunction('hello'))
  await assert.rejects(call('PublishVersion', { FunctionName, CodeSha256: 'other' }), {
    name: 'InvalidParameterValueException',
    message:
      `CodeSHA256 (other) is different from current CodeSHA256 in $LATEST (${CodeSha256}). ` +
      'Please try again with the CodeSHA256 in $LATEST.',
  })
  await assert.rejects(call('PublishVersion', { FunctionName, RevisionId: 'other' }), {
    name: 'PreconditionFailedException',
  })
  const { RevisionId } = await call('GetFunctionConfiguration', { FunctionName })
  const version = await call('PublishVersion', { FunctionName, CodeSha256, RevisionId })
  assert.equal(version.Version, '1')
})

test('Publish with CreateFunction and UpdateFunctionCode makes versions', async () => {
  await using harness = await openHarness()
  const { call, lambda } = harness
  const created = await call('CreateFunction', { ...newFunction('hello'), Publish: true })
  assert.equal(created.Version, '1')
  assert.equal(created.FunctionArn, arn)
  assert.equal((await call('PublishVersion', { FunctionName })).Version, '1')
  const updated = await call('UpdateFunctionCode', {
    FunctionName,
    ZipFile: nodeZip('two'),
    Publish: true,
  })
  assert.equal(updated.Version, '2')
  assert.equal(updated.FunctionArn, `${arn}:2`)
  const one = await lambda.targets.resolve(place, 'hello:1', undefined).version
  const two = await lambda.targets.resolve(place, 'hello', '2').version
  assert.equal(one.version, '1')
  assert.equal(two.version, '2')
  assert.notEqual(one.codePath, two.codePath)
})

test('versions are listed after $LATEST in order of their numbers, page by page', async () => {
  await using harness = await openHarness()
  const { call } = harness
  await call('CreateFunction', newFunction('hello'))
  await call('CreateFunction', { ...newFunction('zero'), Publish: true })
  const expected = ['$LATEST']
  for (let number = 1; number <= 11; number += 1) {
    await call('UpdateFunctionConfiguration', { FunctionName, Timeout: number })
    const { Version = '' } = await call('PublishVersion', { FunctionName })
    expected.push(Version)
  }
  assert.equal(expected.at(-1), '11')
  for (const MaxItems of [1, 3, 12, 50]) {
    const found: string[] = []
    let Marker: string | undefined
    do {
      const page = await call('ListVersionsByFunction', { FunctionName, MaxItems, Marker })
      found.push(...(page.Versions ?? []).map((item) => item.Version ?? ''))
      Marker = page.NextMarker
    } while (Marker !== undefined)
    assert.deepEqual(found, expected, `MaxItems ${MaxItems}`)
  }
  const all: string[] = []
  let Marker: string | undefined
  do {
    const page = await call('ListFunctions', { FunctionVersion: 'ALL', MaxItems: 5, Marker })
    all.push(...(page.Functions ?? []).map((item) => item.FunctionArn ?? ''))
    Marker = page.NextMarker
  } while (Marker !== undefined)
  const zero = arn.replace('hello', 'zero')
  assert.deepEqual(all, [
    ...expected.map((version) => `${arn}:${version}`),
    `${zero}:$LATEST`,
    `${zero}:1`,
  ])
})

test('aliases are made, read, changed, listed and deleted', async () => {
  await using harness = await openHarness()
  const { call } = harness
  await call('CreateFunction', { ...newFunction('hello'), Publish: true })
  const { RevisionId, ...created } = await call('CreateAlias', {
    FunctionName,
    Name: 'prod',
    FunctionVersion: '1',
  })
  assert.deepEqual(created, {
    AliasArn: `${arn}:prod`,
    Name: 'prod',
    FunctionVersion: '1',
    Description: '',
  })
  assert.deepEqual(await call('GetAlias', { FunctionName, Name: 'prod' }), {
    ...created,
    RevisionId,
  })
  await assert.rejects(
    call('CreateAlias', { FunctionName, Name: 'prod', FunctionVersion: '$LATEST' }),
    { name: 'ResourceConflictException', message: `Alias already exists: ${arn}:prod` },
  )
  await assert.rejects(call('CreateAlias', { FunctionName, Name: 'x', FunctionVersion: '7' }), {
    name: 'ResourceNotFoundException',
    message: `Function not found: ${arn}:7`,
  })
  await assert.rejects(call('UpdateAlias', { FunctionName, Name: 'prod', RevisionId: 'no' }), {
    name: 'PreconditionFailedException',
  })
  const changed = await call('UpdateAlias', {
    FunctionName,
    Name: 'prod',
    FunctionVersion: '$LATEST',
    RevisionId,
  })
  assert.notEqual(changed.RevisionId, RevisionId)
  await call('CreateAlias', { FunctionName, Name: 'beta', FunctionVersion: '1' })
  const names = (list: { Aliases?: { Name?: string | undefined }[] | undefined }) =>
    list.Aliases?.map((alias) => alias.Name)
  assert.deepEqual(names(await call('ListAliases', { FunctionName })), ['beta', 'prod'])
  const filtered = await call('ListAliases', { FunctionName, FunctionVersion: '1' })
  assert.deepEqual(names(filtered), ['beta'])
  await call('DeleteAlias', { FunctionName, Name: 'prod' })
  await assert.rejects(call('GetAlias', { FunctionName, Name: 'prod' }), {
    name: 'ResourceNotFoundException',
    message: `Cannot find alias arn: ${arn}:prod`,
  })
  const byAlias = await call('GetFunction', { FunctionName, Qualifier: 'beta' })
  assert.equal(byAlias.Configuration?.FunctionArn, `${arn}:beta`)
  assert.equal(byAlias.Configuration?.Version, '1')
})

test('a weighted alias draws a version for every call, and its rules are kept', async () => {
  let drawn = 0
  await using harness = await openHarness({ fraction: () => drawn })
  const { call, lambda } = harness
  await call('CreateFunction', { ...newFunction('hello'), Publish: true })
  await call('UpdateFunctionCode', { FunctionName, ZipFile: nodeZip('two'), Publish: true })
  const weights = (AdditionalVersionWeights: Record<string, number>) => ({
    FunctionName,
    Name: 'prod',
    FunctionVersion: '1',
    RoutingConfig: { AdditionalVersionWeights },
  })
  const cases: [Record<string, number>, string][] = [
    [{ 1: 0.5 }, 'InvalidParameterValueException'],
    [{ 2: 0.5, 3: 0.1 }, 'InvalidParameterValueException'],
    [{ $LATEST: 0.5 }, 'InvalidParameterValueException'],
    [{ 2: 1.5 }, 'ValidationException'],
    [{ beta: 0.5 }, 'ValidationException'],
    [{ 9: 0.5 }, 'ResourceNotFoundException'],
  ]
  for (const [given, name] of cases) {
    await assert.rejects(call('CreateAlias', weights(given)), { name }, JSON.stringify(given))
  }
  const ofLatest = { ...weights({ 2: 0.5 }), FunctionVersion: '$LATEST' }
  await assert.rejects(call('CreateAlias', ofLatest), {
    name: 'InvalidParameterValueException',
    fields: { Type: undefined },
    message: '$LATEST is not supported for an alias pointing to more than 1 version',
  })
  await call('CreateAlias', weights({ 2: 0.25 }))
  const versionOf = async () =>
    (await lambda.targets.resolve(place, 'hello', 'prod').version).version
  drawn = 0.24
  assert.equal(await versionOf(), '2')
  drawn = 0.25
  assert.equal(await versionOf(), '1')
  assert.equal(lambda.targets.resolve(place, 'hello:prod', '').invokedArn, `${arn}:prod`)
  await assert.rejects(call('DeleteFunction', { FunctionName, Qualifier: '2' }), {
    name: 'ResourceConflictException',
    message: 'Unable to delete version because the following aliases reference it: [prod]',
  })
  await call('UpdateAlias', { FunctionName, Name: 'prod', FunctionVersion: '2', RoutingConfig: {} })
  assert.equal(await versionOf(), '2')
  await call('DeleteFunction', { FunctionName, Qualifier: '1' })
  assert.throws(() => lambda.targets.resolve(place, 'hello', '1'), { status: 404 })
})

test('neither $LATEST nor an alias is deleted with a qualifier', async () => {
  await using harness = await openHarness()
  const { call } = harness
  await call('CreateFunction', newFunction('hello'))
  await assert.rejects(call('DeleteFunction', { FunctionName, Qualifier: '$LATEST' }), {
    name: 'InvalidParameterValueException',
    message: '$LATEST version cannot be deleted without deleting the function.',
  })
  await assert.rejects(call('DeleteFunction', { FunctionName, Qualifier: 'prod' }), {
    name: 'InvalidParameterValueException',
    message: 'Deletion of aliases is not currently supported.',
  })
  assert.deepEqual(await call('DeleteFunction', { FunctionName, Qualifier: '9' }), {
    StatusCode: 204,
  })
})
