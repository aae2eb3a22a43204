/** Twenty thousand broken requests: an answer or a closed connection each time, memory flat, and the gateway still serves. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { startTestServer, Wire } from './support/server.ts'
import type { TestServer } from './support/server.ts'
import { signedInvoke, signedRequest } from './support/sign.ts'

const requestCount = 20_000
const concurrency = 16
const perConnection = 20
const seed = 20_261_120

/** A small generator with a seed (mulberry32), so that a failure can be repeated. */
function generator(from: number): (below: number) => number {
  let state = from
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
}

type Pick = (below: number) => number

const junk = ['\r\n', '\0', '%', '%zz', ';', '..', '//', ': ', '\xff', 'A'.repeat(300), '0', '-1']

/** Change a good request in a few places; the line stays what makes it a request, mostly. */
function spoil(request: string, pick: Pick): string {
  let spoilt = request
  for (let count = pick(3); count >= 0; count -= 1) {
    const at = pick(spoilt.length)
    const piece = junk[pick(junk.length)] ?? ''
    const length = pick(4) === 0 ? pick(40) : 1
    spoilt = spoilt.slice(0, at) + piece + spoilt.slice(at + length)
  }
  return spoilt
}

type Model = Parameters<typeof signedRequest>[1]

const models: readonly Model[] = [
  { target: '/2015-03-31/functions/echo/invocations', body: '{"a":1}' },
  { method: 'GET', target: '/2015-03-31/functions' },
  { target: '/2015-03-31/functions', body: '{"FunctionName":"f"}' },
  {
    target: '/',
    service: 'logs',
    headers: {
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': 'Logs_20140328.DescribeLogGroups',
    },
    body: '{"limit":3}',
  },
  {
    target: '/',
    service: 'sts',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: 'Action=GetCallerIdentity&Version=2011-06-15',
  },
  { method: 'PUT', target: '/bucket/key', service: 's3', body: 'abc' },
]

/** Good requests, and some whose broken body is well signed. */
async function requests({ gateway }: TestServer, pick: Pick): Promise<readonly string[]> {
  const signed = ['GET /_lair/health HTTP/1.1\r\nHost: x\r\n\r\n']
  for (const model of models) {
    signed.push(await signedRequest(gateway, model))
    for (let count = 0; count < 10 && model.body !== undefined; count += 1) {
      signed.push(await signedRequest(gateway, { ...model, body: spoil(model.body, pick) }))
    }
  }
  return signed
}

/** A request that lost its end waits for it; nobody waits with it. */
const patienceMs = 40

/** Send requests one after the other on one connection until it closes or waits for more.
 *  @returns how many were sent and answered */
async function abuse(server: TestServer, pick: Pick, good: readonly string[]): Promise<Counts> {
  await using wire = await Wire.open(server.gateway)
  const counts = { sent: 0, answered: 0 }
  while (counts.sent < perConnection && counts.sent === counts.answered) {
    const request = good[pick(good.length)] ?? ''
    wire.send(pick(5) === 0 ? request : spoil(request, pick))
    counts.sent += 1
    const giveUp = setTimeout(() => wire.socket.destroy(), patienceMs)
    const received = await wire.until((text) => statuses(text).length >= counts.sent)
    clearTimeout(giveUp)
    counts.answered = statuses(received).length
    assert.ok(!statuses(received).includes(500), received)
    if (wire.isClosed || /^connection: close/im.test(received)) break
  }
  return counts
}

type Counts = { sent: number; answered: number }

function statuses(received: string): readonly number[] {
  return [...received.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status))
}

test('the gateway survives 20,000 broken requests with flat memory', async () => {
  setFlagsFromString('--expose-gc')
  const collectGarbage = runInNewContext('gc') as () => void
  await using server = await startTestServer()
  const pick = generator(seed)
  const good = await requests(server, pick)
  const measured: number[] = []
  const total: Counts = { sent: 0, answered: 0 }
  const keepOn = async (): Promise<void> => {
    while (total.sent < requestCount) {
      const { sent, answered } = await abuse(server, pick, good)
      total.sent += sent
      total.answered += answered
      if (total.sent < (measured.length + 1) * 4000) continue
      collectGarbage()
      measured.push(process.memoryUsage().heapUsed)
    }
  }
  await Promise.all(Array.from({ length: concurrency }, keepOn))
  assert.deepEqual(server.seen.errors, [])
  assert.ok(total.answered > requestCount * 0.75, `only ${total.answered} answers`)
  const [warm = 0] = measured
  const last = measured.at(-1) ?? 0
  assert.ok(last < warm + 10 * 1024 * 1024, `heap grew: ${measured.join(', ')}`)
  await using wire = await Wire.open(server.gateway)
  wire.send(await signedInvoke(server.gateway, 'echo', '{"still":"here"}'))
  assert.equal((await wire.responses(1))[0]?.body, '{"still":"here"}')
})
