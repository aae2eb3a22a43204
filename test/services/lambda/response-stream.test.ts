/** InvokeWithResponseStream as the JavaScript SDK sees it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CreateFunctionCommand, InvokeWithResponseStreamCommand } from '@aws-sdk/client-lambda'
import { openServer } from '../../support/in-process.ts'
import { newFunction } from './harness.ts'

const source = `exports.handler = awslambda.streamifyResponse(async (event, stream) => {
  stream.write('one ')
  stream.write('two')
  stream.end()
})`

test('InvokeWithResponseStream gives the SDK what was written, and how it ended', async (t) => {
  const { client, close } = await openServer()
  t.after(close)
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
