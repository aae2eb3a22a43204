/**
 * The runtime clients that users deploy, unmodified from their registries, against Lair's Runtime API. Each was proved under AWS's own
 * emulator when it was built (scripts/prepare-compat.ts).
 */
import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { CreateFunctionCommand, InvokeCommand } from '@aws-sdk/client-lambda'
import type { LambdaClient } from '@aws-sdk/client-lambda'
import {
  lambdaClient,
  logOf,
  readInvocation,
  roleArn,
  waitUntilActive,
} from '../support/clients.ts'
import { programNames, requireProgram } from '../support/programs.ts'
import type { PreparedProgram } from '../support/programs.ts'
import { startServer } from '../support/server.ts'
import type { LairServer } from '../support/server.ts'

const invocationCount = 100
/** what a program calls itself in its answer */
const spokenName = {
  bash: 'bash',
  rust: 'rust',
  go: 'go',
  python: 'python',
  node3: 'node',
  node4: 'node',
}
/** error types by client; bash has no error path of its own */
const errorTypes = {
  rust: '&alloc::boxed::Box<dyn core::error::Error + core::marker::Send + core::marker::Sync>',
  go: 'errorString',
  python: 'ValueError',
  node3: 'Error',
  node4: 'Error',
}

suite('runtime clients', () => {
  let server: LairServer
  let client: LambdaClient
  before(async () => {
    server = await startServer()
    client = lambdaClient(server)
  })
  after(async () => {
    client.destroy()
    await server[Symbol.asyncDispose]()
  })

  for (const name of programNames) {
    test(`${name}: ${invocationCount} invocations are answered, warm ones by one environment`, async (t) => {
      const program = requireProgram(t, name)
      if (!program) return
      await deploy(client, name, program)
      for (let index = 0; index < invocationCount; index += 1) {
        const event = { index, text: 'grüße\n"€"', nested: [null, true, 1.5] }
        const answer = await invoke(client, name, event)
        assert.equal(answer.functionError, undefined)
        assert.deepEqual(answer.body, { runtime: spokenName[name], event })
        assert.equal(answer.log.includes('\tInit Duration: '), index === 0, answer.log)
      }
    })
  }

  for (const name of programNames.filter((each) => each !== 'bash')) {
    test(`${name}: an error of the handler is passed on, and the next event is answered`, async (t) => {
      const program = requireProgram(t, name)
      if (!program) return
      const functionName = `${name}-error`
      await deploy(client, functionName, program)
      const failed = await invoke(client, functionName, { fail: true })
      assert.equal(failed.functionError, 'Unhandled')
      const { errorType, errorMessage } = failed.body as {
        errorType: string
        errorMessage: string
      }
      assert.equal(errorMessage, `${spokenName[name]} failed as asked`)
      assert.equal(errorType, errorTypes[name])
      assert.match(failed.log, /\nREPORT RequestId: /)
      assert.doesNotMatch(failed.log, /Status: /)
      const next = await invoke(client, functionName, { n: 2 })
      assert.deepEqual(next.body, { runtime: spokenName[name], event: { n: 2 } })
    })
  }

  test('a Go function with GODEBUG=inittrace=1 shows its init traces in the log of its cold start', async (t) => {
    const program = requireProgram(t, 'go')
    if (!program) return
    await deploy(client, 'go-inittrace', program, { GODEBUG: 'inittrace=1' })
    const cold = await invoke(client, 'go-inittrace', {})
    assert.equal(cold.functionError, undefined)
    const log = await logOf(server, 'go-inittrace')
    const traces = log.filter((line) => /^init [\w./-]+ @[\d.]+ ms, [\d.]+ ms clock/.test(line))
    assert.ok(
      traces.some((line) => line.startsWith('init runtime @')),
      log.join('\n'),
    )
    const firstTrace = log.findIndex((line) => line.startsWith('init '))
    const start = log.findIndex((line) => line.startsWith('START RequestId: '))
    assert.ok(firstTrace < start, log.join('\n'))
  })
})

async function deploy(
  client: LambdaClient,
  functionName: string,
  program: PreparedProgram,
  environment: Record<string, string> = {},
): Promise<void> {
  await client.send(
    new CreateFunctionCommand({
      FunctionName: functionName,
      Runtime: 'provided.al2023',
      Handler: 'index.handler',
      Role: roleArn,
      Code: { ZipFile: program.zip },
      Environment: { Variables: environment },
      MemorySize: 256,
      Timeout: 10,
    }),
  )
  await waitUntilActive(client, functionName)
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
