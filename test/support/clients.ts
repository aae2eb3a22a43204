/** The official clients, pointed at a server: the JavaScript SDK, and the environment for the AWS CLI and boto3. */
import { CloudWatchLogsClient, FilterLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs'
import { LambdaClient, waitUntilFunctionActiveV2 } from '@aws-sdk/client-lambda'
import type { InvokeCommandOutput, LambdaClientConfig } from '@aws-sdk/client-lambda'
import type { LairServer } from './server.ts'

export const roleArn = 'arn:aws:iam::000000000000:role/lambda'

/** Who calls, and where. */
export type Caller = { readonly accessKeyId: string; readonly region: string }

/** The key and the region of a fresh server. */
export const everybody: Caller = { accessKeyId: 'test', region: 'us-east-1' }

/** What every official client is made with; none retries, so that every error is seen. */
export function clientSettings(server: Pick<LairServer, 'endpoint'>, caller = everybody) {
  return {
    endpoint: server.endpoint,
    region: caller.region,
    credentials: { accessKeyId: caller.accessKeyId, secretAccessKey: 'test' },
    maxAttempts: 1,
  }
}

/** A Lambda client of everybody. @param options  e.g. `maxAttempts`, for who wants retries */
export function lambdaClient(
  server: Pick<LairServer, 'endpoint'>,
  options: LambdaClientConfig = {},
): LambdaClient {
  return new LambdaClient({ ...clientSettings(server), ...options })
}

/** Wait until a function can be invoked, as the CLI's `wait function-active-v2` does. */
export async function waitUntilActive(client: LambdaClient, name: string): Promise<void> {
  await waitUntilFunctionActiveV2(
    { client, maxWaitTime: 20, minDelay: 0.05, maxDelay: 0.2 },
    { FunctionName: name },
  )
}

/** The environment of AWS's own tools: nothing of this machine's accounts, no instance metadata, no pager. */
export function toolEnvironment(server: Pick<LairServer, 'endpoint'>): Record<string, string> {
  return {
    PATH: '/usr/bin:/bin',
    HOME: '/nonexistent',
    LANG: 'C.UTF-8',
    AWS_ENDPOINT_URL: server.endpoint,
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_DEFAULT_REGION: 'us-east-1',
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_PAGER: '',
    AWS_CONFIG_FILE: '/dev/null',
    AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
  }
}

/** What an invocation answered: JSON body, error kind, and the decoded tail of the log. */
export function readInvocation(output: InvokeCommandOutput): {
  body: unknown
  functionError: string | undefined
  log: string
} {
  const text = output.Payload?.transformToString() ?? ''
  return {
    body: text === '' ? undefined : (JSON.parse(text) as unknown),
    functionError: output.FunctionError,
    log: Buffer.from(output.LogResult ?? '', 'base64').toString(),
  }
}

/** Every log line of a function so far, oldest first, through CloudWatch Logs. */
export async function logOf(
  server: Pick<LairServer, 'endpoint'>,
  functionName: string,
): Promise<string[]> {
  const client = new CloudWatchLogsClient(clientSettings(server))
  try {
    const page = await client.send(
      new FilterLogEventsCommand({ logGroupName: `/aws/lambda/${functionName}` }),
    )
    return (page.events ?? []).map((event) => (event.message ?? '').trimEnd())
  } finally {
    client.destroy()
  }
}
