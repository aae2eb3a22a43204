/**
 * `lair demo`: the main job in one go, as a user of the Lambda API would do it: a server on a free port, an example packed, created,
 * waited for and invoked over HTTP with signed requests; what came back is shown.
 */
import { fileURLToPath } from 'node:url'
import { setTimeout as sleep } from 'node:timers/promises'
import { defaults } from '../config.ts'
import { startServer } from '../server.ts'
import { send, type Connection } from './client.ts'
import { CommandError, note, print, styled } from './terminal.ts'
import { packageVersion } from './version.ts'
import { zipFolder } from './zip-folder.ts'

const maxPollCount = 100
const pollMs = 50

/** Run the demonstration; the server is gone at the end. */
export async function demo(): Promise<void> {
  const folder = fileURLToPath(new URL('../../examples/hello-node', import.meta.url))
  const server = await startServer({
    host: '127.0.0.1',
    port: 0,
    isWarmPoolOn: true,
    version: packageVersion(),
  })
  // Whatever keys and endpoints this shell has, they are for other servers.
  const connection: Connection = {
    endpoint: server.endpoint,
    accessKeyId: 'test',
    secretAccessKey: 'test',
    region: defaults.region,
  }
  step('start', `Lair listens on ${server.endpoint}`)
  try {
    await deploy(folder, connection)
    await showInvocation('Ada', connection)
    await showInvocation('Grace', connection)
  } finally {
    await server.close()
  }
  note('Next: "npx lair start", and in another terminal eval "$(npx lair env)" (see README.md)')
}

async function deploy(folder: string, connection: Connection): Promise<void> {
  const zip = await zipFolder(folder)
  const request = {
    FunctionName: 'hello',
    Runtime: 'nodejs24.x',
    Handler: 'index.handler',
    Role: 'arn:aws:iam::000000000000:role/demo',
    Code: { ZipFile: zip.toString('base64') },
  }
  await send(
    {
      service: 'lambda',
      method: 'POST',
      target: '/2015-03-31/functions',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(request),
    },
    connection,
  )
  step('create', `function hello from examples/hello-node, ${zip.length} bytes zipped`)
  for (let poll = 0; poll < maxPollCount; poll += 1) {
    const target = '/2015-03-31/functions/hello/configuration'
    const { body } = await send({ service: 'lambda', method: 'GET', target }, connection)
    const { State } = JSON.parse(body.toString('utf8')) as { State: string }
    if (State === 'Active') return
    await sleep(pollMs)
  }
  throw new CommandError('Function "hello" did not become active: see the log above')
}

async function showInvocation(name: string, connection: Connection): Promise<void> {
  const startedMs = performance.now()
  const { headers, body } = await send(
    {
      service: 'lambda',
      method: 'POST',
      target: '/2015-03-31/functions/hello/invocations',
      headers: { 'x-amz-log-type': 'Tail' },
      body: JSON.stringify({ name }),
    },
    connection,
  )
  const tookMs = performance.now() - startedMs
  if (headers.has('x-amz-function-error'))
    throw new CommandError(`The function failed: ${body.toString('utf8')}`)
  step('invoke', `{"name":"${name}"} answered in ${tookMs.toFixed(1)} ms:`)
  print(`          ${styled('green', body.toString('utf8'))}`)
  const tail = Buffer.from(headers.get('x-amz-log-result') ?? '', 'base64').toString('utf8')
  for (const line of tail.trimEnd().split('\n')) print(`          ${styled('dim', line)}`)
}

function step(what: string, text: string): void {
  print(`${styled('bold', what.padEnd(9))} ${text}`)
}
