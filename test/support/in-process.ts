/** The real server inside the test's own process, with clients of one account: for tests that neither kill it nor give it flags, which
 *  `test/support/server.ts` is for. */
import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs'
import { LambdaClient } from '@aws-sdk/client-lambda'
import { startServer } from '../../src/server.ts'
import type { Server, ServerOptions } from '../../src/server.ts'
import { clientSettings, everybody } from './clients.ts'
import type { Caller } from './clients.ts'

export type ServerHere = AsyncDisposable & {
  readonly server: Server
  readonly client: LambdaClient
  readonly logs: CloudWatchLogsClient
  /** clients first, then the server */
  readonly close: () => Promise<void>
}

/** An account of its own in another region than the default one. */
export const owner: Caller = { accessKeyId: '123456789012', region: 'eu-west-1' }

/** Start a server on a free port, without a warm pool unless asked. */
export async function openServer(
  options: Partial<ServerOptions> = {},
  caller: Caller = everybody,
): Promise<ServerHere> {
  const server = await startServer({
    host: '127.0.0.1',
    port: 0,
    isWarmPoolOn: false,
    version: 'test',
    ...options,
  })
  const settings = clientSettings(server, caller)
  const client = new LambdaClient(settings)
  const logs = new CloudWatchLogsClient(settings)
  const close = async (): Promise<void> => {
    client.destroy()
    logs.destroy()
    await server.close()
  }
  return { server, client, logs, close, [Symbol.asyncDispose]: close }
}
