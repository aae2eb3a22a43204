/**
 * `kill -9` of the server, twenty times at random moments under load: after each restart every function and version whose creation was
 * acknowledged is there, and in the end every accepted event has run (at least once).
 */
import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { test } from 'node:test'
import {
  CreateFunctionCommand,
  InvokeCommand,
  LambdaServiceException,
  paginateListFunctions,
} from '@aws-sdk/client-lambda'
import type { LambdaClient } from '@aws-sdk/client-lambda'
import { lambdaClient, roleArn, waitUntilActive } from '../support/clients.ts'
import { startServer } from '../support/server.ts'
import { zipOf } from '../support/zip.ts'

const roundCount = 20
const creatorCount = 2
const senderCount = 4
const maxCreatesPerRound = 10
const minLoadMs = 60
const maxLoadMs = 400
const eventsTimeoutMs = 20_000

/** Appends the id of each event to a file: one write, so that it is whole or not there. */
const recorder = `
import { appendFileSync } from 'node:fs'
export const handler = async (event) => appendFileSync(process.env.RECORD_FILE, event.id + '\\n')`

/** What the server said yes to. */
type Acknowledged = { functions: Set<string>; versions: Set<string>; events: Set<string> }

test('nothing acknowledged is lost by 20 times kill -9 under load', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'lair-kill-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const recordFile = join(folder, 'record')
  const dataFolder = join(folder, 'data')
  const zip = await zipOf({ 'index.mjs': recorder })
  const acknowledged: Acknowledged = {
    functions: new Set(),
    versions: new Set(),
    events: new Set(),
  }
  await prepare(dataFolder, zip, recordFile)
  acknowledged.functions.add('recorder')

  for (let round = 0; round < roundCount; round += 1) {
    await using server = await startServer({ dataFolder })
    const client = lambdaClient(server)
    await assertAllThere(client, acknowledged)
    const stopped = new AbortController()
    const load = loadOf({ client, zip, round, acknowledged, signal: stopped.signal })
    await sleep(randomInt(minLoadMs, maxLoadMs))
    await server.kill()
    stopped.abort()
    await load
    client.destroy()
  }

  await using server = await startServer({ dataFolder })
  const client = lambdaClient(server)
  await assertAllThere(client, acknowledged)
  client.destroy()
  assert.ok(acknowledged.events.size >= roundCount, 'the load was too small to prove anything')
  assert.ok(acknowledged.versions.size >= roundCount, 'the load was too small to prove anything')
  const missing = await missingEvents(recordFile, acknowledged.events)
  t.diagnostic(
    `${acknowledged.functions.size} functions, ${acknowledged.versions.size} versions, ${acknowledged.events.size} events`,
  )
  assert.deepEqual(missing, [], 'accepted events that never ran')
})

async function prepare(dataFolder: string, zip: Buffer, recordFile: string): Promise<void> {
  await using server = await startServer({ dataFolder })
  const client = lambdaClient(server)
  await client.send(createCommand('recorder', zip, { RECORD_FILE: recordFile }))
  await waitUntilActive(client, 'recorder')
  client.destroy()
}

function createCommand(
  name: string,
  zip: Buffer,
  variables: Record<string, string>,
): CreateFunctionCommand {
  return new CreateFunctionCommand({
    FunctionName: name,
    Runtime: 'nodejs24.x',
    Handler: 'index.handler',
    Role: roleArn,
    Code: { ZipFile: zip },
    Environment: { Variables: variables },
    Publish: name !== 'recorder',
  })
}

type Load = {
  readonly client: LambdaClient
  readonly zip: Buffer
  readonly round: number
  readonly acknowledged: Acknowledged
  readonly signal: AbortSignal
}

/** Create functions and send events until the server is gone; notes what was acknowledged. */
async function loadOf(load: Load): Promise<void> {
  const creators = Array.from({ length: creatorCount }, (_, index) => createUntilGone(load, index))
  const senders = Array.from({ length: senderCount }, (_, index) => sendUntilGone(load, index))
  await Promise.all([...creators, ...senders])
}

async function createUntilGone(load: Load, worker: number): Promise<void> {
  const { client, zip, round, acknowledged, signal } = load
  for (let count = 0; count < maxCreatesPerRound && !signal.aborted; count += 1) {
    const name = `made-${round}-${worker}-${count}`
    const created = await unlessGone(client.send(createCommand(name, zip, {})))
    if (!created) return
    acknowledged.functions.add(name)
    acknowledged.versions.add(`${name}:${created.Version}`)
  }
}

async function sendUntilGone(load: Load, worker: number): Promise<void> {
  const { client, round, acknowledged, signal } = load
  for (let count = 0; !signal.aborted; count += 1) {
    const id = `${round}-${worker}-${count}`
    const invoke = new InvokeCommand({
      FunctionName: 'recorder',
      InvocationType: 'Event',
      Payload: Buffer.from(JSON.stringify({ id })),
    })
    const accepted = await unlessGone(client.send(invoke))
    if (!accepted) return
    acknowledged.events.add(id)
  }
}

/** The answer, or undefined when the connection broke; a refusal by the server is a failure of the test. */
async function unlessGone<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer
  } catch (error) {
    if (error instanceof LambdaServiceException && error.$response !== undefined) throw error
    return undefined
  }
}

async function assertAllThere(client: LambdaClient, acknowledged: Acknowledged): Promise<void> {
  const functions = new Set<string>()
  const versions = new Set<string>()
  for await (const page of paginateListFunctions({ client }, { FunctionVersion: 'ALL' })) {
    for (const { FunctionName = '', Version = '' } of page.Functions ?? []) {
      if (Version === '$LATEST') functions.add(FunctionName)
      else versions.add(`${FunctionName}:${Version}`)
    }
  }
  assert.deepEqual([...acknowledged.functions.difference(functions)], [], 'lost functions')
  assert.deepEqual([...acknowledged.versions.difference(versions)], [], 'lost versions')
}

async function missingEvents(recordFile: string, events: Set<string>): Promise<string[]> {
  const deadline = performance.now() + eventsTimeoutMs
  for (;;) {
    const text = existsSync(recordFile) ? readFileSync(recordFile, 'utf8') : ''
    const missing = [...events.difference(new Set(text.split('\n')))]
    if (missing.length === 0 || performance.now() > deadline) return missing
    await sleep(100)
  }
}
