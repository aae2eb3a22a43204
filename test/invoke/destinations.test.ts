/** Where outcomes of asynchronous invocations go, and loops that are stopped: the real server, real functions, the official SDK in both. */
import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import {
  CreateAliasCommand,
  InvokeCommand,
  PublishVersionCommand,
  PutFunctionConcurrencyCommand,
  PutFunctionEventInvokeConfigCommand,
  PutFunctionRecursionConfigCommand,
  UpdateFunctionConfigurationCommand,
} from '@aws-sdk/client-lambda'
import type { InvokeCommandInput, InvokeCommandOutput } from '@aws-sdk/client-lambda'
import { logOf, waitUntilActive } from '../support/clients.ts'
import { deploy } from '../support/functions.ts'
import { openServer } from '../support/in-process.ts'
import { until } from '../support/until.ts'
import { zipOf } from '../support/zip.ts'

/** `work` fails when told so, `collect` keeps what it gets, `loop` calls itself with the official SDK. */
const source = `
const { appendFileSync } = require('node:fs')
const keep = (what) => appendFileSync(process.env.FILE, JSON.stringify(what) + '\\n')
exports.work = async (event) => {
  if (event.fail) throw new Error(event.fail)
  return { got: event }
}
exports.collect = async (record, context) => keep({ record, runId: context.awsRequestId, env: process.env._X_AMZN_TRACE_ID })
exports.loop = async (event, context) => {
  keep({ loop: event.id })
  const { LambdaClient, InvokeCommand } = require('@aws-sdk/client-lambda')
  await new LambdaClient().send(new InvokeCommand({
    FunctionName: context.functionName, InvocationType: 'Event', Payload: JSON.stringify(event) }))
}`

type Kept = {
  readonly record?: {
    readonly requestContext: Record<string, unknown>
    readonly requestPayload: { readonly id?: string }
    readonly responseContext?: unknown
    readonly responsePayload?: Record<string, unknown>
  }
  readonly runId?: string
  readonly env?: string
  readonly loop?: string
}

const folder = mkdtempSync(join(tmpdir(), 'lair-destinations-'))
const file = join(folder, 'kept')
const arnOf = (name: string) => `arn:aws:lambda:us-east-1:000000000000:function:${name}`
const queueArn = 'arn:aws:sqs:us-east-1:000000000000:q'
const { server, client, close } = await openServer({ delayFactor: 0.0001 })

before(async () => {
  const zip = await zipOf({ 'index.js': source })
  // Functions find the SDK where this repository has it.
  const NODE_PATH = join(import.meta.dirname, '../../node_modules')
  for (const name of ['work', 'collect', 'loop']) {
    await deploy(client, name, zip, {
      Handler: `index.${name}`,
      Timeout: 30,
      Environment: { Variables: { FILE: file, NODE_PATH } },
    })
  }
})

after(async () => {
  await close()
  rmSync(folder, { recursive: true, force: true })
})

function invoke(
  FunctionName: string,
  event: unknown,
  input: Partial<InvokeCommandInput> = {},
): Promise<InvokeCommandOutput> {
  const Payload = JSON.stringify(event)
  return client.send(
    new InvokeCommand({ FunctionName, InvocationType: 'Event', Payload, ...input }),
  )
}

async function sendTo(
  FunctionName: string,
  destinations: { OnSuccess?: string; OnFailure?: string },
  settings: { MaximumRetryAttempts?: number; MaximumEventAgeInSeconds?: number } = {},
): Promise<void> {
  const { OnSuccess, OnFailure } = destinations
  await client.send(
    new PutFunctionEventInvokeConfigCommand({
      FunctionName,
      ...settings,
      DestinationConfig: {
        OnSuccess: { Destination: OnSuccess },
        OnFailure: { Destination: OnFailure },
      },
    }),
  )
}

function kept(): Kept[] {
  if (!existsSync(file)) return []
  const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1)
  return lines.map((line) => JSON.parse(line) as Kept)
}

/** The record of the event with this id. */
async function recordOf(id: string): Promise<NonNullable<Kept['record']>> {
  const find = () => kept().find(({ record }) => record?.requestPayload.id === id)?.record
  await until(() => find() !== undefined)
  const record = find()
  assert.ok(record)
  return record
}

test('a destination function gets the record of a success', async () => {
  await sendTo('work', { OnSuccess: arnOf('collect'), OnFailure: arnOf('collect') })
  const { $metadata } = await invoke('work', { id: 'well' })
  const record = await recordOf('well')
  assert.deepEqual(Object.keys(record), [
    'version',
    'timestamp',
    'requestContext',
    'requestPayload',
    'responseContext',
    'responsePayload',
  ])
  assert.deepEqual(record.requestContext, {
    requestId: $metadata.requestId,
    functionArn: `${arnOf('work')}:$LATEST`,
    condition: 'Success',
    approximateInvokeCount: 1,
  })
  assert.deepEqual(record.responseContext, { statusCode: 200, executedVersion: '$LATEST' })
  assert.deepEqual(record.responsePayload, { got: { id: 'well' } })
})

test('an alias has retries and destinations of its own', async () => {
  const { Version } = await client.send(new PublishVersionCommand({ FunctionName: 'work' }))
  await client.send(
    new CreateAliasCommand({ FunctionName: 'work', Name: 'live', FunctionVersion: Version }),
  )
  await sendTo('work:live', { OnFailure: arnOf('collect') }, { MaximumRetryAttempts: 1 })
  await invoke('work', { id: 'twice', fail: 'no' }, { Qualifier: 'live' })
  const record = await recordOf('twice')
  assert.equal(record.requestContext['functionArn'], `${arnOf('work')}:live`)
  assert.equal(record.requestContext['condition'], 'RetriesExhausted')
  assert.equal(record.requestContext['approximateInvokeCount'], 2)
  assert.deepEqual(record.responseContext, {
    statusCode: 200,
    executedVersion: Version,
    functionError: 'Unhandled',
  })
  assert.equal(record.responsePayload?.['errorMessage'], 'no')
})

test('an event that would be too old at its next attempt is given up', async () => {
  const age = { MaximumEventAgeInSeconds: 60 }
  await sendTo('work', { OnFailure: arnOf('collect') }, age)
  await invoke('work', { id: 'old', fail: 'no' })
  const { requestContext } = await recordOf('old')
  assert.equal(requestContext['condition'], 'EventAgeExceeded')
  assert.equal(requestContext['approximateInvokeCount'], 1)
})

test('with nothing reserved the event goes to the destination at once, untried', async () => {
  const ReservedConcurrentExecutions = 0
  await client.send(
    new PutFunctionConcurrencyCommand({ FunctionName: 'work', ReservedConcurrentExecutions }),
  )
  await invoke('work', { id: 'blocked' })
  const { requestContext } = await recordOf('blocked')
  assert.equal(requestContext['condition'], 'ZeroReservedConcurrency')
  assert.equal(requestContext['approximateInvokeCount'], 0)
  await client.send(
    new PutFunctionConcurrencyCommand({ FunctionName: 'work', ReservedConcurrentExecutions: 5 }),
  )
})

test('an outcome for a service that is not here is told in the log of the function', async () => {
  await sendTo('work', { OnFailure: queueArn }, { MaximumRetryAttempts: 0 })
  await client.send(
    new UpdateFunctionConfigurationCommand({
      FunctionName: 'work',
      DeadLetterConfig: { TargetArn: 'arn:aws:sns:us-east-1:000000000000:t' },
    }),
  )
  await waitUntilActive(client, 'work')
  const { $metadata } = await invoke('work', { id: 'lost', fail: 'no' })
  const told = async () => (await logOf(server, 'work')).filter((line) => line.startsWith('LAIR '))
  await until(async () => (await told()).length === 2)
  const [dead = '', record = ''] = await told()
  assert.ok(
    dead.startsWith(
      `LAIR Cannot deliver the event of request ${$metadata.requestId} (RetriesExhausted) to ` +
        'arn:aws:sns:us-east-1:000000000000:t: Amazon SNS is not part of this server yet.',
    ),
  )
  assert.ok(record.includes(`to ${queueArn}: Amazon SQS is not part of this server yet.`))
  assert.ok(record.includes('"requestPayload":{"id":"lost","fail":"no"}'))
})

test('a function that calls itself with the SDK is stopped after sixteen runs, and its destination is told', async () => {
  await sendTo('loop', { OnFailure: arnOf('collect') })
  await invoke('loop', { id: 'round' })
  const record = await recordOf('round')
  assert.equal(kept().filter(({ loop }) => loop === 'round').length, 16)
  assert.equal(record.requestContext['condition'], 'RecursiveInvocation')
  assert.equal(record.requestContext['approximateInvokeCount'], 0)
  assert.deepEqual(record.responseContext, { statusCode: 400 })
})

test('who waits for a call in a loop gets RecursiveInvocationException, unless loops are allowed', async () => {
  const call = async (trace: string | undefined): Promise<string> => {
    const command = new InvokeCommand({ FunctionName: 'work', Payload: '{}' })
    let answered = ''
    command.middlewareStack.add(
      (next) => async (args) => {
        const { headers } = args.request as { headers: Record<string, string> }
        if (trace !== undefined) headers['X-Amzn-Trace-Id'] = trace
        const result = await next(args)
        const response = result.response as { headers: Record<string, string> }
        answered = response.headers['x-amzn-trace-id'] ?? ''
        return result
      },
      { step: 'build' },
    )
    await client.send(command)
    return answered
  }
  let trace: string | undefined
  for (let count = 1; count <= 16; count++) trace = await call(trace)
  assert.match(trace ?? '', /;Lineage=16:[0-9a-f]{8}:15$/)
  await assert.rejects(call(trace), { name: 'RecursiveInvocationException' })
  await client.send(
    new PutFunctionRecursionConfigCommand({ FunctionName: 'work', RecursiveLoop: 'Allow' }),
  )
  assert.match(await call(trace), /;Lineage=17:[0-9a-f]{8}:16$/)
})
