/**
 * What is measured: Lair and AWS's Runtime Interface Emulator, each with the same runtime processes: the official Node client
 * (aws-lambda-ric) and Lair's own bootstrap, both on the Node that runs this.
 */
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { CreateFunctionCommand } from '@aws-sdk/client-lambda'
import type { Runtime } from '@aws-sdk/client-lambda'
import { lambdaClient, roleArn, waitUntilActive } from '../test/support/clients.ts'
import { emulatorPath, findProgram, sourceFolder } from '../test/support/programs.ts'
import { startEmulator } from '../test/support/emulator.ts'
import { requestBytes } from '../test/support/raw-http.ts'
import { startServer } from '../test/support/server.ts'
import type { LairServer } from '../test/support/server.ts'
import { signed } from '../test/support/sigv4.ts'
import { zipOf } from '../test/support/zip.ts'
import { existsSync, readFileSync } from 'node:fs'

export type Target = {
  readonly name: string
  readonly port: number
  /** bytes of an invocation with this payload */
  requestFor(payload: Buffer): Buffer
}

export type Targets = AsyncDisposable & {
  readonly server: LairServer
  /** Lair with the official client */
  readonly lairClient: Target
  /** Lair with its own bootstrap */
  readonly lairOwn: Target
  readonly emulatorClient: Target
  readonly emulatorOwn: Target
}

const bootstrapPath = resolve(import.meta.dirname, '../src/runtimes/nodejs/bootstrap.cjs')
export const echoSource = readFileSync(join(sourceFolder, 'node-ric/index.mjs'))
const client = 'official client'
const own = "Lair's bootstrap"

/** Start everything and deploy the echo function on each.
 *  @throws Error when the official client or the emulator was not prepared */
export async function startTargets(): Promise<Targets> {
  const program = findProgram('node3')
  if (!program || !existsSync(emulatorPath)) {
    throw new Error('Run "node scripts/prepare-compat.ts" first: it builds what is compared')
  }
  const folder = mkdtempSync(join(tmpdir(), 'lair-bench-'))
  const stack = new AsyncDisposableStack()
  stack.defer(() => rmSync(folder, { recursive: true, force: true }))
  try {
    const server = stack.use(await startServer())
    await deploy(server, 'client', { runtime: 'provided.al2023', zip: program.zip })
    await deploy(server, 'own', {
      runtime: 'nodejs24.x',
      zip: await zipOf({ 'index.mjs': echoSource }),
    })
    const ownFolder = ownProgram(folder)
    const withClient = stack.use(await emulate(program.folder))
    const withOwn = stack.use(await emulate(ownFolder))
    const owned = stack.move()
    return {
      server,
      lairClient: lairTarget(`Lair, ${client}`, server, 'client'),
      lairOwn: lairTarget(`Lair, ${own}`, server, 'own'),
      emulatorClient: emulatorTarget(`emulator, ${client}`, withClient.port),
      emulatorOwn: emulatorTarget(`emulator, ${own}`, withOwn.port),
      [Symbol.asyncDispose]: () => owned.disposeAsync(),
    }
  } catch (error) {
    await stack.disposeAsync()
    throw error
  }
}

/** The emulator with a runtime on a function's folder. */
export function emulate(folder: string): ReturnType<typeof startEmulator> {
  return startEmulator({
    folder,
    handler: 'index.handler',
    environment: { AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x' },
  })
}

/** A function's folder whose `bootstrap` is Lair's own, for the emulator. */
export function ownProgram(parent: string): string {
  const folder = join(parent, 'own')
  mkdirSync(folder)
  copyFileSync(join(sourceFolder, 'node-ric/index.mjs'), join(folder, 'index.mjs'))
  const script = `#!/bin/sh\nexec "${process.execPath}" "${bootstrapPath}"\n`
  writeFileSync(join(folder, 'bootstrap'), script, { mode: 0o755 })
  return folder
}

/** Create a function and wait for it. */
export async function deploy(
  server: LairServer,
  name: string,
  code: { runtime: Runtime; zip: Buffer },
): Promise<void> {
  const lambda = lambdaClient(server)
  await lambda.send(
    new CreateFunctionCommand({
      FunctionName: name,
      Runtime: code.runtime,
      Handler: 'index.handler',
      Role: roleArn,
      Code: { ZipFile: code.zip },
      MemorySize: 512,
      Timeout: 30,
    }),
  )
  await waitUntilActive(lambda, name)
  lambda.destroy()
}

/** A deployed function, its requests signed. */
export function lairTarget(name: string, server: LairServer, functionName: string): Target {
  const { host, port } = new URL(server.endpoint)
  return {
    name,
    port: Number(port),
    requestFor(payload) {
      const plain = {
        method: 'POST',
        target: `/2015-03-31/functions/${functionName}/invocations`,
        headers: { host, 'content-type': 'application/json' },
        body: payload,
      }
      const headers = signed({ ...plain, service: 'lambda', nowMs: Date.now() })
      return requestBytes({ ...plain, headers })
    },
  }
}

function emulatorTarget(name: string, port: number): Target {
  return {
    name,
    port,
    requestFor: (payload) =>
      requestBytes({
        method: 'POST',
        target: '/2015-03-31/functions/function/invocations',
        headers: { host: `127.0.0.1:${port}`, 'content-type': 'application/json' },
        body: payload,
      }),
  }
}
