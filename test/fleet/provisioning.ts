/** Provisioned concurrency on a real server, as any caller asks for it. */
import {
  GetProvisionedConcurrencyConfigCommand,
  PutProvisionedConcurrencyConfigCommand,
} from '@aws-sdk/client-lambda'
import type { LambdaClient } from '@aws-sdk/client-lambda'
import { until } from '../support/until.ts'

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
