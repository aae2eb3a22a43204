/** `lair logs NAME`: what a function and the platform wrote, once or as it comes. */
import { setTimeout as sleep } from 'node:timers/promises'
import { systemClock } from '../lib/clock.ts'
import { AwsError } from '../lib/errors/aws-error.ts'
import { send, type Connection } from './client.ts'
import { type LogGroup, findLogGroup, usualGroup } from './log-group.ts'
import { toPositive } from './numbers.ts'
import { CommandError, note, print, printJson, styled, unfolded } from './terminal.ts'

/** One line of a log. */
export type FilteredEvent = {
  eventId: string
  timestamp: number
  message: string
  logStreamName: string
}
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
  const sinceMs = systemClock.nowMs() - sinceMinutes * 60_000
  const show = options.json ? printJson : (event: FilteredEvent) => print(decorate(event))
  let isFirst = true
  const group = await findLogGroup(name, undefined)
  const reading = { sinceMs, group, isFollowing: options.follow === true }
  for await (const events of readEvents(name, reading)) {
    for (const event of events) show(event)
    if (isFirst && events.length === 0 && !options.json) note(`No log lines of "${name}" yet`)
    isFirst = false
  }
}

type Reading = {
  readonly sinceMs: number
  readonly isFollowing: boolean
  readonly group?: LogGroup
  readonly connection?: Connection
}

/** The events of a function since a time, those that are there, then, when following, those that come.
 *  @param options.sinceMs  epoch ms
 *  @param options.group  where its lines are; its usual group unless told
 *  @param options.connection  where the server is; what the environment says unless told
 *  @throws CommandError when the function has written nothing and nobody follows */
export async function* readEvents(name: string, options: Reading): AsyncGenerator<FilteredEvent[]> {
  let startMs = options.sinceMs
  const seen = new Set<string>()
  for (;;) {
    const fresh: FilteredEvent[] = []
    for (const event of await eventsSince(name, startMs, options)) {
      if (seen.has(event.eventId)) continue
      seen.add(event.eventId)
      startMs = Math.max(startMs, event.timestamp - 2000)
      fresh.push(event)
    }
    if (seen.size > maxSeenCount) forget(seen, maxSeenCount / 2)
    yield fresh
    if (!options.isFollowing) return
    await sleep(followIntervalMs)
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
  { isFollowing, connection, group = usualGroup(name) }: Reading,
): Promise<FilteredEvent[]> {
  const events: FilteredEvent[] = []
  let nextToken: string | undefined
  for (let page = 0; page < maxPageCount; page += 1) {
    const answer = await filterPage({ group: group.name, startMs, nextToken }, connection).catch(
      (error: unknown): Page => {
        const isMissing = error instanceof AwsError && error.code === 'ResourceNotFoundException'
        if (isMissing && isFollowing) return { events: [] }
        if (!isMissing) throw error
        throw new CommandError(
          `Function "${name}" has written nothing here yet: "lair functions" lists the deployed ones`,
        )
      },
    )
    events.push(...answer.events.filter(({ logStreamName }) => group.isOwn(logStreamName)))
    nextToken = answer.nextToken
    if (!nextToken) break
  }
  return events
}

async function filterPage(
  query: { group: string; startMs: number; nextToken: string | undefined },
  connection: Connection | undefined,
): Promise<Page> {
  const { group, startMs, nextToken } = query
  const request = {
    service: 'logs' as const,
    method: 'POST',
    target: '/',
    headers: {
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': 'Logs_20140328.FilterLogEvents',
    },
    body: JSON.stringify({ logGroupName: group, startTime: startMs, nextToken }),
  }
  const { body } = await (connection === undefined ? send(request) : send(request, connection))
  return JSON.parse(body.toString('utf8')) as Page
}

/** In text, and of functions that log in JSON. */
const platformLine =
  /^(?:(?:INIT|RESTORE)_(?:START|REPORT) |(?:START|END|REPORT) RequestId: |(?:EXTENSION|TELEMETRY|LOGS)\tName: |\{"time":"[^"]*","type":"platform\.)/

/** Platform lines dimmed, errors red, the time of day in front. */
export function decorate(event: FilteredEvent): string {
  const time = styled('dim', new Date(event.timestamp).toISOString().slice(11, 23))
  const message = unfolded(event.message.replace(/\n$/, ''))
  if (platformLine.test(message)) {
    return `${time} ${styled('dim', message)}`
  }
  return `${time} ${/\tERROR\t|^\[ERROR\]/.test(message) ? styled('red', message) : message}`
}
