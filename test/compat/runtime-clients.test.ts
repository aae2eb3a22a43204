/**
 * The runtime clients that users deploy, unmodified from their registries, against Lair's Runtime API: each through the one suite. Each
 * was proved under AWS's own emulator when it was built (scripts/prepare-compat.ts). Lair's Ruby and its managed Java run it too.
 */
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import type { TestContext } from 'node:test'
import type { LambdaClient } from '@aws-sdk/client-lambda'
import { createCatalogue } from '../../src/runtimes/catalogue.ts'
import { lambdaClient, logOf } from '../support/clients.ts'
import { javaDataFolder, requireProgram, sourceFolder } from '../support/programs.ts'
import type { PartName, PreparedProgram, ProgramName } from '../support/programs.ts'
import { deploy, invoke } from '../support/functions.ts'
import { startServer } from '../support/server.ts'
import type { LairServer } from '../support/server.ts'
import { skipOrFail } from '../support/tools.ts'
import { zipOfFolder } from '../support/zip.ts'
import { runtimeClientContract } from './runtime-client-contract.ts'
import type { ClientUnderTest } from './runtime-client-contract.ts'

const noStream = {
  stream: 'the client does not stream',
  'stream error': 'the client does not stream',
}
const prepared = (name: ProgramName | PartName) => (t: TestContext) => requireProgram(t, name)
const rubyZip = await zipOfFolder(join(sourceFolder, 'ruby'))

const clients: readonly ClientUnderTest[] = [
  {
    name: 'bash',
    spokenName: 'bash',
    errorType: 'BashError',
    initErrorType: 'BashError',
    skips: noStream,
    program: prepared('bash'),
  },
  {
    name: 'rust',
    spokenName: 'rust',
    errorType:
      '&alloc::boxed::Box<dyn core::error::Error + core::marker::Send + core::marker::Sync>',
    initErrorType: 'Runtime.ExitError',
    skips: { 'stream error': 'the client writes its trailers into the body' },
    program: prepared('rust'),
  },
  {
    name: 'go',
    spokenName: 'go',
    errorType: 'errorString',
    initErrorType: 'Runtime.ExitError',
    skips: {},
    program: prepared('go'),
  },
  {
    name: 'python',
    spokenName: 'python',
    errorType: 'ValueError',
    initErrorType: 'ValueError',
    skips: noStream,
    program: prepared('python'),
  },
  ...(['node3', 'node4'] as const).map((name) => ({
    name,
    spokenName: 'node',
    errorType: 'Error',
    initErrorType: 'Error',
    streamEnvironment: { STREAM: '1' },
    skips: {},
    program: prepared(name),
  })),
  {
    name: 'java',
    spokenName: 'java',
    errorType: 'java.lang.IllegalArgumentException',
    initErrorType: 'java.lang.IllegalStateException',
    memoryMib: 512,
    skips: noStream,
    program: prepared('java'),
  },
  {
    name: 'managed-java',
    spokenName: 'java',
    runtime: 'java17',
    handler: 'lair.Echo::handleRequest',
    errorType: 'java.lang.IllegalArgumentException',
    initErrorType: 'java.lang.IllegalStateException',
    memoryMib: 512,
    skips: noStream,
    program: prepared('java-classes'),
  },
  {
    name: 'managed-ruby',
    spokenName: 'ruby',
    runtime: 'ruby3.4',
    handler: 'index.Lair::Echo.call',
    errorType: 'Function<RuntimeError>',
    initErrorType: 'Init<RuntimeError>',
    skips: noStream,
    program: rubyProgram,
  },
]

suite('runtime clients', () => {
  const dataFolder = mkdtempSync(join(tmpdir(), 'lair-clients-'))
  let server: LairServer
  let client: LambdaClient
  before(async () => {
    // The archives of prepared classes know where they are: the folder is linked, not copied.
    mkdirSync(join(dataFolder, 'runtimes'))
    symlinkSync(join(javaDataFolder, 'runtimes/java'), join(dataFolder, 'runtimes/java'))
    server = await startServer({ dataFolder })
    client = lambdaClient(server)
  })
  after(async () => {
    client.destroy()
    await server[Symbol.asyncDispose]()
    rmSync(dataFolder, { recursive: true, force: true })
  })

  for (const each of clients) runtimeClientContract(each, () => client)

  test('a Go function with GODEBUG=inittrace=1 shows its init traces in the log of its cold start', async (t) => {
    const program = requireProgram(t, 'go')
    if (!program) return
    await deploy(client, 'go-inittrace', program.zip, {
      Runtime: 'provided.al2023',
      MemorySize: 256,
      Environment: { Variables: { GODEBUG: 'inittrace=1' } },
    })
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

/** The same for Lair's own Ruby: nothing to build, but an interpreter must be here. */
function rubyProgram(t: TestContext): PreparedProgram | undefined {
  const found = createCatalogue({ directory: '/nonexistent' }).find('ruby3.4')
  if ('argv' in found) return { folder: join(sourceFolder, 'ruby'), zip: rubyZip }
  skipOrFail(t, `Ruby is not installed on this machine: ${found.remedy}`)
  return undefined
}
