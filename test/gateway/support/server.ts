/** A gateway with small real services, and a client's way to reach it byte by byte. */
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import type * as LambdaSdk from '@aws-sdk/client-lambda'
import type * as S3Sdk from '@aws-sdk/client-s3'
import type * as SqsSdk from '@aws-sdk/client-sqs'
import type * as StsSdk from '@aws-sdk/client-sts'
import type * as LogsSdk from '@aws-sdk/client-cloudwatch-logs'
import { openCredentials } from '../../../src/gateway/credential-store.ts'
import { startGateway } from '../../../src/gateway/gateway.ts'
import type { Gateway, GatewayOptions } from '../../../src/gateway/gateway.ts'
import type { Credentials } from '../../../src/gateway/credentials.ts'
import type { RawHandler, Service } from '../../../src/gateway/service.ts'
import { systemClock } from '../../../src/lib/clock.ts'
import type { Clock } from '../../../src/lib/clock.ts'
import { resourceNotFound } from '../../../src/lib/errors/lambda.ts'
import { systemIds } from '../../../src/lib/ids.ts'
import { openEphemeralStore } from '../../../src/store/open.ts'

/** What the test's services saw, newest last. */
export type Seen = { readonly aborted: string[]; readonly errors: string[] }

export type TestServer = AsyncDisposable & {
  readonly gateway: Gateway
  readonly credentials: Credentials
  readonly seen: Seen
}

export const testCredentials = { accessKeyId: 'test', secretAccessKey: 'test' }

/** Start one on a free port. */
export async function startTestServer(
  options: Partial<GatewayOptions> & { clock?: Clock } = {},
): Promise<TestServer> {
  const clock = options.clock ?? systemClock
  const store = openEphemeralStore({ clock: systemClock, ids: systemIds })
  const credentials = await openCredentials(store, clock, systemIds)
  const seen: Seen = { aborted: [], errors: [] }
  const gateway = await startGateway({
    host: '127.0.0.1',
    port: 0,
    services: testServices(seen),
    credentials,
    clock,
    ids: systemIds,
    onInternalError: (error, operation) => seen.errors.push(`${operation}: ${String(error)}`),
    ...options,
  })
  return {
    gateway,
    credentials,
    seen,
    async [Symbol.asyncDispose]() {
      await gateway.close({ drainMs: 100 })
      await store.close()
    },
  }
}

function testServices(seen: Seen): Service[] {
  return [lambda(seen), sqs, sts, s3, logs] as Service[]
}

/** The function's name says what Invoke does. */
function lambda(seen: Seen): Service<typeof LambdaSdk> {
  const invoke: RawHandler = async (request, context) => {
    const name = decodeURIComponent(/functions\/([^/]+)/.exec(request.target)?.[1] ?? '')
    switch (name) {
      case 'echo':
        return { status: 200, headers: { 'Content-Type': 'application/json' }, body: request.body }
      case 'whoami': {
        const { accountId, region, caller, endpoint, requestId } = context
        const body = Buffer.from(JSON.stringify({ accountId, region, caller, endpoint, requestId }))
        return { status: 200, headers: { 'content-type': 'application/json' }, body: [body] }
      }
      case 'forever':
        return new Promise((resolve) => {
          context.signal.addEventListener('abort', () => {
            seen.aborted.push(context.requestId)
            resolve({ status: 200, headers: {}, body: [] })
          })
        })
      case 'large':
        return {
          status: 200,
          headers: {},
          body: [Buffer.alloc(3_000_000), Buffer.alloc(3_000_000)],
        }
      case 'header':
        return { status: 202, headers: { 'X-Text': 'a\r\nEvil: 1', Date: 'no' }, body: [] }
      case 'broken':
        throw new TypeError('secret detail')
      default:
        throw resourceNotFound(`Function not found: ${name}`)
    }
  }
  return {
    name: 'lambda',
    handlers: {
      ListFunctions: () => ({ Functions: [{ FunctionName: 'echo' }] }),
      GetFunction: ({ FunctionName }) => {
        throw resourceNotFound(`Function not found: ${FunctionName}`)
      },
      CreateFunction: ({ FunctionName, Code }) => ({
        FunctionName,
        CodeSize: Code?.ZipFile?.length,
      }),
      GetAccountSettings: () => {
        throw new RangeError('secret detail')
      },
    } as Service<typeof LambdaSdk>['handlers'],
    raw: { Invoke: invoke },
  }
}

const sqs: Service<typeof SqsSdk> = {
  name: 'sqs',
  handlers: {
    CreateQueue: ({ QueueName }, { endpoint, accountId }) => ({
      QueueUrl: `${endpoint}/${accountId}/${QueueName}`,
    }),
  },
}

const sts: Service<typeof StsSdk> = {
  name: 'sts',
  handlers: {
    GetCallerIdentity: (_, { caller }) => ({
      Account: caller?.accountId,
      Arn: caller?.arn,
      UserId: caller?.accessKeyId,
    }),
    AssumeRoleWithWebIdentity: ({ RoleSessionName }, { caller }) => ({
      SubjectFromWebIdentityToken: `${RoleSessionName} ${caller === undefined}`,
    }),
  },
}

/** Objects are remembered as their size, trailing checksum and first bytes. */
const s3: Service<typeof S3Sdk> = {
  name: 's3',
  handlers: {
    PutObject: async ({ Body, Key }, { headers }) => {
      const bytes = await allOf(Body as Uint8Array | AsyncIterable<Uint8Array> | undefined)
      const checksum = headers['x-amz-checksum-crc32'] ?? 'none'
      return { ETag: `"${Key} ${bytes.length} ${checksum} ${bytes.toString('latin1', 0, 8)}"` }
    },
    GetObject: ({ Key }) => {
      const body = Buffer.from(`object ${Key}`)
      return { Body: inPieces(body) as never, ContentLength: body.length }
    },
    HeadObject: ({ Key }) => ({ ETag: `"${Key}"`, ContentLength: 12 }),
  },
}

const logs: Service<typeof LogsSdk> = {
  name: 'cloudwatch-logs',
  handlers: {
    CreateLogGroup: () => ({}),
    DescribeLogGroups: ({ logGroupNamePrefix }) => ({
      logGroups: [{ logGroupName: logGroupNamePrefix }],
    }),
  },
}

async function* inPieces(bytes: Buffer): AsyncGenerator<Buffer, void, undefined> {
  yield bytes.subarray(0, 3)
  yield bytes.subarray(3)
}

async function allOf(body: Uint8Array | AsyncIterable<Uint8Array> | undefined): Promise<Buffer> {
  if (body === undefined) return Buffer.alloc(0)
  if (body instanceof Uint8Array) return Buffer.from(body)
  const chunks: Uint8Array[] = []
  for await (const chunk of body) chunks.push(chunk)
  return Buffer.concat(chunks)
}

/** A bare connection. */
export class Wire implements AsyncDisposable {
  readonly socket: Socket
  #received = ''
  #isClosed = false
  #wake: () => void = () => {}

  private constructor(socket: Socket) {
    this.socket = socket
    socket.setEncoding('latin1')
    socket.on('data', (text) => {
      this.#received += String(text)
      this.#wake()
    })
    socket.on('error', () => {})
    const onEnd = (): void => {
      this.#isClosed = true
      this.#wake()
    }
    socket.on('end', onEnd)
    socket.on('close', onEnd)
  }

  static async open(gateway: Gateway): Promise<Wire> {
    const socket = connect({ host: gateway.host, port: gateway.port, allowHalfOpen: true })
    await new Promise<void>((resolve) => socket.once('connect', () => resolve()))
    return new Wire(socket)
  }

  /** true once the server has closed its half, or all is lost */
  get isClosed(): boolean {
    return this.#isClosed
  }

  send(bytes: string | Uint8Array): void {
    if (typeof bytes === 'string') this.socket.write(bytes, 'latin1')
    else this.socket.write(bytes)
  }

  /** All that came, once it fits or the server closed. */
  async until(fits: (received: string) => boolean): Promise<string> {
    while (!this.#isClosed && !fits(this.#received)) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
    return this.#received
  }

  /** `count` complete responses, each a head and the body its Content-Length announces. */
  async responses(count: number): Promise<readonly WireAnswer[]> {
    const received = await this.until((text) => parseAnswers(text).length >= count)
    return parseAnswers(received)
  }

  async closed(): Promise<string> {
    return this.until(() => false)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.socket.destroy()
  }
}

export type WireAnswer = {
  readonly status: number
  /** lower-case names, every value of it */
  readonly headers: ReadonlyMap<string, readonly string[]>
  readonly body: string
}

/** The complete responses in what a connection received; interim ones are passed over. */
export function parseAnswers(received: string): readonly WireAnswer[] {
  const answers: WireAnswer[] = []
  let rest = received
  for (;;) {
    const end = rest.indexOf('\r\n\r\n')
    if (end === -1) return answers
    const [statusLine = '', ...lines] = rest.slice(0, end).split('\r\n')
    const headers = new Map<string, string[]>()
    for (const line of lines) {
      const colon = line.indexOf(':')
      const name = line.slice(0, colon).toLowerCase()
      headers.set(name, [...(headers.get(name) ?? []), line.slice(colon + 1).trim()])
    }
    const status = Number(statusLine.split(' ')[1])
    const size = Number(headers.get('content-length')?.[0] ?? 0)
    if (rest.length < end + 4 + size) return answers
    if (status >= 200) answers.push({ status, headers, body: rest.slice(end + 4, end + 4 + size) })
    rest = rest.slice(end + 4 + size)
  }
}
