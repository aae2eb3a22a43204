/** Which of Lambda's operations a server answers: a real one is started and asked for each. Used by api-document.ts. */
import * as sdk from '@aws-sdk/client-lambda'
import { loadModel } from '../../src/protocol/load-model.ts'
import { startServer } from '../../src/server.ts'

type AnyCommand = new (input: object) => Parameters<sdk.LambdaClient['send']>[0]

const notImplemented = 501

/** Ask a server of its own for every operation of the model, with the least that a request must hold.
 *  @returns names of all operations, and of those that something implements */
export async function askForSupport(): Promise<{ all: string[]; supported: Set<string> }> {
  const server = await startServer({
    host: '127.0.0.1',
    port: 0,
    isWarmPoolOn: false,
    version: 'docs',
  })
  const client = new sdk.LambdaClient({
    endpoint: server.endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    maxAttempts: 1,
  })
  try {
    const supported = new Set<string>()
    const all: string[] = []
    for (const [name, { inputShape }] of loadModel('lambda').operations) {
      all.push(name)
      const labels = Object.entries(inputShape.members).filter(
        ([, member]) => member.in === 'label',
      )
      const input = Object.fromEntries(labels.map(([member]) => [member, 'x']))
      if ((await statusOf(client, name, input)) !== notImplemented) supported.add(name)
    }
    return { all: all.toSorted(byCode), supported }
  } finally {
    client.destroy()
    await server.close()
  }
}

/** In the order of code points, the same on every machine. */
export function byCode(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0
}

async function statusOf(client: sdk.LambdaClient, name: string, input: object): Promise<number> {
  const Command = Reflect.get(sdk, `${name}Command`) as AnyCommand | undefined
  if (Command === undefined) throw new Error(`The SDK has no command for ${name}`)
  try {
    const { $metadata } = await client.send(new Command(input))
    return $metadata.httpStatusCode ?? 0
  } catch (error) {
    const status = (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode
    if (status === undefined) throw new Error(`Cannot ask for ${name}`, { cause: error })
    return status
  }
}
