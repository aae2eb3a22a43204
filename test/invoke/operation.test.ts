/** Invoke as its callers see it: the real server and the official SDK, every kind of call and every refusal. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import {
  CreateAliasCommand,
  DeleteFunctionConcurrencyCommand,
  InvokeAsyncCommand,
  InvokeCommand,
  PublishVersionCommand,
  PutFunctionConcurrencyCommand,
  UpdateFunctionConfigurationCommand,
} from '@aws-sdk/client-lambda'
import type { InvokeCommandInput, InvokeCommandOutput } from '@aws-sdk/client-lambda'
import { logOf, waitUntilActive } from '../support/clients.ts'
import { zipOfFolder } from '../support/zip.ts'
import { scriptedCode } from './runner.ts'
import type { Scripted } from './runner.ts'
import { deploy } from '../support/functions.ts'
import { openServer } from '../support/in-process.ts'
import { until } from '../support/until.ts'

const { server, client, close } = await openServer({ delayFactor: 0.001 })
after(close)

before(async () => {
  await deploy(client, 'f', await zipOfFolder(scriptedCode), { Runtime: 'provided.al2023' })
})

function invoke(
  event: unknown,
  input: Partial<InvokeCommandInput> = {},
): Promise<InvokeCommandOutput> {
  const payload =
    event === undefined
      ? {}
      : { Payload: event instanceof Uint8Array ? event : JSON.stringify(event) }
  return client.send(new InvokeCommand({ FunctionName: 'f', ...payload, ...input }))
}

function answerOf(output: InvokeCommandOutput): Scripted {
  return JSON.parse(Buffer.from(output.Payload ?? []).toString()) as Scripted
}

test('a synchronous call answers 200, the version that ran, and what the function said', async () => {
  const output = await invoke({})
  assert.equal(output.StatusCode, 200)
  assert.equal(output.ExecutedVersion, '$LATEST')
  assert.equal(output.FunctionError, undefined)
  assert.equal(output.LogResult, undefined)
  assert.equal(answerOf(output).version, '$LATEST')
})

test('a function error answers 200 with X-Amz-Function-Error', async () => {
  const output = await invoke({ fail: 'no' })
  assert.equal(output.StatusCode, 200)
  assert.equal(output.FunctionError, 'Unhandled')
})

test('no payload is an empty object', async () => {
  assert.equal((await invoke(undefined)).FunctionError, undefined)
})

test('LogType Tail gives the log of this call', async () => {
  const output = await invoke({ log: 'seen' }, { LogType: 'Tail' })
  const lines = Buffer.from(output.LogResult ?? '', 'base64')
    .toString()
    .split('\n')
  assert.match(lines[0] ?? '', /^START RequestId: /)
  assert.equal(lines[1], 'seen')
  assert.match(lines[2] ?? '', /^END RequestId: /)
  assert.match(lines[3] ?? '', /^REPORT RequestId: /)
})

test('a dry run answers 204 and runs nothing', async () => {
  const before = answerOf(await invoke({})).count
  const output = await invoke({}, { InvocationType: 'DryRun' })
  assert.equal(output.StatusCode, 204)
  assert.equal(answerOf(await invoke({})).count, before + 1)
})

test('every form of name and qualifier finds the function; contradictions are refused', async () => {
  const arn = 'arn:aws:lambda:us-east-1:000000000000:function:f'
  for (const [FunctionName, Qualifier] of [
    ['f', '$LATEST'],
    ['f:$LATEST', undefined],
    ['000000000000:function:f', undefined],
    [arn, undefined],
    [`${arn}:$LATEST`, '$LATEST'],
  ] as const) {
    const output = await invoke({}, { FunctionName, Qualifier })
    assert.equal(output.StatusCode, 200, FunctionName)
  }
  await assert.rejects(invoke({}, { FunctionName: 'f:1', Qualifier: '2' }), {
    name: 'InvalidParameterValueException',
    message: 'The derived qualifier from the function name does not match the specified qualifier.',
  })
  await assert.rejects(invoke({}, { FunctionName: 'missing' }), {
    name: 'ResourceNotFoundException',
    message: `Function not found: ${arn.replace(/f$/, 'missing')}:$LATEST`,
  })
})

test('what is no JSON is refused in the words of the service', async () => {
  const prefix = 'Could not parse request body into json: Could not parse payload into json: '
  for (const [payload, message] of [
    [
      Buffer.from('{x'),
      /Unexpected character \('x' \(code 120\)\): was expecting double-quote to start field name\n at \[Source: /,
    ],
    [Buffer.from([0x22, 0xff, 0x22]), /Invalid UTF-8 start byte 0xff\n/],
    [Buffer.alloc(400_000, '['), /Unexpected end-of-input: expected close marker for Array/],
  ] as const) {
    await assert.rejects(invoke(payload), (error: Error) => {
      assert.equal(error.name, 'InvalidRequestContentException')
      assert.ok(error.message.startsWith(prefix))
      assert.match(error.message, message)
      return true
    })
  }
})

test('payloads have limits: 6 MB synchronous, 1 MB asynchronous', async () => {
  const text = (bytes: number) => Buffer.from(`"${'x'.repeat(bytes - 2)}"`)
  assert.equal((await invoke(text(300_000), { InvocationType: 'DryRun' })).StatusCode, 204)
  await assert.rejects(invoke(text(6 * 1024 * 1024 + 101)), {
    name: 'RequestTooLargeException',
    message: 'Request must be smaller than 6291456 bytes for the InvokeFunction operation',
  })
  await assert.rejects(invoke(text(1024 * 1024 + 1), { InvocationType: 'Event' }), {
    name: 'RequestTooLargeException',
    message: 'Request must be smaller than 1048576 bytes for the InvokeFunction operation',
  })
})

test('wrong headers are refused', async () => {
  await assert.rejects(invoke({}, { InvocationType: 'Later' as never }), {
    message:
      /^1 validation error detected: Value 'Later' at 'invocationType' failed to satisfy constraint: Member must satisfy enum value set: \[/,
  })
  await assert.rejects(invoke({}, { ClientContext: 'no base64!' }), {
    name: 'InvalidRequestContentException',
    message: 'Client context must be a valid Base64-encoded JSON object.',
  })
})

test('versions and aliases run what they point at, a weighted alias both in proportion', async () => {
  const first = await client.send(new PublishVersionCommand({ FunctionName: 'f' }))
  await client.send(
    new UpdateFunctionConfigurationCommand({ FunctionName: 'f', Description: 'two' }),
  )
  await waitUntilActive(client, 'f')
  const second = await client.send(new PublishVersionCommand({ FunctionName: 'f' }))
  assert.deepEqual([first.Version, second.Version], ['1', '2'])
  await client.send(
    new CreateAliasCommand({
      FunctionName: 'f',
      Name: 'live',
      FunctionVersion: '1',
      RoutingConfig: { AdditionalVersionWeights: { 2: 0.3 } },
    }),
  )
  assert.equal((await invoke({}, { Qualifier: '2' })).ExecutedVersion, '2')
  let additionalCount = 0
  for (let round = 0; round < 20; round++) {
    const outputs = await Promise.all(
      Array.from({ length: 10 }, () => invoke({}, { Qualifier: 'live' })),
    )
    for (const output of outputs) {
      assert.equal(answerOf(output).version, output.ExecutedVersion)
      if (output.ExecutedVersion === '2') additionalCount++
    }
  }
  // 200 draws of 0.3: six standard deviations around 60.
  assert.ok(additionalCount > 20 && additionalCount < 100, `${additionalCount} of 200`)
})

test('an asynchronous call answers 202 at once and runs with its own request id', async () => {
  const output = await invoke({ log: 'in the background' }, { InvocationType: 'Event' })
  assert.equal(output.StatusCode, 202)
  const { requestId } = output.$metadata
  await until(async () => (await logText()).includes(`REPORT RequestId: ${requestId}`))
  assert.ok((await logText()).includes('in the background'))
})

test('an asynchronous call that fails is tried three times under one request id', async () => {
  const output = await invoke({ exit: 1 }, { InvocationType: 'Event' })
  const start = `START RequestId: ${output.$metadata.requestId}`
  await until(async () => (await logText()).split(start).length === 4)
})

test('the legacy InvokeAsync answers 202', async () => {
  const output = await client.send(
    new InvokeAsyncCommand({ FunctionName: 'f', InvokeArgs: JSON.stringify({ log: 'legacy' }) }),
  )
  assert.equal(output.Status, 202)
  await until(async () => (await logText()).includes('legacy'))
})

test('a throttled call names its reason and when to come back', async () => {
  await client.send(
    new PutFunctionConcurrencyCommand({ FunctionName: 'f', ReservedConcurrentExecutions: 0 }),
  )
  await assert.rejects(invoke({}), (error: Error & Record<string, unknown>) => {
    assert.equal(error.name, 'TooManyRequestsException')
    assert.equal(error.message, 'Rate Exceeded.')
    assert.equal(error['Reason'], 'ReservedFunctionConcurrentInvocationLimitExceeded')
    assert.equal(error['Type'], 'User')
    assert.equal(error['retryAfterSeconds'], '1')
    return true
  })
  await client.send(new DeleteFunctionConcurrencyCommand({ FunctionName: 'f' }))
  assert.equal((await invoke({})).StatusCode, 200)
})

test('an update runs in a new environment', async () => {
  const before = answerOf(await invoke({})).stream
  await client.send(
    new UpdateFunctionConfigurationCommand({
      FunctionName: 'f',
      Environment: { Variables: { OWN: '1' } },
    }),
  )
  await waitUntilActive(client, 'f')
  assert.notEqual(answerOf(await invoke({})).stream, before)
})

async function logText(): Promise<string> {
  return (await logOf(server, 'f')).join('\n')
}
