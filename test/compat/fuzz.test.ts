/**
 * 100,000 random requests over every service and protocol, signed and unsigned, whole and mutated: each gets a proper answer, errors are
 * modelled ones, none is ours (no InternalFailure), nothing hangs, and the memory of the server stays flat.
 * The same run comes again with LAIR_FUZZ_SEED; the seed is in the message of a failure.
 */
import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { test } from 'node:test'
import { fuzzRequest } from '../support/fuzz/requests.ts'
import { randomFrom } from '../support/fuzz/random.ts'
import type { FuzzRequest } from '../support/fuzz/requests.ts'
import { RawConnection } from '../support/raw-http.ts'
import type { RawAnswer } from '../support/raw-http.ts'
import { startServer } from '../support/server.ts'

const requestCount = 100_000
const warmupCount = 20_000
const connectionCount = 8
const answerTimeoutMs = 15_000
const maxGrowthMib = 24
/** Without limits V8 lets its heap and its nursery grow for as long as memory is plenty, which looks like a leak; with them, a leak
 *  would show. */
const heapLimits = '--max-old-space-size=96 --max-semi-space-size=16'

test('100,000 fuzzed requests: each answered, each error modelled, memory flat', async (t) => {
  const seed = Number(process.env['LAIR_FUZZ_SEED'] ?? randomInt(2 ** 31))
  const random = randomFrom(seed)
  await using server = await startServer({
    arguments: ['--no-warm-pool'],
    environment: { NODE_OPTIONS: heapLimits },
  })
  const { host, port } = new URL(server.endpoint)
  let sentCount = 0
  const statuses = new Map<number, number>()

  const sendUntil = async (limit: number): Promise<void> => {
    const connection = new RawConnection(Number(port), answerTimeoutMs)
    while (sentCount < limit) {
      sentCount += 1
      const request = fuzzRequest(random, host, Date.now())
      const answer = await exchange(connection, request, seed)
      if (answer) statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1)
    }
    connection.close()
  }
  const sendTogether = (limit: number) =>
    Promise.all(Array.from({ length: connectionCount }, () => sendUntil(limit)))

  await sendTogether(warmupCount)
  await sleep(500)
  const before = server.residentMib()
  await sendTogether(requestCount)
  await sleep(500)
  const after = server.residentMib()

  t.diagnostic(`seed ${seed}, memory ${before.toFixed(0)} -> ${after.toFixed(0)} MiB`)
  t.diagnostic(JSON.stringify(Object.fromEntries(statuses)))
  assert.ok(
    after - before < maxGrowthMib,
    `Memory grew from ${before.toFixed(0)} to ${after.toFixed(0)} MiB (seed ${seed})`,
  )
  const health = await fetch(`${server.endpoint}/_lair/health`)
  assert.equal(health.status, 200)
  assert.equal(server.complaints(), '')
})

async function exchange(
  connection: RawConnection,
  request: FuzzRequest,
  seed: number,
): Promise<RawAnswer | undefined> {
  const what = `${request.title} (seed ${seed})`
  const options = { isHead: request.isHead, isLast: request.isBroken }
  const answer = await connection.exchange(request.bytes, options).catch((cause: unknown) => {
    const head = request.bytes.toString('latin1', 0, 2000)
    throw new Error(`${what}: ${String(cause)}\n${head}`, { cause })
  })
  if (request.isBroken) return answer
  assert.ok(answer, `${what}: closed without an answer`)
  if (answer.status < 400) return answer
  const text = answer.body.toString()
  assert.ok(answer.status < 500 || answer.status === 501, `${what}: ${answer.status} ${text}`)
  assert.ok(isModelled(answer, request), `${what}: ${answer.status} without an error code: ${text}`)
  return answer
}

/** An error that the SDKs can name: by header, or by a code in the body of its protocol. */
function isModelled(answer: RawAnswer, request: FuzzRequest): boolean {
  if (request.isHead || answer.headers['x-amzn-errortype'] !== undefined) return true
  return /"__type"\s*:|<Code>[A-Za-z.]+<\/Code>|__type/.test(answer.body.toString('latin1'))
}
