import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newFunction, openHarness } from './harness.ts'

const arn = 'arn:aws:lambda:eu-west-1:123456789012:function:hello'
const FunctionName = 'hello'
const invoke = { FunctionName, Action: 'lambda:InvokeFunction' }

test('permissions become the statements of a policy', async () => {
  await using harness = await openHarness()
  const { call } = harness
  await call('CreateFunction', newFunction('hello'))
  const { Statement } = await call('AddPermission', {
    ...invoke,
    StatementId: 's3',
    Principal: 's3.amazonaws.com',
    SourceArn: 'arn:aws:s3:::photos',
    SourceAccount: '123456789012',
  })
  const s3 = {
    Sid: 's3',
    Effect: 'Allow',
    Principal: { Service: 's3.amazonaws.com' },
    Action: 'lambda:InvokeFunction',
    Resource: arn,
    Condition: {
      StringEquals: { 'AWS:SourceAccount': '123456789012' },
      ArnLike: { 'AWS:SourceArn': 'arn:aws:s3:::photos' },
    },
  }
  assert.equal(Statement, JSON.stringify(s3))
  await call('AddPermission', {
    FunctionName,
    StatementId: 'url',
    Action: 'lambda:InvokeFunctionUrl',
    Principal: '*',
    FunctionUrlAuthType: 'NONE',
    PrincipalOrgID: 'o-1',
    EventSourceToken: 'token',
    InvokedViaFunctionUrl: true,
  })
  await call('AddPermission', { ...invoke, StatementId: 'account', Principal: '210987654321' })
  const { Policy = '', RevisionId } = await call('GetPolicy', { FunctionName })
  const { RevisionId: ofFunction } = await call('GetFunctionConfiguration', { FunctionName })
  assert.equal(RevisionId, ofFunction)
  assert.deepEqual(JSON.parse(Policy), {
    Version: '2012-10-17',
    Id: 'default',
    Statement: [
      s3,
      {
        Sid: 'url',
        Effect: 'Allow',
        Principal: '*',
        Action: 'lambda:InvokeFunctionUrl',
        Resource: arn,
        Condition: {
          StringEquals: {
            'lambda:FunctionUrlAuthType': 'NONE',
            'aws:PrincipalOrgID': 'o-1',
            'lambda:EventSourceToken': 'token',
          },
          Bool: { 'lambda:InvokedViaFunctionUrl': 'true' },
        },
      },
      {
        Sid: 'account',
        Effect: 'Allow',
        Principal: { AWS: 'arn:aws:iam::210987654321:root' },
        Action: 'lambda:InvokeFunction',
        Resource: arn,
      },
    ],
  })
})

test('a statement id is taken once per policy, and the policy ends with its last statement', async () => {
  await using harness = await openHarness()
  const { call } = harness
  await call('CreateFunction', { ...newFunction('hello'), Publish: true })
  await call('CreateAlias', { FunctionName, Name: 'prod', FunctionVersion: '1' })
  const one = { ...invoke, StatementId: 'one', Principal: 'events.amazonaws.com' }
  for (const Qualifier of [undefined, '1', 'prod']) {
    await call('AddPermission', { ...one, Qualifier })
    await assert.rejects(call('AddPermission', { ...one, Qualifier }), {
      name: 'ResourceConflictException',
      message:
        'The statement id (one) provided already exists. Please provide a new statement id, or remove the existing statement.',
    })
    const { Policy = '', RevisionId } = await call('GetPolicy', { FunctionName, Qualifier })
    const resource = Qualifier === undefined ? arn : `${arn}:${Qualifier}`
    assert.equal(JSON.parse(Policy).Statement[0].Resource, resource)
    const remove = { FunctionName, StatementId: 'one', Qualifier }
    await assert.rejects(call('RemovePermission', { ...remove, StatementId: 'two' }), {
      name: 'ResourceNotFoundException',
      message: 'Statement two is not found in resource policy.',
    })
    await assert.rejects(call('RemovePermission', { ...remove, RevisionId: 'stale' }), {
      name: 'PreconditionFailedException',
    })
    await call('RemovePermission', { ...remove, RevisionId })
    await assert.rejects(call('GetPolicy', { FunctionName, Qualifier }), {
      name: 'ResourceNotFoundException',
      message: 'The resource you requested does not exist.',
    })
    await assert.rejects(call('RemovePermission', remove), {
      message: 'No policy is associated with the given resource.',
    })
  }
})

test('AddPermission refuses what cannot have or be a policy', async () => {
  await using harness = await openHarness()
  const { call } = harness
  await call('CreateFunction', newFunction('hello'))
  const one = { ...invoke, StatementId: 'one', Principal: 'events.amazonaws.com' }
  await assert.rejects(call('AddPermission', { ...one, Qualifier: '$LATEST' }), {
    name: 'InvalidParameterValueException',
    message: 'We currently do not support adding policies for $LATEST.',
  })
  await assert.rejects(call('AddPermission', { ...one, Principal: 'somebody' }), {
    name: 'InvalidParameterValueException',
    message: 'The provided principal was invalid. Please check the principal and try again.',
  })
  await assert.rejects(call('AddPermission', { ...one, Qualifier: 'none' }), {
    message: `Cannot find alias arn: ${arn}:none`,
  })
  for (const Qualifier of ['42', 'with-$-inside']) {
    await assert.rejects(call('AddPermission', { ...one, Qualifier }), {
      name: 'ResourceNotFoundException',
      message: `Function not found: ${arn}:${Qualifier}`,
    })
  }
  await assert.rejects(call('AddPermission', { ...one, FunctionName: 'other' }), {
    message: `Function not found: ${arn.replace('hello', 'other')}`,
  })
  const long = { ...one, SourceArn: `arn:aws:s3:::${'x'.repeat(300)}` }
  let added = 0
  await assert.rejects(
    async () => {
      for (; added < 100; added += 1) {
        await call('AddPermission', { ...long, StatementId: `s${added}` })
      }
    },
    { name: 'PolicyLengthExceededException' },
  )
  assert.ok(added > 30, `${added} statements fit`)
})

test('each operation on policies has its own words for what is not there', async () => {
  await using harness = await openHarness()
  const { call } = harness
  await call('CreateFunction', newFunction('hello'))
  const other = arn.replace('hello', 'other')
  const cases: [Promise<unknown>, string][] = [
    [call('GetPolicy', { FunctionName: 'other' }), `Function not found: ${other}`],
    [
      call('GetPolicy', { FunctionName, Qualifier: '42' }),
      'The resource you requested does not exist.',
    ],
    [
      call('RemovePermission', { FunctionName: 'other', StatementId: 'one' }),
      `No policy found for: ${other}`,
    ],
    [
      call('RemovePermission', { FunctionName, Qualifier: 'none', StatementId: 'one' }),
      `Cannot find alias arn: ${arn}:none`,
    ],
    [call('ListFunctionUrlConfigs', { FunctionName: 'other' }), 'Function does not exist'],
    [
      call('ListFunctionEventInvokeConfigs', { FunctionName: 'other' }),
      "The function doesn't exist.",
    ],
  ]
  for (const [answer, message] of cases) {
    await assert.rejects(answer, { name: 'ResourceNotFoundException', message })
  }
})

test('the conditions of a statement stand in one order', async () => {
  await using harness = await openHarness()
  const { call } = harness
  await call('CreateFunction', { ...newFunction('hello'), Publish: true })
  const { Statement = '' } = await call('AddPermission', {
    ...invoke,
    StatementId: 'all',
    Principal: '*',
    FunctionUrlAuthType: 'NONE',
    PrincipalOrgID: 'o-1234567890',
    SourceAccount: '123456789012',
  })
  assert.deepEqual(Object.keys(JSON.parse(Statement).Condition.StringEquals), [
    'AWS:SourceAccount',
    'lambda:FunctionUrlAuthType',
    'aws:PrincipalOrgID',
  ])
})

test('reserved concurrency is kept, shown and limited', async () => {
  await using harness = await openHarness()
  const { call, lambda } = harness
  await call('CreateFunction', newFunction('hello'))
  await call('CreateFunction', newFunction('other'))
  const place = { accountId: '123456789012', region: 'eu-west-1' }
  assert.equal(lambda.targets.unreservedConcurrency(place), 1000)
  await lambda.targets.resolve(place, 'hello', undefined).version
  assert.equal(lambda.targets.resolve(place, 'hello', undefined).reservedConcurrency, undefined)
  assert.deepEqual(await call('GetFunctionConcurrency', { FunctionName }), {})
  const put = (ReservedConcurrentExecutions: number) =>
    call('PutFunctionConcurrency', { FunctionName, ReservedConcurrentExecutions })
  assert.deepEqual(await put(900), { ReservedConcurrentExecutions: 900 })
  assert.deepEqual(await put(10), { ReservedConcurrentExecutions: 10 })
  assert.equal(lambda.targets.resolve(place, 'hello', undefined).reservedConcurrency, 10)
  assert.equal(lambda.targets.unreservedConcurrency(place), 990)
  assert.deepEqual(await call('GetFunctionConcurrency', { FunctionName }), {
    ReservedConcurrentExecutions: 10,
  })
  assert.deepEqual((await call('GetFunction', { FunctionName })).Concurrency, {
    ReservedConcurrentExecutions: 10,
  })
  await assert.rejects(
    call('PutFunctionConcurrency', { FunctionName: 'other', ReservedConcurrentExecutions: 891 }),
    {
      name: 'InvalidParameterValueException',
      fields: { Type: undefined },
      message:
        "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [100].",
    },
  )
  const settings = await call('GetAccountSettings', {})
  assert.equal(settings.AccountLimit?.UnreservedConcurrentExecutions, 990)
  assert.equal(settings.AccountUsage?.FunctionCount, 2)
  const { CodeSize = 0 } = await call('GetFunctionConfiguration', { FunctionName })
  assert.equal(settings.AccountUsage?.TotalCodeSize, 2 * CodeSize)
  await call('DeleteFunctionConcurrency', { FunctionName })
  assert.equal(lambda.targets.resolve(place, 'hello', undefined).reservedConcurrency, undefined)
  assert.equal(lambda.targets.unreservedConcurrency(place), 1000)
  await assert.rejects(
    call('PutFunctionConcurrency', { FunctionName: 'none', ReservedConcurrentExecutions: 1 }),
    { message: `Function not found: ${arn.replace('hello', 'none')}:$LATEST` },
  )
})

test('what was never configured is answered as such', async () => {
  await using harness = await openHarness()
  const { call } = harness
  await call('CreateFunction', { ...newFunction('hello'), Publish: true })
  assert.deepEqual(await call('GetFunctionRecursionConfig', { FunctionName }), {
    RecursiveLoop: 'Terminate',
  })
  assert.equal((await call('GetRuntimeManagementConfig', { FunctionName })).UpdateRuntimeOn, 'Auto')
  await call('GetFunctionCodeSigningConfig', { FunctionName })
  await assert.rejects(call('GetFunctionCodeSigningConfig', { FunctionName: 'x' }), { status: 404 })
  await assert.rejects(call('GetProvisionedConcurrencyConfig', { FunctionName, Qualifier: '1' }), {
    name: 'ProvisionedConcurrencyConfigNotFoundException',
    message: 'No Provisioned Concurrency Config found for this function',
  })
  await assert.rejects(call('GetFunctionEventInvokeConfig', { FunctionName }), {
    name: 'ResourceNotFoundException',
    message: `The function ${arn}:$LATEST doesn't have an EventInvokeConfig`,
  })
  await assert.rejects(call('GetFunctionUrlConfig', { FunctionName }), { status: 404 })
  const { EventSourceMappings } = await call('ListEventSourceMappings', { FunctionName })
  assert.deepEqual(EventSourceMappings, [])
  const provisioned = await call('ListProvisionedConcurrencyConfigs', { FunctionName })
  assert.deepEqual(provisioned.ProvisionedConcurrencyConfigs, [])
})
