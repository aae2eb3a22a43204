/** Extensions as users deploy them: in a layer, through the SDK, across updates of the function. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import {
  CreateFunctionCommand,
  InvokeCommand,
  PublishLayerVersionCommand,
  UpdateFunctionCodeCommand,
  UpdateFunctionConfigurationCommand,
} from '@aws-sdk/client-lambda'
import {
  lambdaClient,
  logOf,
  readInvocation,
  roleArn,
  waitUntilActive,
} from '../support/clients.ts'
import { startServer } from '../support/server.ts'
import { until } from '../support/until.ts'
import { zipOf } from '../support/zip.ts'

const program = join(import.meta.dirname, '../environment/programs/extension.cjs')
const extension = `#!${process.execPath}\n${readFileSync(program, 'utf8')}`

function codeOf(word: string): Promise<Buffer> {
  const source = `exports.handler = async (event) => {
    await new Promise((resolve) => setTimeout(resolve, event.ms ?? 0))
    return ${JSON.stringify(word)}
  }`
  return zipOf({ 'index.js': source })
}

test('an extension of a layer lives with its environment, and hears when an update ends it', async (t) => {
  await using server = await startServer()
  const client = lambdaClient(server)
  t.after(() => client.destroy())
  const FunctionName = 'extended'
  const layer = await client.send(
    new PublishLayerVersionCommand({
      LayerName: 'monitor',
      Content: {
        ZipFile: await zipOf({ 'extensions/monitor': { content: extension, isExecutable: true } }),
      },
    }),
  )
  const Layers = [layer.LayerVersionArn ?? '']
  await client.send(
    new CreateFunctionCommand({
      FunctionName,
      Runtime: 'nodejs24.x',
      Handler: 'index.handler',
      Role: roleArn,
      Code: { ZipFile: await codeOf('old') },
      Layers,
      Timeout: 10,
    }),
  )
  await waitUntilActive(client, FunctionName)
  const invoke = async (ms = 0) => {
    const command = { FunctionName, Payload: JSON.stringify({ ms }), LogType: 'Tail' } as const
    return readInvocation(await client.send(new InvokeCommand(command)))
  }
  const countOf = async (pattern: RegExp) =>
    (await logOf(server, FunctionName)).filter((line) => pattern.test(line)).length
  const cold = await invoke()
  assert.equal(cold.body, 'old')
  assert.match(cold.log, /EXTENSION\tName: monitor\tState: Ready\tEvents: \[INVOKE, SHUTDOWN\]\n/)
  assert.match(cold.log, /\nmonitor INVOKE /)
  const shutdowns = /^monitor SHUTDOWN spindown /
  const busy = invoke(1500)
  await until(async () => (await countOf(/^monitor INVOKE /)) === 2)
  await client.send(new UpdateFunctionCodeCommand({ FunctionName, ZipFile: await codeOf('new') }))
  assert.equal((await invoke()).body, 'new')
  assert.equal((await busy).body, 'old')
  await until(async () => (await countOf(shutdowns)) === 1)
  await client.send(new UpdateFunctionConfigurationCommand({ FunctionName, Layers: [] }))
  await until(async () => (await countOf(shutdowns)) === 2)
  const plain = await invoke()
  assert.equal(plain.body, 'new')
  assert.doesNotMatch(plain.log, /monitor/)
})
