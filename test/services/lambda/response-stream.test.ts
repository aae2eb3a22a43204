/** InvokeWithResponseStream as the JavaScript SDK sees it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  CreateFunctionCommand,
  InvokeWithResponseStreamCommand,
  LambdaClient,
} from '@aws-sdk/client-lambda'
import { startServer } from '../../../src/server.ts'
import { newFunction } from './harness.ts'

const source = `exports.handler = awslambda.streamifyResponse(async (event, stream) => {
  stream.write('one ')
  stream.write('two')
  stream.end()
})`

test('InvokeWithResponseStream gives the SDK what was written, and how it ended', async (t) => {
  const server = await startServer({
    host: '127.0.0.1',
    port: 0,
    isWarmPoolOn: false,
    version: 'test',
  })
  t.after(() => server.close())
  const client = new LambdaClient({
    endpoint: server.endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    maxAttempts: 1,
  })
  t.after(() => client.destroy())
  await client.send(new CreateFunctionCommand(newFunction('streaming', source)))
  const { EventStream, ExecutedVersion } = await client.send(
    new InvokeWithResponseStreamCommand({ FunctionName: 'streaming', Payload: '{}' }),
  )
  assert.equal(ExecutedVersion, '$LATEST')
  const text: string[] = []
  let isComplete = false
  for await (const event of EventStream ?? []) {
    if (event.PayloadChunk?.Payload) text.push(Buffer.from(event.PayloadChunk.Payload).toString())
    if (event.InvokeComplete) isComplete = event.InvokeComplete.ErrorCode === undefined
  }
  assert.equal(text.join(''), 'one two')
  assert.equal(isComplete, true)
  await assert.rejects(
    client.send(new InvokeWithResponseStreamCommand({ FunctionName: 'nobody' })),
    { name: 'ResourceNotFoundException' },
  )
})
