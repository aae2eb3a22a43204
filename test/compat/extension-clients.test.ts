/** Extensions on the clients that users build them with, unmodified: the internal one of Go's client, and Rust's crate. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  CreateFunctionCommand,
  InvokeCommand,
  PublishLayerVersionCommand,
  UpdateFunctionConfigurationCommand,
} from '@aws-sdk/client-lambda'
import type { LambdaClient } from '@aws-sdk/client-lambda'
import {
  lambdaClient,
  logOf,
  readInvocation,
  roleArn,
  waitUntilActive,
} from '../support/clients.ts'
import { freePort } from '../support/emulator.ts'
import { requireProgram } from '../support/programs.ts'
import type { PreparedProgram } from '../support/programs.ts'
import { startServer } from '../support/server.ts'
import { until } from '../support/until.ts'

test('a Go function that asked for SIGTERM is told before it ends', async (t) => {
  const program = requireProgram(t, 'go')
  if (!program) return
  await using server = await startServer()
  const client = lambdaClient(server)
  t.after(() => client.destroy())
  for (const name of ['told', 'untold']) {
    await deploy(client, name, program, name === 'told' ? { SIGTERM: '1' } : {})
    const answer = await invoke(client, name, { n: 1 })
    assert.deepEqual(answer.body, { runtime: 'go', event: { n: 1 } }, answer.log)
  }
  const cold = await logOf(server, 'told')
  assert.ok(
    cold.includes('EXTENSION\tName: GoLangEnableSIGTERM\tState: Ready\tEvents: []'),
    cold.join('\n'),
  )
  for (const name of ['untold', 'told']) await replace(client, name)
  const isTold = async (name: string) =>
    (await logOf(server, name)).some((line) => line === 'go was told to end')
  await until(() => isTold('told'))
  assert.equal(await isTold('untold'), false)
})

test("an extension on Rust's crate hears of invocations, telemetry and the end", async (t) => {
  const program = requireProgram(t, 'go')
  const extension = requireProgram(t, 'rust-extension')
  if (!program || !extension) return
  await using server = await startServer()
  const client = lambdaClient(server)
  t.after(() => client.destroy())
  const layer = await client.send(
    new PublishLayerVersionCommand({
      LayerName: 'telemetry',
      Content: { ZipFile: extension.zip },
    }),
  )
  const name = 'observed'
  const variables = { TELEMETRY_PORT: String(await freePort()) }
  await deploy(client, name, program, variables, [layer.LayerVersionArn ?? ''])
  const log = () => logOf(server, name)
  const told = async (prefix: string) =>
    (await log()).filter((line) => line.startsWith(prefix)).map((line) => line.slice(prefix.length))
  const initialised = ['PlatformInitStart', 'PlatformInitRuntimeDone', 'PlatformInitReport']
  const invoked = ['PlatformStart', 'PlatformRuntimeDone', 'PlatformReport']
  const wanted = [...initialised, ...invoked, ...invoked]
  const records = async () =>
    (await told('telemetry ')).filter(
      (each) => !/^Platform(Extension|TelemetrySubscription)$/.test(each),
    )
  // Between invocations the environment is frozen, and no telemetry is delivered.
  let count = 0
  await until(async () => {
    const answer = await invoke(client, name, { do: 'sleep', ms: 300 })
    assert.equal(answer.functionError, undefined, answer.log)
    count += 1
    return (await records()).length >= wanted.length
  })
  assert.deepEqual((await records()).slice(0, wanted.length), wanted)
  assert.equal((await told('extension invoke ')).length, count)
  const all = await told('telemetry ')
  assert.ok(all.includes('PlatformExtension') && all.includes('PlatformTelemetrySubscription'))
  await replace(client, name)
  await until(async () => (await told('extension shutdown ')).length === 1)
  assert.match((await told('extension shutdown '))[0] ?? '', /spindown/i)
})

async function deploy(
  client: LambdaClient,
  functionName: string,
  program: PreparedProgram,
  ...[variables, layers]: [variables: Record<string, string>, layers?: string[]]
): Promise<void> {
  await client.send(
    new CreateFunctionCommand({
      FunctionName: functionName,
      Runtime: 'provided.al2023',
      Handler: 'index.handler',
      Role: roleArn,
      Code: { ZipFile: program.zip },
      Environment: { Variables: variables },
      Layers: layers ?? [],
      MemorySize: 256,
      Timeout: 10,
    }),
  )
  await waitUntilActive(client, functionName)
}

/** An update: the environments of the version before are ended. */
async function replace(client: LambdaClient, functionName: string): Promise<void> {
  await client.send(
    new UpdateFunctionConfigurationCommand({ FunctionName: functionName, MemorySize: 300 }),
  )
}

async function invoke(
  client: LambdaClient,
  functionName: string,
  event: unknown,
): Promise<ReturnType<typeof readInvocation>> {
  const output = await client.send(
    new InvokeCommand({
      FunctionName: functionName,
      Payload: Buffer.from(JSON.stringify(event)),
      LogType: 'Tail',
    }),
  )
  return readInvocation(output)
}
