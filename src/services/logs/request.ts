/** What the operations of CloudWatch Logs share: names, times, tokens, pages and errors. */
import type { RequestContext } from '../../gateway/service.ts'
import { AwsError } from '../../lib/errors/aws-error.ts'
import type { Logs } from '../../observe/logs.ts'

/** events of one answer at most. source: quota of GetLogEvents and FilterLogEvents */
export const maxEventCount = 10_000

/** The time range of a query; absent bounds stay absent. */
export function timesOf(input: { startTime?: number | undefined; endTime?: number | undefined }) {
  return {
    ...(input.startTime !== undefined && { startMs: input.startTime }),
    ...(input.endTime !== undefined && { endMs: input.endTime }),
  }
}

/** The group a request names, by name or ARN. @throws AwsError InvalidParameterException */
export function groupName(input: {
  logGroupName?: string | undefined
  logGroupIdentifier?: string | undefined
}): string {
  const name = input.logGroupName ?? input.logGroupIdentifier?.replace(/^arn:.*:log-group:/, '')
  if (!name) throw invalidParameter('Either logGroupName or logGroupIdentifier must be given')
  return name.replace(/:\*$/, '')
}

/** @throws AwsError ResourceNotFoundException when the group is not there */
export async function requireGroup(
  logs: Logs,
  context: RequestContext,
  group: string,
): Promise<void> {
  const groups = await logs.listGroups(context)
  if (!groups.includes(group)) throw notFound('The specified log group does not exist.')
}

/** One page of a list; the token is the offset of the next. */
export function pageOf<Item>(items: readonly Item[], token: string | undefined, limit = 50) {
  const start = token === undefined ? 0 : sequenceOf(token)
  const end = start + limit
  return {
    page: items.slice(start, end),
    nextToken: end < items.length ? { nextToken: String(end) } : {},
  }
}

/** The number in a token. @throws AwsError InvalidParameterException */
export function sequenceOf(token: string): number {
  if (!/^\d{1,15}$/.test(token)) throw invalidParameter('The specified nextToken is invalid.')
  return Number(token)
}

/** ARN of a group, without the trailing `:*`. */
export function groupArn(context: RequestContext, name: string): string {
  return `arn:aws:logs:${context.region}:${context.accountId}:log-group:${name}`
}

/** Order of code points. */
export const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)
/** 400, in the words of the service. */
export const invalidParameter = (message: string) =>
  new AwsError({ code: 'InvalidParameterException', status: 400, message })
/** 400: CloudWatch Logs has no 404. */
export const notFound = (message: string) =>
  new AwsError({ code: 'ResourceNotFoundException', status: 400, message })
