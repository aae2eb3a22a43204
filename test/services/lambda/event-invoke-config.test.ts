/** What functions say about their asynchronous invocations, and about recursive loops, over a real store. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defaultAsyncSettings } from '../../../src/invoke/async-settings.ts'
import { newFunction, openHarness, place, startMs } from './harness.ts'

const arn = 'arn:aws:lambda:eu-west-1:123456789012:function:hello'
const otherArn = 'arn:aws:lambda:eu-west-1:123456789012:function:other'
const queueArn = 'arn:aws:sqs:eu-west-1:123456789012:q'
const FunctionName = 'hello'
const none = { OnSuccess: {}, OnFailure: {} }

/** A function with a version and an alias, and another one. */
async function openFunctions() {
  const harness = await openHarness()
  await harness.call('CreateFunction', { ...newFunction('hello'), Publish: true })
  await harness.call('CreateFunction', newFunction('other'))
  await harness.call('CreateAlias', { FunctionName, Name: 'live', FunctionVersion: '1' })
  return harness
}

test('PutFunctionEventInvokeConfig replaces, UpdateFunctionEventInvokeConfig changes what it names', async () => {
  await using harness = await openFunctions()
  const { call } = harness
  const first = await call('PutFunctionEventInvokeConfig', {
    FunctionName,
    MaximumRetryAttempts: 1,
    MaximumEventAgeInSeconds: 60,
    DestinationConfig: { OnFailure: { Destination: queueArn } },
  })
  assert.deepEqual(first, {
    LastModified: new Date(startMs),
    FunctionArn: `${arn}:$LATEST`,
    MaximumRetryAttempts: 1,
    MaximumEventAgeInSeconds: 60,
    DestinationConfig: { OnSuccess: {}, OnFailure: { Destination: queueArn } },
  })
  harness.clock.nowMs += 1000
  const changed = await call('UpdateFunctionEventInvokeConfig', {
    FunctionName,
    Qualifier: '$LATEST',
    MaximumRetryAttempts: 0,
  })
  const updated = { ...first, LastModified: new Date(startMs + 1000), MaximumRetryAttempts: 0 }
  assert.deepEqual(changed, updated)
  assert.deepEqual(await call('GetFunctionEventInvokeConfig', { FunctionName }), updated)
  assert.deepEqual(harness.lambda.asyncSettings.asyncSettings(place, 'hello', undefined), {
    maxRetryCount: 0,
    maxAgeMs: 60_000,
    onFailure: queueArn,
  })
  const replaced = await call('PutFunctionEventInvokeConfig', {
    FunctionName,
    DestinationConfig: { OnSuccess: { Destination: '' } },
  })
  assert.deepEqual(replaced, {
    LastModified: new Date(startMs + 1000),
    FunctionArn: `${arn}:$LATEST`,
    DestinationConfig: none,
  })
  assert.deepEqual(
    harness.lambda.asyncSettings.asyncSettings(place, 'hello', undefined),
    defaultAsyncSettings,
  )
})

test('each qualifier has a configuration of its own, which goes with it', async () => {
  await using harness = await openFunctions()
  const { call } = harness
  const MaximumRetryAttempts = 1
  for (const name of ['hello', 'hello:1', `${arn}:live`]) {
    await call('PutFunctionEventInvokeConfig', { FunctionName: name, MaximumRetryAttempts })
  }
  const listed = async () => {
    const answer = await call('ListFunctionEventInvokeConfigs', { FunctionName })
    return answer.FunctionEventInvokeConfigs?.map((config) => config.FunctionArn)
  }
  assert.deepEqual(await listed(), [`${arn}:$LATEST`, `${arn}:1`, `${arn}:live`])
  const page = await call('ListFunctionEventInvokeConfigs', { FunctionName, MaxItems: 2 })
  assert.equal(page.FunctionEventInvokeConfigs?.length, 2)
  const rest = await call('ListFunctionEventInvokeConfigs', {
    FunctionName,
    Marker: page.NextMarker,
  })
  assert.deepEqual(rest.FunctionEventInvokeConfigs?.[0]?.FunctionArn, `${arn}:live`)
  await call('DeleteAlias', { FunctionName, Name: 'live' })
  assert.deepEqual(await listed(), [`${arn}:$LATEST`, `${arn}:1`])
  await call('DeleteFunction', { FunctionName, Qualifier: '1' })
  assert.deepEqual(await listed(), [`${arn}:$LATEST`])
  await call('DeleteFunctionEventInvokeConfig', { FunctionName })
  assert.deepEqual(await listed(), [])
  await assert.rejects(call('DeleteFunctionEventInvokeConfig', { FunctionName }), {
    name: 'ResourceNotFoundException',
    message: `The function ${arn}:$LATEST doesn't have an EventInvokeConfig`,
  })
  await call('PutFunctionEventInvokeConfig', { FunctionName, MaximumRetryAttempts })
  await call('DeleteFunction', { FunctionName })
  await call('CreateFunction', newFunction('hello'))
  assert.deepEqual(await listed(), [])
})

test('what is not there, and what says nothing, is refused in AWS words', async () => {
  await using harness = await openFunctions()
  const { call } = harness
  const MaximumRetryAttempts = 1
  const notThere = "The function doesn't exist."
  const noConfig = (of: string) => `The function ${of} doesn't have an EventInvokeConfig`
  const cases: [Promise<unknown>, string, string][] = [
    [
      call('PutFunctionEventInvokeConfig', { FunctionName: 'missing', MaximumRetryAttempts }),
      'ResourceNotFoundException',
      notThere,
    ],
    [
      call('PutFunctionEventInvokeConfig', {
        FunctionName,
        Qualifier: 'missing',
        MaximumRetryAttempts,
      }),
      'ResourceNotFoundException',
      notThere,
    ],
    [
      call('PutFunctionEventInvokeConfig', { FunctionName: 'missing' }),
      'InvalidParameterValueException',
      'You must specify at least one of error handling or destination setting.',
    ],
    [
      call('UpdateFunctionEventInvokeConfig', { FunctionName, MaximumRetryAttempts }),
      'ResourceNotFoundException',
      noConfig(`${arn}:$LATEST`),
    ],
    [
      call('GetFunctionEventInvokeConfig', { FunctionName, Qualifier: 'missing' }),
      'ResourceNotFoundException',
      noConfig(`${arn}:missing`),
    ],
    [
      call('PutFunctionEventInvokeConfig', {
        FunctionName: `${FunctionName}:1`,
        Qualifier: 'live',
        MaximumRetryAttempts,
      }),
      'InvalidParameterValueException',
      'The derived qualifier from the function name does not match the specified qualifier.',
    ],
  ]
  for (const [answer, name, message] of cases) await assert.rejects(answer, { name, message })
})

test('destinations are functions, standard queues and topics, buses, and buckets for failures', async () => {
  await using harness = await openFunctions()
  const { call } = harness
  const put = (OnSuccess: string, OnFailure = '') =>
    call('PutFunctionEventInvokeConfig', {
      FunctionName,
      DestinationConfig: {
        OnSuccess: { Destination: OnSuccess },
        OnFailure: { Destination: OnFailure },
      },
    })
  const taken = [
    otherArn,
    `${otherArn}:$LATEST`,
    queueArn,
    'arn:aws:sns:eu-west-1:123456789012:t',
    'arn:aws:events:eu-west-1:123456789012:event-bus/default',
  ]
  for (const one of taken) {
    const { DestinationConfig } = await put(one, one)
    assert.equal(DestinationConfig?.OnSuccess?.Destination, one)
  }
  await put('', 'arn:aws:s3:::bucket')
  const invalid = (of: string) => `The destination ARN ${of} is invalid.`
  const missing = `${arn}s`
  const foreign = otherArn.replace('123456789012', '210987654321')
  const far = otherArn.replace('eu-west-1', 'eu-west-2')
  const fifoTopic = 'arn:aws:sns:eu-west-1:123456789012:t.fifo'
  const refused: [string, string, string][] = [
    [missing, '', invalid(missing)],
    ['', foreign, invalid(foreign)],
    [far, '', invalid(far)],
    [`${queueArn}.fifo`, '', invalid(`${queueArn}.fifo`)],
    [fifoTopic, '', "FIFO-type Amazon SNS topics aren't supported as a destination."],
    [arn, '', "You can't specify the function as a destination for itself."],
    ['', `${arn}:live`, "You can't specify the function as a destination for itself."],
    [
      'arn:aws:s3:::bucket',
      '',
      'The provided destination config DestinationConfig(onSuccess=OnSuccess(destination=arn:aws:s3:::bucket), ' +
        'onFailure=null) is invalid.',
    ],
    [
      '',
      'arn:aws:iam::123456789012:role/r',
      'The provided destination config DestinationConfig(onSuccess=null, ' +
        'onFailure=OnFailure(destination=arn:aws:iam::123456789012:role/r)) is invalid.',
    ],
  ]
  for (const [onSuccess, onFailure, message] of refused) {
    await assert.rejects(put(onSuccess, onFailure), {
      name: 'InvalidParameterValueException',
      message,
    })
  }
})

test('a dead-letter queue is a standard queue or topic, of the version that published it', async () => {
  await using harness = await openFunctions()
  const { call, lambda } = harness
  const dead = (TargetArn: string) =>
    call('UpdateFunctionConfiguration', { FunctionName, DeadLetterConfig: { TargetArn } })
  await dead(queueArn)
  await call('PublishVersion', { FunctionName })
  await dead('')
  const { asyncSettings } = lambda
  assert.equal(asyncSettings.deadLetterTarget(place, 'hello', '2'), queueArn)
  assert.equal(asyncSettings.deadLetterTarget(place, 'hello', undefined), undefined)
  assert.equal(asyncSettings.deadLetterTarget(place, 'missing', undefined), undefined)
  for (const wrong of [otherArn, `${queueArn}.fifo`]) {
    await assert.rejects(dead(wrong), { name: 'InvalidParameterValueException' })
  }
})

test('recursive loops are stopped until they are allowed', async () => {
  await using harness = await openFunctions()
  const { call, lambda } = harness
  const lineage = () => lambda.targets.resolve(place, 'hello', undefined).lineage
  assert.equal(lineage()?.isLoopAllowed, false)
  const { RecursiveLoop } = await call('PutFunctionRecursionConfig', {
    FunctionName,
    RecursiveLoop: 'Allow',
  })
  assert.equal(RecursiveLoop, 'Allow')
  assert.deepEqual(await call('GetFunctionRecursionConfig', { FunctionName }), { RecursiveLoop })
  assert.equal(lineage()?.isLoopAllowed, true)
  assert.notEqual(lineage()?.id, lambda.targets.resolve(place, 'other', undefined).lineage?.id)
  await assert.rejects(call('PutFunctionRecursionConfig', { FunctionName: 'x', RecursiveLoop }), {
    name: 'ResourceNotFoundException',
  })
  await call('DeleteFunction', { FunctionName })
  await call('CreateFunction', newFunction('hello'))
  assert.equal(lineage()?.isLoopAllowed, false)
})
