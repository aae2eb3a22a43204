/** GetLogEvents: the events of one stream, forward or backward. */
import type { GetLogEventsCommandInput } from '@aws-sdk/client-cloudwatch-logs'
import type { RequestContext } from '../../gateway/service.ts'
import type { LogEvent, Logs } from '../../observe/logs.ts'
import { groupName, maxEventCount, notFound, requireGroup, sequenceOf, timesOf } from './request.ts'

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
    const position = after === undefined ? {} : { beforeSequence: after }
    return logs.read(context, from.group, { ...query, ...position, newest: true, limit })
  }
  const position = after === undefined ? {} : { afterSequence: after }
  return logs.read(context, from.group, { ...query, ...position, limit })
}

/** Tokens are `f/<sequence>` and `b/<sequence>`. */
function tokenSequence(input: GetLogEventsCommandInput): number | undefined {
  return input.nextToken === undefined ? undefined : sequenceOf(input.nextToken.slice(2))
}
