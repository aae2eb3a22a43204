/**
 * CloudWatch Logs, as far as functions write them: groups, streams and events can be read with the tools people have
 * (`aws logs tail`, SDKs). Writing from outside, retention, filter patterns and live tail are not here yet and answer 501 or say so.
 * source: the service model of CloudWatch Logs 2014-03-28.
 */
import type { DescribeLogStreamsCommandInput } from '@aws-sdk/client-cloudwatch-logs'
import type { RequestContext, Service } from '../../gateway/service.ts'
import type { Logs } from '../../observe/logs.ts'
import { filterLogEvents } from './filter-log-events.ts'
import { getLogEvents } from './get-log-events.ts'
import { compare, groupArn, groupName, pageOf, requireGroup } from './request.ts'

type Sdk = typeof import('@aws-sdk/client-cloudwatch-logs')

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
      DescribeLogStreams: (input, context) => describeLogStreams(logs, input, context),
      FilterLogEvents: (input, context) => filterLogEvents(logs, input, context),
      GetLogEvents: (input, context) => getLogEvents(logs, input, context),
    },
  }
}

async function describeLogStreams(
  logs: Logs,
  input: DescribeLogStreamsCommandInput,
  context: RequestContext,
) {
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
}
