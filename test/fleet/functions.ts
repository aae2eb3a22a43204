/** Functions on a real server for the tests of this room: made, published, invoked with the official client. */
import {
  CreateFunctionCommand,
  GetProvisionedConcurrencyConfigCommand,
  InvokeCommand,
  PutProvisionedConcurrencyConfigCommand,
} from '@aws-sdk/client-lambda'
import type { CreateFunctionCommandInput, LambdaClient } from '@aws-sdk/client-lambda'
import { readInvocation, roleArn, waitUntilActive } from '../support/clients.ts'
import { until } from '../support/until.ts'
import { zipOf } from '../support/zip.ts'

/** Deploy a Node.js module. */
export async function create(
  client: LambdaClient,
  FunctionName: string,
  source: string,
  changes: Partial<CreateFunctionCommandInput> = {},
): Promise<void> {
  await client.send(
    new CreateFunctionCommand({
      FunctionName,
      Runtime: 'nodejs24.x',
      Handler: 'index.handler',
      Role: roleArn,
      Timeout: 20,
      Code: { ZipFile: await zipOf({ 'index.mjs': source }) },
      ...changes,
    }),
  )
  await waitUntilActive(client, FunctionName)
}

/** Invoke and wait for answer and log. */
export async function invoke(
  client: LambdaClient,
  FunctionName: string,
  event: unknown = {},
  given: { Qualifier?: string; TenantId?: string } = {},
): Promise<{ body: unknown; functionError: string | undefined; log: string }> {
  const Payload = Buffer.from(JSON.stringify(event))
  const command = new InvokeCommand({ FunctionName, Payload, LogType: 'Tail', ...given })
  return readInvocation(await client.send(command))
}

/** Ask for provisioned concurrency and wait until it is there. */
export async function provision(
  client: LambdaClient,
  FunctionName: string,
  Qualifier: string,
  ProvisionedConcurrentExecutions: number,
): Promise<void> {
  await client.send(
    new PutProvisionedConcurrencyConfigCommand({
      FunctionName,
      Qualifier,
      ProvisionedConcurrentExecutions,
    }),
  )
  await untilReady(client, FunctionName, Qualifier)
}

/** Wait until provisioned concurrency is READY. */
export async function untilReady(
  client: LambdaClient,
  FunctionName: string,
  Qualifier: string,
): Promise<void> {
  await until(async () => {
    const { Status } = await client.send(
      new GetProvisionedConcurrencyConfigCommand({ FunctionName, Qualifier }),
    )
    return Status === 'READY'
  })
}
