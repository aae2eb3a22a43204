/** Extensions as users deploy them: in a layer, through the SDK, across updates of the function. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import {
  PublishLayerVersionCommand,
  UpdateFunctionCodeCommand,
  UpdateFunctionConfigurationCommand,
} from '@aws-sdk/client-lambda'
import { lambdaClient, logOf } from '../support/clients.ts'
import { deploy, invoke as invokeFunction } from '../support/functions.ts'
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
  await deploy(client, FunctionName, await codeOf('old'), { Layers })
  const invoke = (ms = 0) => invokeFunction(client, FunctionName, { ms })
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
