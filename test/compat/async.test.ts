/**
 * Asynchronous invocations that fail, to their end: every event has its three attempts, and its record at a destination function.
 * Exactly so in peace; across `kill -9` nothing is lost, and what comes again says by its request id that it does.
 */
import assert from 'node:assert/strict'
import { randomInt, randomUUID } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { test } from 'node:test'
import {
  PutFunctionConcurrencyCommand,
  PutFunctionEventInvokeConfigCommand,
} from '@aws-sdk/client-lambda'
import { lambdaClient } from '../support/clients.ts'
import { RawConnection, requestBytes } from '../support/raw-http.ts'
import { deploy as deployFunction } from '../support/functions.ts'
import { startServer } from '../support/server.ts'
import type { LairServer } from '../support/server.ts'
import { signed } from '../support/sigv4.ts'

const peacefulCount = 10_000
const roundCount = 5
const eventsPerRound = 2_000
const senderCount = 16
const concurrency = 4
/** a busy machine may be slow, but goes on */
const stallMs = 30_000
const answerTimeoutMs = 30_000

/** Both append one line for each run: one write, so that it is whole or not there. */
const source = `
import { appendFileSync } from 'node:fs'
export const fail = async (event, context) => {
  appendFileSync(process.env.FILE, 'attempt ' + event.id + ' ' + context.awsRequestId + '\\n')
  throw new Error('always')
}
export const collect = async (record, context) => {
  const { requestId, condition, approximateInvokeCount } = record.requestContext
  appendFileSync(process.env.FILE, ['record', record.requestPayload.id, requestId, condition,
    approximateInvokeCount, record.responsePayload.errorMessage, context.awsRequestId].join(' ') + '\\n')
}`

/** What the functions wrote of one event. */
type Life = {
  readonly attemptIds: string[]
  readonly records: { requestId: string; told: string; runId: string }[]
}

test(`${peacefulCount} failing events: three attempts and one record each`, async (t) => {
  await using rig = await openRig()
  {
    await using server = await startServer(rig.options)
    await deploy(server, rig.file)
    const startedMs = performance.now()
    const sent = await send(server, peacefulCount)
    const acceptedMs = performance.now()
    assert.equal(sent.size, peacefulCount)
    const lives = await untilAllTold(rig.file, sent)
    t.diagnostic(
      `accepted in ${Math.round(acceptedMs - startedMs)} ms, over after ${Math.round(performance.now() - startedMs)} ms, ` +
        `${Math.round(server.residentMib())} MiB`,
    )
    assert.equal(lives.size, peacefulCount)
    const wrong: unknown[] = []
    for (const [id, { attemptIds, records }] of lives) {
      const requestId = sent.get(id)
      const isRight =
        attemptIds.length === 3 &&
        attemptIds.every((attemptId) => attemptId === requestId) &&
        records.length === 1 &&
        records[0]?.requestId === requestId &&
        records[0]?.told === 'RetriesExhausted 3 always'
      if (!isRight) wrong.push({ id, requestId, attemptIds, records })
    }
    assert.deepEqual(wrong, [])
    assert.ok(server.residentMib() < 400, `${server.residentMib()} MiB`)
  }
})

test(`${roundCount} times kill -9 among failing events: no event without its record, copies marked`, async (t) => {
  await using rig = await openRig()
  {
    await using server = await startServer(rig.options)
    await deploy(server, rig.file)
  }
  const sent = new Map<string, string>()
  for (let round = 0; round < roundCount; round++) {
    await using server = await startServer(rig.options)
    const sending = send(server, eventsPerRound)
    await sleep(randomInt(300, 1500))
    await server.kill()
    for (const [id, requestId] of await sending) sent.set(id, requestId)
  }
  await using _server = await startServer(rig.options)
  const lives = await untilAllTold(rig.file, sent)
  // Runs that were cut off by the last kill may still come once more.
  let [attemptCount, copyCount] = [0, 0]
  for (const [id, requestId] of sent) {
    const { attemptIds = [], records = [] } = lives.get(id) ?? {}
    attemptCount += attemptIds.length
    copyCount += records.length - 1
    assert.ok(attemptIds.length >= 3, `${id} was tried ${attemptIds.length} times`)
    assert.deepEqual([...new Set(attemptIds)], [requestId])
    // One outcome, however often its record came: all copies have one request id.
    assert.equal(new Set(records.map(({ runId }) => runId)).size, 1)
    assert.equal(new Set(records.map(({ told }) => told)).size, 1)
    assert.equal(records[0]?.told, 'RetriesExhausted 3 always')
  }
  assert.ok(sent.size >= eventsPerRound, 'too few events to prove anything')
  t.diagnostic(`${sent.size} events, ${attemptCount} attempts, ${copyCount} records came again`)
})

async function openRig() {
  const folder = mkdtempSync(join(tmpdir(), 'lair-async-'))
  return {
    file: join(folder, 'told'),
    options: {
      dataFolder: join(folder, 'data'),
      arguments: ['--retry-delay-factor', '0.0001'],
    },
    async [Symbol.asyncDispose]() {
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** The function that fails and the one that is told. */
async function deploy(server: LairServer, file: string): Promise<void> {
  const client = lambdaClient(server)

  for (const name of ['fail', 'collect']) {
    await deployFunction(client, name, source, {
      Handler: `index.${name}`,
      // A machine that is busy with other things must not time runs out.
      Timeout: 60,
      Environment: { Variables: { FILE: file } },
    })
    await client.send(
      new PutFunctionConcurrencyCommand({
        FunctionName: name,
        ReservedConcurrentExecutions: concurrency,
      }),
    )
  }
  await client.send(
    new PutFunctionEventInvokeConfigCommand({
      FunctionName: 'fail',
      DestinationConfig: {
        OnFailure: { Destination: 'arn:aws:lambda:us-east-1:000000000000:function:collect' },
      },
    }),
  )
  client.destroy()
}

/** Send events, some at once, until all are sent or the server is gone.
 *  @returns request ids of those that were accepted, by the id in the event */
async function send(server: LairServer, count: number): Promise<Map<string, string>> {
  const accepted = new Map<string, string>()
  const port = Number(new URL(server.endpoint).port)
  const target = '/2015-03-31/functions/fail/invocations'
  let left = count
  const sendOnOne = async () => {
    const connection = new RawConnection(port, answerTimeoutMs)
    while (left-- > 0) {
      const [id, requestId] = [randomUUID(), randomUUID()]
      const body = Buffer.from(JSON.stringify({ id }))
      const headers = signed({
        method: 'POST',
        target,
        headers: {
          host: `127.0.0.1:${port}`,
          'x-amz-invocation-type': 'Event',
          'x-amzn-requestid': requestId,
        },
        body,
        service: 'lambda',
        nowMs: Date.now(),
      })
      const answer = await connection
        .exchange(requestBytes({ method: 'POST', target, headers, body }))
        .catch(() => undefined)
      if (answer === undefined) break
      assert.equal(answer.status, 202, answer.body.toString())
      accepted.set(id, requestId)
    }
    connection.close()
  }
  await Promise.all(Array.from({ length: senderCount }, sendOnOne))
  return accepted
}

/** Wait until there is a record of every event; a moment longer, for what should not come. */
async function untilAllTold(
  file: string,
  sent: ReadonlyMap<string, string>,
): Promise<Map<string, Life>> {
  let deadline = performance.now() + stallMs
  let fewest = sent.size
  for (;;) {
    const lives = readLives(file)
    const untold = [...sent.keys()].filter((id) => (lives.get(id)?.records.length ?? 0) === 0)
    if (untold.length === 0) break
    if (untold.length < fewest) deadline = performance.now() + stallMs
    fewest = untold.length
    assert.ok(performance.now() < deadline, `no record of ${untold.length} of ${sent.size} events`)
    await sleep(500)
  }
  await sleep(1000)
  return readLives(file)
}

function readLives(file: string): Map<string, Life> {
  const lives = new Map<string, Life>()
  const text = existsSync(file) ? readFileSync(file, 'utf8') : ''
  for (const line of text.split('\n')) {
    const [kind, id = '', requestId = '', ...told] = line.split(' ')
    if (id === '') continue
    const life = lives.get(id) ?? { attemptIds: [], records: [] }
    lives.set(id, life)
    if (kind === 'attempt') life.attemptIds.push(requestId)
    else
      life.records.push({ requestId, told: told.slice(0, -1).join(' '), runId: told.at(-1) ?? '' })
  }
  return lives
}
