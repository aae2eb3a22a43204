/** Where a function's lines are: in a group of its own, or in one that its LoggingConfig names and that others may share. */
import { AwsError } from '../lib/errors/aws-error.ts'
import { type Connection, send } from './client.ts'

export type LogGroup = {
  readonly name: string
  /** Is a stream of the group the function's? */
  readonly isOwn: (stream: string) => boolean
}

type Configuration = { readonly LoggingConfig?: { readonly LogGroup?: string } }

/** The group of that name that a function writes to unless told otherwise. */
export function usualGroup(functionName: string): LogGroup {
  return { name: `/aws/lambda/${functionName}`, isOwn: () => true }
}

/** Ask the server. What a deleted function wrote is in its usual group.
 *  @throws AwsError, CommandError as send() */
export async function findLogGroup(
  functionName: string,
  connection: Connection | undefined,
): Promise<LogGroup> {
  const usual = usualGroup(functionName)
  const request = {
    service: 'lambda' as const,
    method: 'GET',
    target: `/2015-03-31/functions/${encodeURIComponent(functionName)}/configuration`,
  }
  try {
    const { body } = await (connection === undefined ? send(request) : send(request, connection))
    const { LoggingConfig } = JSON.parse(body.toString('utf8')) as Configuration
    const name = LoggingConfig?.LogGroup ?? usual.name
    if (name === usual.name) return usual
    return { name, isOwn: (stream) => stream.includes(`/${functionName}[`) }
  } catch (error) {
    if (error instanceof AwsError && error.code === 'ResourceNotFoundException') return usual
    throw error
  }
}
