/** Functions on a server that runs, as any caller makes and calls them: with the official client. */
import { CreateFunctionCommand, InvokeCommand } from '@aws-sdk/client-lambda'
import type {
  CreateFunctionCommandInput,
  InvokeCommandInput,
  LambdaClient,
} from '@aws-sdk/client-lambda'
import { readInvocation, roleArn, waitUntilActive } from './clients.ts'
import { zipOf } from './zip.ts'

/** Create a function and wait until it can be invoked.
 *  @param code  a zip, or the text of the ES module that is all of it
 *  @param changes  whatever is not Node.js with `index.handler` and ten seconds */
export async function deploy(
  client: LambdaClient,
  FunctionName: string,
  code: string | Uint8Array,
  changes: Partial<CreateFunctionCommandInput> = {},
): Promise<void> {
  await client.send(
    new CreateFunctionCommand({
      FunctionName,
      Runtime: 'nodejs24.x',
      Handler: 'index.handler',
      Role: roleArn,
      Timeout: 10,
      Code: { ZipFile: typeof code === 'string' ? await zipOf({ 'index.mjs': code }) : code },
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
  changes: Partial<InvokeCommandInput> = {},
): Promise<ReturnType<typeof readInvocation>> {
  const Payload = Buffer.from(JSON.stringify(event))
  const command = new InvokeCommand({ FunctionName, Payload, LogType: 'Tail', ...changes })
  return readInvocation(await client.send(command))
}
