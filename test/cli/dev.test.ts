/** `lair dev`: functions that follow their sources, in a server of its own or in one that runs. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { json } from 'node:stream/consumers'
import { mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { GetFunctionCommand, InvokeCommand, type LambdaClient } from '@aws-sdk/client-lambda'
import { lambdaClient } from '../support/clients.ts'
import { startServer } from '../support/server.ts'
import { refusal, type Running, running, temporaryFolder } from './lair.ts'

type Event = {
  readonly event: string
  readonly name?: string
  readonly message?: string
  readonly remedy?: string
  readonly endpoint: string
  readonly isOwnServer?: boolean
  readonly functions: readonly { readonly url?: string }[]
}

/** from a save to the first answer of the new code, of a small handler */
const promisedMs = 100

/** Folders of functions that count their invocations in memory. */
function folders(t: TestContext, ...names: string[]): string[] {
  const parent = temporaryFolder(t)
  return names.map((name) => {
    const folder = join(parent, name)
    mkdirSync(folder)
    write(folder, 1)
    return folder
  })
}

const source = (version: number) =>
  `let count = 0\nexport const handler = async () => {\n  console.log('serving', ${version})\n  return [${version}, ++count]\n}\n`

function write(folder: string, version: number): void {
  writeFileSync(join(folder, 'index.mjs'), source(version))
}

/** Read on until an event is told. */
async function until(dev: Running, isWanted: (event: Event) => boolean): Promise<Event> {
  for (;;) {
    const event: Event = JSON.parse(await dev.line())
    if (isWanted(event)) return event
  }
}

async function invoke(client: LambdaClient, FunctionName: string): Promise<unknown> {
  const { Payload } = await client.send(new InvokeCommand({ FunctionName }))
  return JSON.parse(Payload?.transformToString() ?? '')
}

/** Get a function URL: its name is of this machine, whatever resolves names here. */
async function visit(url = ''): Promise<unknown> {
  const { host, port } = new URL(url)
  const request = get({ host: '127.0.0.1', port, headers: { host }, agent: false })
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  assert.equal(response.statusCode, 200)
  return json(response)
}

/** @returns ms until the function answers from new code */
async function untilVersion(client: LambdaClient, name: string, version: number): Promise<number> {
  const fromMs = performance.now()
  for (;;) {
    const [answered] = (await invoke(client, name)) as [number]
    const tookMs = performance.now() - fromMs
    if (answered === version) return tookMs
    assert.ok(tookMs < 10_000, `${name} still answers from version ${answered}`)
    await sleep(1)
  }
}

test('a saved file is served at once, and the other function keeps its state', async (t) => {
  const [one = '', two = ''] = folders(t, 'one', 'two')
  const dev = running(t, ['dev', one, two, '--port', '0', '--json'])
  const { endpoint, isOwnServer, functions } = await until(dev, ({ event }) => event === 'ready')
  assert.equal(isOwnServer, true)
  const client = lambdaClient({ endpoint })
  t.after(() => client.destroy())
  assert.deepEqual(await invoke(client, 'one'), [1, 1])
  assert.deepEqual(await visit(functions[1]?.url), [1, 1])
  assert.deepEqual(await invoke(client, 'two'), [1, 2])
  await until(dev, ({ event, name, message }) => {
    return event === 'log' && name === 'one' && message?.endsWith('\tserving 1') === true
  })

  // On a busy machine some take longer; one in time is enough to know that nothing stands in the way.
  const tookMs: number[] = []
  let version = 1
  while (tookMs.length < 4 || (Math.min(...tookMs) > promisedMs && tookMs.length < 20)) {
    version += 1
    if (version % 2 === 0) write(one, version)
    else {
      // As many editors save: a new file in the place of the old.
      writeFileSync(join(one, '.index.mjs.swp'), source(version))
      renameSync(join(one, '.index.mjs.swp'), join(one, 'index.mjs'))
    }
    tookMs.push(await untilVersion(client, 'one', version))
    // The warm pool gets time to be filled again.
    await sleep(400)
  }
  const said = `save to next answer, ms: ${tookMs.map((ms) => ms.toFixed(0)).join(', ')}`
  t.diagnostic(said)
  assert.ok(Math.min(...tookMs) <= promisedMs, said)
  assert.deepEqual(await invoke(client, 'two'), [1, 3])

  // What does not concern the code changes nothing.
  const before = await invoke(client, 'one')
  mkdirSync(join(one, 'node_modules/some'), { recursive: true })
  writeFileSync(join(one, 'node_modules/some/index.js'), '')
  writeFileSync(join(one, 'index.mjs~'), '')
  await sleep(200)
  assert.deepEqual(await invoke(client, 'one'), [version, (before as [number, number])[1] + 1])
  assert.equal(await dev.stop(), 0)
})

test('a file that does not parse is told of when it is saved, with its line and what to do', async (t) => {
  const [folder = ''] = folders(t, 'broken')
  const dev = running(t, ['dev', folder, '--port', '0', '--json'])
  const { endpoint } = await until(dev, ({ event }) => event === 'ready')
  writeFileSync(
    join(folder, 'index.mjs'),
    'export const handler = async () => {\n  return 1 +\n}\n',
  )
  const found: Event[] = []
  await until(dev, (event) => {
    if (event.event === 'problem' || event.remedy !== undefined) found.push(event)
    return found.length === 2
  })
  const problem = found.find(({ event }) => event === 'problem')
  assert.match(problem?.message ?? '', /^index\.mjs:3\n}\n\^\nSyntaxError: Unexpected token/)
  const log = found.find(({ event }) => event === 'log')
  assert.match(log?.message ?? '', /Runtime\.UserCodeSyntaxError/)
  assert.match(log?.remedy ?? '', /correct it and save/)
  write(folder, 2)
  const client = lambdaClient({ endpoint })
  t.after(() => client.destroy())
  await until(dev, ({ event }) => event === 'swapped')
  assert.deepEqual(await invoke(client, 'broken'), [2, 1])
})

test('a server that runs is used, and what was not there before is taken away again', async (t) => {
  await using server = await startServer()
  const [folder = ''] = folders(t, 'guest')
  const dev = running(t, ['dev', folder, '--endpoint', server.endpoint, '--json'])
  const { isOwnServer } = await until(dev, ({ event }) => event === 'ready')
  assert.equal(isOwnServer, false)
  const client = lambdaClient(server)
  t.after(() => client.destroy())
  assert.deepEqual(await invoke(client, 'guest'), [1, 1])
  const { Code } = await client.send(new GetFunctionCommand({ FunctionName: 'guest' }))
  assert.equal(Code?.Location, `file://${folder}`)
  write(folder, 2)
  await untilVersion(client, 'guest', 2)
  assert.equal(await dev.stop(), 0)
  await assert.rejects(invoke(client, 'guest'), { name: 'ResourceNotFoundException' })
})

test('an option names the server before the environment does, and who is not there is started', async (t) => {
  const [folder = ''] = folders(t, 'placed')
  await using server = await startServer()
  const env = { AWS_ENDPOINT_URL: server.endpoint }
  const own = running(t, ['dev', folder, '--port', '0', '--inspect=0', '--json'], { env })
  assert.notEqual(JSON.parse(await own.line()).endpoint, server.endpoint)
  await own.stop()
  const guest = running(t, ['dev', folder, '--json'], { env })
  assert.equal(JSON.parse(await guest.line()).endpoint, server.endpoint)
  await guest.stop()
  await server.stop()
  const successor = running(t, ['dev', folder, '--json'], { env })
  assert.equal(JSON.parse(await successor.line()).endpoint, server.endpoint)
})

test('what cannot be run is said in one sentence', async (t) => {
  const parent = temporaryFolder(t)
  const empty = join(parent, 'empty')
  mkdirSync(empty)
  assert.match(await refusal(['dev', empty, '--port', '0']), /Cannot tell what function/)
  const [one = ''] = folders(t, 'same')
  const [two = ''] = folders(t, 'same')
  assert.match(await refusal(['dev', one, two, '--port', '0']), /Two folders are named "same"/)
  assert.match(await refusal(['dev', one, '--timeout', '901']), /--timeout/)
  const flags = ['--inspect', '--endpoint', 'http://127.0.0.1:1']
  assert.match(await refusal(['dev', one, ...flags]), /--inspect needs a server of its own/)
})
