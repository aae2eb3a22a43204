/**
 * CloudWatch Logs, as far as functions write them: groups, streams and events can be read with the tools people have
 * (`aws logs tail`, SDKs). Writing from outside, retention, filter patterns and live tail are not here yet and answer 501 or say so.
 * source: the service model of CloudWatch Logs 2014-03-28.
 */
import type {
  FilterLogEventsCommandInput,
  FilteredLogEvent,
  GetLogEventsCommandInput,
} from '@aws-sdk/client-cloudwatch-logs'
import type { RequestContext, Service } from '../../gateway/service.ts'
import { AwsError } from '../../lib/errors/aws-error.ts'
import type { LogEvent, LogQuery, Logs } from '../../observe/logs.ts'

type Sdk = typeof import('@aws-sdk/client-cloudwatch-logs')

const maxEventCount = 10_000
const maxPageCount = 50

/** The service, reading from `logs`. */
export function createLogsService(logs: Logs): Service<Sdk> {
  return {
    name: 'cloudwatch-logs',
    handlers: {
      DescribeLogGroups: async (input, context) => {
        const prefix = input.logGroupNamePrefix ?? ''
        const pattern = input.logGroupNamePattern ?? ''
        const names = (await logs.listGroups(context))
          .filter((name) => name.startsWith(prefix) && name.includes(pattern))
          .toSorted()
        const { page, nextToken } = pageOf(names, input.nextToken, input.limit)
        const logGroups = page.map((name) => ({
          logGroupName: name,
          arn: `${groupArn(context, name)}:*`,
          logGroupArn: groupArn(context, name),
          logGroupClass: 'STANDARD' as const,
        }))
        return { logGroups, ...nextToken }
      },
      DescribeLogStreams: async (input, context) => {
        const group = groupName(input)
        await requireGroup(logs, context, group)
        const prefix = input.logStreamNamePrefix ?? ''
        const streams = (await logs.listStreams(context, group)).filter((stream) =>
          stream.name.startsWith(prefix),
        )
        const byTime = input.orderBy === 'LastEventTime'
        const ordered = streams.toSorted((a, b) =>
          byTime ? a.lastEventMs - b.lastEventMs : compare(a.name, b.name),
        )
        if (input.descending) ordered.reverse()
        const { page, nextToken } = pageOf(ordered, input.nextToken, input.limit)
        const logStreams = page.map((stream) => ({
          logStreamName: stream.name,
          creationTime: stream.firstEventMs,
          firstEventTimestamp: stream.firstEventMs,
          lastEventTimestamp: stream.lastEventMs,
          lastIngestionTime: stream.lastEventMs,
          arn: `${groupArn(context, group)}:log-stream:${stream.name}`,
        }))
        return { logStreams, ...nextToken }
      },
      FilterLogEvents: (input, context) => filterLogEvents(logs, input, context),
      GetLogEvents: (input, context) => getLogEvents(logs, input, context),
    },
  }
}

async function filterLogEvents(
  logs: Logs,
  input: FilterLogEventsCommandInput,
  context: RequestContext,
) {
  if (input.filterPattern) {
    throw invalidParameter('Filter patterns are not supported yet: leave out filterPattern')
  }
  const group = groupName(input)
  await requireGroup(logs, context, group)
  const streams = await chosenStreams(logs, input, context, group)
  const limit = Math.min(input.limit ?? maxEventCount, maxEventCount)
  const events = await logs.read(context, group, {
    ...timesOf(input),
    ...(streams && { streams }),
    ...(input.nextToken !== undefined && { afterSequence: sequenceOf(input.nextToken) }),
    limit,
  })
  const last = events.at(-1)
  return {
    events: events.map((event): FilteredLogEvent => ({
      logStreamName: event.stream,
      timestamp: event.timestampMs,
      message: event.message,
      ingestionTime: event.timestampMs,
      eventId: eventId(event),
    })),
    searchedLogStreams: [],
    ...(events.length === limit && last && { nextToken: String(last.sequence) }),
  }
}

async function chosenStreams(
  logs: Logs,
  input: FilterLogEventsCommandInput,
  context: RequestContext,
  group: string,
): Promise<readonly string[] | undefined> {
  if (input.logStreamNames?.length) return input.logStreamNames
  const prefix = input.logStreamNamePrefix
  if (prefix === undefined) return undefined
  const streams = await logs.listStreams(context, group)
  return streams.map((stream) => stream.name).filter((name) => name.startsWith(prefix))
}

/** Pages go forward from a token `f/<sequence>`; without one they begin at the head, or end at the newest event.
 *  source: API reference of GetLogEvents: at the end the same token comes back. */
async function getLogEvents(logs: Logs, input: GetLogEventsCommandInput, context: RequestContext) {
  const group = groupName(input)
  const stream = input.logStreamName ?? ''
  await requireGroup(logs, context, group)
  const streams = await logs.listStreams(context, group)
  if (!streams.some((candidate) => candidate.name === stream)) {
    throw notFound('The specified log stream does not exist.')
  }
  const limit = Math.min(input.limit ?? maxEventCount, maxEventCount)
  const after = input.nextToken === undefined ? undefined : sequenceOf(input.nextToken.slice(2))
  const isBackward = input.nextToken?.startsWith('b/') ?? false
  const isFromHead = input.startFromHead === true || (after !== undefined && !isBackward)
  const query: LogQuery = {
    ...timesOf(input),
    streams: [stream],
    ...(isBackward || after === undefined ? {} : { afterSequence: after }),
  }
  const events = isFromHead
    ? await logs.read(context, group, { ...query, limit })
    : await newestEvents(logs, context, { group, query, limit, before: after })
  const first = events[0]?.sequence ?? after ?? 0
  const last = events.at(-1)?.sequence ?? after ?? 0
  return {
    events: events.map((event) => ({
      timestamp: event.timestampMs,
      message: event.message,
      ingestionTime: event.timestampMs,
    })),
    nextForwardToken: `f/${last}`,
    nextBackwardToken: `b/${first}`,
  }
}

/** The newest events, by reading forward in pages; bounded, since a stream is one environment's life. */
async function newestEvents(
  logs: Logs,
  context: RequestContext,
  request: { group: string; query: LogQuery; limit: number; before: number | undefined },
): Promise<readonly LogEvent[]> {
  let newest: LogEvent[] = []
  let after: number | undefined
  for (let page = 0; page < maxPageCount; page += 1) {
    const events = await logs.read(context, request.group, {
      ...request.query,
      ...(after !== undefined && { afterSequence: after }),
      limit: maxEventCount,
    })
    const wanted = events.filter((event) => event.sequence < (request.before ?? Infinity))
    newest = [...newest, ...wanted].slice(-request.limit)
    after = events.at(-1)?.sequence
    if (events.length < maxEventCount || wanted.length < events.length) break
  }
  return newest
}

function timesOf(input: { startTime?: number | undefined; endTime?: number | undefined }) {
  return {
    ...(input.startTime !== undefined && { startMs: input.startTime }),
    ...(input.endTime !== undefined && { endMs: input.endTime }),
  }
}

function groupName(input: {
  logGroupName?: string | undefined
  logGroupIdentifier?: string | undefined
}): string {
  const name = input.logGroupName ?? input.logGroupIdentifier?.replace(/^arn:.*:log-group:/, '')
  if (!name) throw invalidParameter('Either logGroupName or logGroupIdentifier must be given')
  return name.replace(/:\*$/, '')
}

async function requireGroup(logs: Logs, context: RequestContext, group: string): Promise<void> {
  const groups = await logs.listGroups(context)
  if (!groups.includes(group)) throw notFound('The specified log group does not exist.')
}

function pageOf<Item>(items: readonly Item[], token: string | undefined, limit = 50) {
  const start = token === undefined ? 0 : sequenceOf(token)
  const end = start + limit
  return {
    page: items.slice(start, end),
    nextToken: end < items.length ? { nextToken: String(end) } : {},
  }
}

function sequenceOf(token: string): number {
  if (!/^\d{1,15}$/.test(token)) throw invalidParameter('The specified nextToken is invalid.')
  return Number(token)
}

/** AWS's event ids are 56 decimal digits: time first, so that they sort. */
function eventId(event: LogEvent): string {
  return `${String(event.timestampMs).padStart(28, '0')}${String(event.sequence).padStart(28, '0')}`
}

function groupArn(context: RequestContext, name: string): string {
  return `arn:aws:logs:${context.region}:${context.accountId}:log-group:${name}`
}

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)
const invalidParameter = (message: string) =>
  new AwsError({ code: 'InvalidParameterException', status: 400, message })
const notFound = (message: string) =>
  new AwsError({ code: 'ResourceNotFoundException', status: 400, message })
