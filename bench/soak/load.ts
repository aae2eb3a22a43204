/** The load of the soak: a fixed rate of invocations, each checked against what its event asked for. */
import { Agent, request } from 'node:http'
import { buffer } from 'node:stream/consumers'
import type { LairServer } from '../../test/support/server.ts'
import { signed } from '../../test/support/sigv4.ts'
import { type Deed, type SoakFunction, expectedError } from './functions.ts'

/** More than that are not under way at once: the rate is then missed, and said so. */
const maxUnderWay = 300
const answerTimeoutMs = 60_000
const tickMs = 5
/** the rate grows to what it is to be in this time: nobody's load comes from nowhere */
const rampMs = 20_000

export type Tally = {
  sentCount: number
  /** could not be sent in time: the machine is too busy */
  missedCount: number
  readonly answers: Map<string, number>
  /** answers that are none of those to be expected, the first few in full */
  readonly surprises: string[]
  surpriseCount: number
}

/** Invocations at a rate until `signal` is aborted; resolves when the last is answered. */
export async function runLoad(
  server: LairServer,
  functions: readonly SoakFunction[],
  options: { ratePerSecond: number; signal: AbortSignal },
  tally: Tally,
): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: maxUnderWay })
  const underWay = new Set<Promise<void>>()
  const startedMs = performance.now()
  const { promise, resolve } = Promise.withResolvers<void>()
  const timer = setInterval(() => {
    if (options.signal.aborted) return resolve()
    const due = (timeAtFullRate(performance.now() - startedMs) / 1000) * options.ratePerSecond
    while (tally.sentCount + tally.missedCount < due) {
      if (underWay.size >= maxUnderWay) {
        tally.missedCount += 1
        continue
      }
      const n = (tally.sentCount += 1)
      const target = functions[n % functions.length]
      if (!target) continue
      const one = invoke({ server, agent }, target, n, tally).catch((error: unknown) => {
        surprise(tally, `${target.name}: ${String(error)}`)
      })
      underWay.add(one)
      void one.finally(() => underWay.delete(one))
    }
  }, tickMs)
  await promise
  clearInterval(timer)
  await Promise.all(underWay)
  agent.destroy()
}

/** ms at the full rate in which as much is done as in `elapsedMs` with the ramp. */
function timeAtFullRate(elapsedMs: number): number {
  const rampedMs = Math.min(elapsedMs, rampMs)
  return (rampedMs * rampedMs) / (2 * rampMs) + elapsedMs - rampedMs
}

/** Mostly plain work, with each kind of trouble now and then. */
function deedOf(n: number): Deed {
  if (n % 211 === 0) return 'exit'
  if (n % 307 === 0) return 'hang'
  if (n % 29 === 0) return 'throw'
  if (n % 17 === 0) return 'garbage'
  return n % 3 === 0 ? 'log' : 'echo'
}

async function invoke(
  way: { server: LairServer; agent: Agent },
  target: SoakFunction,
  n: number,
  tally: Tally,
): Promise<void> {
  const deed = deedOf(n)
  const isEvent = n % 19 === 0 && deed !== 'hang'
  const answer = await send(way, {
    target: target.isStreaming
      ? `/2021-11-15/functions/${target.name}/response-streaming-invocations`
      : `/2015-03-31/functions/${target.name}/invocations`,
    headers: isEvent && !target.isStreaming ? { 'x-amz-invocation-type': 'Event' } : {},
    body: JSON.stringify({ deed, n }),
  })
  const isAsExpected =
    isEvent && !target.isStreaming
      ? answer.status === 202
      : answer.status === 200 && isExpected(answer, deed, n)
  const kind = isEvent ? 'event' : deed
  tally.answers.set(kind, (tally.answers.get(kind) ?? 0) + 1)
  if (!isAsExpected) surprise(tally, `${target.name} ${deed}: ${answer.status} ${answer.text}`)
}

/** What a stream carries lies between the frames of its events: it is looked for, not parsed. */
function isExpected(answer: { text: string }, deed: Deed, n: number): boolean {
  const errorType = expectedError[deed]
  return answer.text.includes(errorType ?? `"n":${n}`) || answer.text.includes(`"n": ${n}`)
}

function surprise(tally: Tally, text: string): void {
  tally.surpriseCount += 1
  if (tally.surprises.length < 20) tally.surprises.push(text.slice(0, 300))
}

async function send(
  { server, agent }: { server: LairServer; agent: Agent },
  call: { target: string; headers: Record<string, string>; body: string },
): Promise<{ status: number; text: string }> {
  const { host, hostname, port } = new URL(server.endpoint)
  const method = 'POST'
  const headers = signed({
    method,
    target: call.target,
    headers: { host, ...call.headers },
    body: call.body,
    service: 'lambda',
    nowMs: Date.now(),
  })
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; text: string }>()
  const sent = request(
    { agent, hostname, port, method, path: call.target, headers },
    (response) => {
      buffer(response).then(
        (bytes) => resolve({ status: response.statusCode ?? 0, text: bytes.toString() }),
        reject,
      )
    },
  )
  sent.setTimeout(answerTimeoutMs, () => sent.destroy(new Error('no answer in time')))
  sent.on('error', reject)
  sent.end(call.body)
  return promise
}
