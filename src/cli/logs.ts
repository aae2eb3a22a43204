/** `lair logs NAME`: what a function and the platform wrote, once or as it comes. */
import { setTimeout as sleep } from 'node:timers/promises'
import { systemClock } from '../lib/clock.ts'
import { AwsError } from '../lib/errors/aws-error.ts'
import { send } from './client.ts'
import { toPositive } from './numbers.ts'
import { CommandError, note, print, printJson, styled, unfolded } from './terminal.ts'

type FilteredEvent = { eventId: string; timestamp: number; message: string; logStreamName: string }
type Page = { events: FilteredEvent[]; nextToken?: string }

const followIntervalMs = 300
const maxPageCount = 1000
const maxSeenCount = 20_000
/** ten years */
const maxMinutes = 5_256_000

/** Print events of the last `since` minutes; with `follow`, go on until interrupted. */
export async function logs(
  name: string,
  options: { follow?: boolean; since: string; json?: boolean },
): Promise<void> {
  const sinceMinutes = toPositive('--since', options.since, maxMinutes)
  let startMs = systemClock.nowMs() - sinceMinutes * 60_000
  const seen = new Set<string>()
  const show = options.json ? printJson : (event: FilteredEvent) => print(decorate(event))
  let isFirst = true
  while (isFirst || options.follow) {
    if (!isFirst) await sleep(followIntervalMs)
    for (const event of await eventsSince(name, startMs, options.follow === true)) {
      if (seen.has(event.eventId)) continue
      seen.add(event.eventId)
      startMs = Math.max(startMs, event.timestamp - 2000)
      show(event)
    }
    if (seen.size > maxSeenCount) forget(seen, maxSeenCount / 2)
    if (isFirst && seen.size === 0 && !options.json) note(`No log lines of "${name}" yet`)
    isFirst = false
  }
}

function forget(seen: Set<string>, count: number): void {
  let left = count
  for (const id of seen) {
    if (left === 0) break
    seen.delete(id)
    left -= 1
  }
}

async function eventsSince(
  name: string,
  startMs: number,
  isPatient: boolean,
): Promise<FilteredEvent[]> {
  const events: FilteredEvent[] = []
  let nextToken: string | undefined
  for (let page = 0; page < maxPageCount; page += 1) {
    const answer = await filterPage(name, startMs, nextToken).catch((error: unknown): Page => {
      const isMissing = error instanceof AwsError && error.code === 'ResourceNotFoundException'
      if (isMissing && isPatient) return { events: [] }
      if (!isMissing) throw error
      throw new CommandError(
        `Function "${name}" has written nothing here yet: "lair functions" lists the deployed ones`,
      )
    })
    events.push(...answer.events)
    nextToken = answer.nextToken
    if (!nextToken) break
  }
  return events
}

async function filterPage(
  name: string,
  startMs: number,
  nextToken: string | undefined,
): Promise<Page> {
  const { body } = await send({
    service: 'logs',
    method: 'POST',
    target: '/',
    headers: {
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': 'Logs_20140328.FilterLogEvents',
    },
    body: JSON.stringify({ logGroupName: `/aws/lambda/${name}`, startTime: startMs, nextToken }),
  })
  return JSON.parse(body.toString('utf8')) as Page
}

/** Platform lines dimmed, errors red, the time of day in front. */
function decorate(event: FilteredEvent): string {
  const time = styled('dim', new Date(event.timestamp).toISOString().slice(11, 23))
  const message = unfolded(event.message.replace(/\n$/, ''))
  if (/^(INIT_START|START|END|REPORT|EXTENSION) /.test(message)) {
    return `${time} ${styled('dim', message)}`
  }
  return `${time} ${/\tERROR\t|^\[ERROR\]/.test(message) ? styled('red', message) : message}`
}
