/** GetLogEvents: the events of one stream, forward or backward. */
import type { GetLogEventsCommandInput } from '@aws-sdk/client-cloudwatch-logs'
import type { RequestContext } from '../../gateway/service.ts'
import type { LogEvent, LogQuery, Logs } from '../../observe/logs.ts'
import { groupName, maxEventCount, notFound, requireGroup, sequenceOf, timesOf } from './request.ts'

const maxPageCount = 50

/** Pages go forward from a token `f/<sequence>`; without one they begin at the head, or end at the newest event.
 *  source: API reference of GetLogEvents: at the end the same token comes back. */
export async function getLogEvents(
  logs: Logs,
  input: GetLogEventsCommandInput,
  context: RequestContext,
) {
  const group = groupName(input)
  const stream = input.logStreamName ?? ''
  await requireGroup(logs, context, group)
  const streams = await logs.listStreams(context, group)
  if (!streams.some((candidate) => candidate.name === stream)) {
    throw notFound('The specified log stream does not exist.')
  }
  const events = await pageOfStream(logs, context, input, { group, stream })
  const after = tokenSequence(input) ?? 0
  const first = events[0]?.sequence ?? after
  const last = events.at(-1)?.sequence ?? after
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

async function pageOfStream(
  logs: Logs,
  context: RequestContext,
  input: GetLogEventsCommandInput,
  from: { group: string; stream: string },
): Promise<readonly LogEvent[]> {
  const limit = Math.min(input.limit ?? maxEventCount, maxEventCount)
  const after = tokenSequence(input)
  const query = { ...timesOf(input), streams: [from.stream] }
  const isBackward = input.nextToken?.startsWith('b/') ?? false
  if (isBackward || (after === undefined && input.startFromHead !== true)) {
    return newestEvents(logs, context, { group: from.group, query, limit, before: after })
  }
  const position = after === undefined ? {} : { afterSequence: after }
  return logs.read(context, from.group, { ...query, ...position, limit })
}

/** Tokens are `f/<sequence>` and `b/<sequence>`. */
function tokenSequence(input: GetLogEventsCommandInput): number | undefined {
  return input.nextToken === undefined ? undefined : sequenceOf(input.nextToken.slice(2))
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
