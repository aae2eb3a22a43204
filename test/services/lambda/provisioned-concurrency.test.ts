/** Provisioned concurrency through the operations: texts and statuses of AWS, and what the fleet is told. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { platformFailure } from '../../../src/environment/failure.ts'
import { newFunction, openHarness, type Harness } from './harness.ts'

const FunctionName = 'f'

/** A function with versions 1 and 2 and an alias `live` at 1. */
async function withVersions(): Promise<Harness> {
  const harness = await openHarness()
  const { call } = harness
  await call('CreateFunction', newFunction(FunctionName))
  await call('PublishVersion', { FunctionName })
  await call('UpdateFunctionConfiguration', { FunctionName, Description: 'second' })
  await call('PublishVersion', { FunctionName })
  await call('CreateAlias', { FunctionName, Name: 'live', FunctionVersion: '1' })
  return harness
}

function put({ call }: Harness, Qualifier: string, ProvisionedConcurrentExecutions: number) {
  return call('PutProvisionedConcurrencyConfig', {
    FunctionName,
    Qualifier,
    ProvisionedConcurrentExecutions,
  })
}

function get({ call }: Harness, Qualifier: string) {
  return call('GetProvisionedConcurrencyConfig', { FunctionName, Qualifier })
}

/** Wait until the fleet has been told, and its environments are as they should be. */
async function settles(harness: Harness, versions: readonly string[]): Promise<void> {
  const living = () =>
    harness.made
      .filter(({ stopCount, state }) => stopCount === 0 && state !== 'gone')
      .map(({ version }) => version.version)
  for (let turn = 0; turn < 200 && living().join() !== versions.join(); turn += 1) {
    await setTimeout(5)
  }
  assert.deepEqual(living(), versions)
}

test('a configuration goes from IN_PROGRESS to READY and shows true counts', async () => {
  await using harness = await withVersions()
  const begun = await put(harness, 'live', 2)
  assert.deepEqual(begun, {
    RequestedProvisionedConcurrentExecutions: 2,
    AvailableProvisionedConcurrentExecutions: 0,
    AllocatedProvisionedConcurrentExecutions: 0,
    Status: 'IN_PROGRESS',
    StatusReason: undefined,
    LastModified: '2026-11-20T12:00:00+0000',
  })
  await settles(harness, ['1', '1'])
  await harness.made[0]?.endInit()
  assert.equal((await get(harness, 'live')).AllocatedProvisionedConcurrentExecutions, 1)
  assert.equal((await get(harness, 'live')).Status, 'IN_PROGRESS')
  await harness.made[1]?.endInit()
  assert.deepEqual(await get(harness, 'live'), {
    RequestedProvisionedConcurrentExecutions: 2,
    AvailableProvisionedConcurrentExecutions: 2,
    AllocatedProvisionedConcurrentExecutions: 2,
    Status: 'READY',
    LastModified: '2026-11-20T12:00:00+0000',
  })
  const { ProvisionedConcurrencyConfigs: [listed] = [] } = await harness.call(
    'ListProvisionedConcurrencyConfigs',
    { FunctionName },
  )
  assert.equal(listed?.FunctionArn, 'arn:aws:lambda:eu-west-1:123456789012:function:f:live')
  assert.equal(listed.Status, 'READY')
})

test('an init that fails makes it FAILED, with the reason', async () => {
  await using harness = await withVersions()
  await put(harness, '1', 1)
  await settles(harness, ['1'])
  const failure = platformFailure('Runtime.Unknown', 'no')
  for (let index = 0; index < 3; index += 1) await harness.made[index]?.endInit(failure)
  const { Status, StatusReason, AllocatedProvisionedConcurrentExecutions } = await get(harness, '1')
  assert.deepEqual(
    [Status, StatusReason, AllocatedProvisionedConcurrentExecutions],
    ['FAILED', 'FUNCTION_ERROR_INIT_FAILURE', 0],
  )
})

test('it moves with the alias, and goes with configuration, alias, version and function', async () => {
  await using harness = await withVersions()
  const { call } = harness
  await put(harness, 'live', 1)
  await settles(harness, ['1'])
  await call('UpdateAlias', { FunctionName, Name: 'live', FunctionVersion: '2' })
  await settles(harness, ['2'])
  await call('DeleteProvisionedConcurrencyConfig', { FunctionName, Qualifier: 'live' })
  await call('DeleteProvisionedConcurrencyConfig', { FunctionName, Qualifier: 'live' })
  await settles(harness, [])
  await assert.rejects(async () => get(harness, 'live'), {
    code: 'ProvisionedConcurrencyConfigNotFoundException',
    status: 404,
    message: 'No Provisioned Concurrency Config found for this function',
  })
  await put(harness, 'live', 1)
  await settles(harness, ['2'])
  await call('DeleteAlias', { FunctionName, Name: 'live' })
  await settles(harness, [])
  await put(harness, '1', 1)
  await settles(harness, ['1'])
  await call('DeleteFunction', { FunctionName, Qualifier: '1' })
  await settles(harness, [])
  await put(harness, '2', 1)
  await settles(harness, ['2'])
  await call('DeleteFunction', { FunctionName })
  await settles(harness, [])
})

test('what cannot be provisioned is refused in AWS words', async () => {
  await using harness = await withVersions()
  const { call } = harness
  const unpublished =
    'Provisioned Concurrency Configs cannot be applied to unpublished function versions.'
  await assert.rejects(async () => put(harness, '$LATEST', 1), { message: unpublished })
  await call('CreateAlias', { FunctionName, Name: 'newest', FunctionVersion: '$LATEST' })
  await assert.rejects(async () => put(harness, 'newest', 1), { message: unpublished })
  await assert.rejects(async () => put(harness, '7', 1), {
    message: 'Function not found: arn:aws:lambda:eu-west-1:123456789012:function:f:7',
  })
  await assert.rejects(async () => put(harness, 'none', 1), {
    message: 'Cannot find alias arn: arn:aws:lambda:eu-west-1:123456789012:function:f:none',
  })
  const missing = { FunctionName: 'nobody', ProvisionedConcurrentExecutions: 1 }
  const arn = 'arn:aws:lambda:eu-west-1:123456789012:function:nobody'
  for (const [Qualifier, message] of [
    ['none', `Cannot find alias arn: ${arn}:none`],
    ['1', `Function not found: ${arn}:1`],
  ] as const) {
    await assert.rejects(
      async () => call('PutProvisionedConcurrencyConfig', { ...missing, Qualifier }),
      { code: 'ResourceNotFoundException', message },
    )
  }
  await assert.rejects(async () => get(harness, '$LATEST'), {
    code: 'InvalidParameterValueException',
    message: 'The function resource provided must be an alias or a published version.',
  })
  await put(harness, 'live', 1)
  await assert.rejects(async () => put(harness, '1', 1), {
    code: 'ResourceConflictException',
    message: 'Version is pointed by a Provisioned Concurrency alias',
  })
  await call('CreateAlias', { FunctionName, Name: 'twin', FunctionVersion: '1' })
  const already =
    "Alias can't be used for Provisioned Concurrency configuration on an already Provisioned version"
  await assert.rejects(async () => put(harness, 'twin', 1), { message: already })
  await put(harness, '02', 1)
  assert.equal((await get(harness, '2')).RequestedProvisionedConcurrentExecutions, 1)
  await assert.rejects(
    async () => call('UpdateAlias', { FunctionName, Name: 'live', FunctionVersion: '2' }),
    { code: 'ResourceConflictException', message: already },
  )
  await call('CreateAlias', {
    FunctionName,
    Name: 'weighted',
    FunctionVersion: '1',
    RoutingConfig: { AdditionalVersionWeights: { '2': 0.5 } },
  })
  await assert.rejects(async () => put(harness, 'weighted', 1), {
    message: 'Alias with weights can not be used with Provisioned Concurrency',
  })
})

test('it counts against the reservation, or against what the account has left', async () => {
  await using harness = await withVersions()
  const { call } = harness
  await put(harness, '1', 300)
  const { AccountLimit } = await call('GetAccountSettings', {})
  assert.equal(AccountLimit?.UnreservedConcurrentExecutions, 700)
  await put(harness, '1', 900)
  await assert.rejects(async () => put(harness, '1', 901), {
    message:
      "Specified ConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [100].",
  })
  await assert.rejects(async () => put(harness, '1', 1001), {
    message:
      "Specified ConcurrentExecutions for function is greater than account's unreserved concurrency [1000].",
  })
  await put(harness, '1', 5)
  await assert.rejects(
    async () => call('PutFunctionConcurrency', { FunctionName, ReservedConcurrentExecutions: 4 }),
    {
      fields: { Type: undefined },
      message:
        " ReservedConcurrentExecutions  4 should not be lower than function's total provisioned concurrency [5].",
    },
  )
  await call('PutFunctionConcurrency', { FunctionName, ReservedConcurrentExecutions: 6 })
  await assert.rejects(async () => put(harness, '2', 2), {
    message:
      'Requested Provisioned Concurrency should not be greater than the reservedConcurrentExecution for function',
  })
  const after = await call('GetAccountSettings', {})
  assert.equal(after.AccountLimit?.UnreservedConcurrentExecutions, 994)
})

test('a function with tenants has no provisioned concurrency, SnapStart or URL', async () => {
  await using harness = await openHarness()
  const { call } = harness
  const TenancyConfig = { TenantIsolationMode: 'PER_TENANT' as const }
  const python = { ...newFunction(FunctionName), Runtime: 'python3.13' as const }
  const SnapStart = { ApplyOn: 'PublishedVersions' as const }
  await assert.rejects(
    async () => call('CreateFunction', { ...python, TenancyConfig, SnapStart }),
    {
      code: 'InvalidParameterValueException',
    },
  )
  const created = await call('CreateFunction', { ...python, TenancyConfig, Publish: true })
  assert.deepEqual(created.TenancyConfig, TenancyConfig)
  await assert.rejects(async () => call('UpdateFunctionConfiguration', { FunctionName, SnapStart }))
  await call('UpdateFunctionConfiguration', { FunctionName, Description: 'changed' })
  const { Configuration } = await call('GetFunction', { FunctionName })
  assert.deepEqual(Configuration?.TenancyConfig, TenancyConfig)
  await assert.rejects(async () => put(harness, '1', 1), { code: 'InvalidParameterValueException' })
  await assert.rejects(
    async () => call('CreateFunctionUrlConfig', { FunctionName, AuthType: 'NONE' }),
    { code: 'InvalidParameterValueException' },
  )
})
