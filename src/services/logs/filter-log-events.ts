/** FilterLogEvents: the events of a group in time order, in pages; what `aws logs tail` reads. */
import type { FilteredLogEvent, FilterLogEventsCommandInput } from '@aws-sdk/client-cloudwatch-logs'
import type { RequestContext } from '../../gateway/service.ts'
import type { LogEvent, Logs } from '../../observe/logs.ts'
import {
  groupName,
  invalidParameter,
  maxEventCount,
  requireGroup,
  sequenceOf,
  timesOf,
} from './request.ts'

/** One page of events. @throws AwsError for a group that is not there and for filter patterns */
export async function filterLogEvents(
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
    // Inclusive here, exclusive in GetLogEvents and in the store.
    ...(input.endTime !== undefined && { endMs: input.endTime + 1 }),
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

/** AWS's event ids are 56 decimal digits: time first, so that they sort. */
function eventId(event: LogEvent): string {
  return `${String(event.timestampMs).padStart(28, '0')}${String(event.sequence).padStart(28, '0')}`
}
