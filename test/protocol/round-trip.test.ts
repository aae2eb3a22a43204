/**
 * Every operation of every service, against the real SDK clients: the client serialises an input with all members, our codec decodes it;
 * our codec encodes an output with all members, the client parses it; and every modelled error.
 */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, test } from 'node:test'
import { AwsError } from '../../src/lib/errors/aws-error.ts'
import { encodeError, encodeOutput } from '../../src/protocol/codec.ts'
import type { Identified } from '../../src/protocol/codec.ts'
import { decodeUnchecked } from '../../src/protocol/decode-input.ts'
import { loadModel, shapeAt } from '../../src/protocol/load-model.ts'
import type { Operation, ServiceModel } from '../../src/protocol/load-model.ts'
import { serviceNames } from '../../src/protocol/services.ts'
import type { ServiceName } from '../../src/protocol/services.ts'
import type { StructureShape } from '../../src/protocol/shape-model.ts'
import { noteUnions, sampleStructure } from './sample.ts'
import { commandOf, importSdk, normal, openClient } from './sdk.ts'
import type { Answer, SdkClient } from './sdk.ts'

const customerKey = Buffer.alloc(32, 7).toString('base64')
const customerKeyMd5 = createHash('md5').update(Buffer.alloc(32, 7)).digest('base64')

/** Members that the client does not pass on as they are, with what it takes. */
const given: Readonly<Record<string, unknown>> = {
  // S3: the client checks and hashes the keys of the customer.
  SSECustomerKey: customerKey,
  SSECustomerKeyMD5: customerKeyMd5,
  CopySourceSSECustomerKey: customerKey,
  CopySourceSSECustomerKeyMD5: customerKeyMd5,
  // S3: asks the client to verify the checksum of the sample.
  ChecksumMode: undefined,
  // EventBridge: makes the client sign for all regions, with a signer that is not installed.
  EndpointId: undefined,
  // S3: the client makes it from Expires.
  ExpiresString: 'Fri, 20 Nov 2026 12:34:56 GMT',
}

/** Where the client itself cannot tell, with the reason. */
const leftovers: Readonly<Record<string, string>> = {
  'cloudwatch DashboardNotFoundError': 'the client takes its query code for another error',
}

type Turn = {
  readonly operation: Operation
  readonly output: Record<string, unknown>
  decoded?: unknown
  identified?: Identified | undefined
}

/** A client whose every request is decoded and answered by our codec. */
class Counterpart {
  readonly #client: SdkClient
  readonly #sdk
  #turn: Turn | undefined

  constructor(service: ServiceName, sdk: Awaited<ReturnType<typeof importSdk>>, options: object) {
    this.#sdk = sdk
    this.#client = openClient(service, sdk, (arrived) => this.#answer(arrived), options)
  }

  async call(operation: Operation, input: object, output: Record<string, unknown>) {
    const turn: Turn = { operation, output }
    this.#turn = turn
    const parsed = await this.#client.send(commandOf(this.#sdk, operation.name, input))
    return { parsed, decoded: turn.decoded, identified: turn.identified }
  }

  #answer(arrived: Parameters<Answer>[0]) {
    const turn = this.#turn
    assert.ok(turn)
    const { identified } = arrived
    turn.identified = identified
    const { operation } = turn
    const seen = `${arrived.request.method} ${arrived.request.target}`
    assert.ok(identified, `${seen} is identified`)
    assert.equal(identified.operation, operation.name, seen)
    turn.decoded = decodeUnchecked(identified, operation, arrived)
    return encodeOutput(identified, turn.output, 'request-1')
  }
}

/** Protocols beside the client's own that other clients speak with the service. */
const further: readonly (readonly [ServiceName, string])[] = [
  ['cloudwatch', 'AwsQueryProtocol'],
  ['cloudwatch', 'AwsSmithyRpcV2CborProtocol'],
  ['dynamodb', 'AwsSmithyRpcV2CborProtocol'],
]

describe('every operation, against the real client', { concurrency: 1 }, () => {
  for (const service of serviceNames) {
    test(service, async () => roundTrip(service, {}))
  }
  for (const [service, protocol] of further) {
    test(`${service} by ${protocol}`, async () => {
      const protocols = (await import('@aws-sdk/core/protocols')) as Record<string, unknown>
      await roundTrip(service, { protocol: protocols[protocol] })
    })
  }
})

async function roundTrip(service: ServiceName, options: object): Promise<void> {
  const sdk = await importSdk(service)
  noteUnions(sdk)
  const model = loadModel(service)
  const counterpart = new Counterpart(service, sdk, options)
  const failures: string[] = []
  for (const operation of model.operations.values()) {
    const failure = await failureOf(counterpart, model, operation)
    if (failure !== undefined && leftovers[`${service} ${operation.name}`] === undefined) {
      failures.push(`${operation.name}: ${failure}`)
    }
  }
  assert.deepEqual(failures, [])
}

async function failureOf(
  counterpart: Counterpart,
  model: ServiceModel,
  operation: Operation,
): Promise<string | undefined> {
  const input = sampleStructure({ model, given }, operation.inputShape)
  const output = sampleStructure({ model, given }, operation.outputShape)
  const stream = eventsOf(model, operation.outputShape)
  const events = stream === undefined ? [] : sampleEvents(model, stream.shape)
  if (stream !== undefined) output[stream.name] = iterate(events)
  try {
    const { parsed, decoded } = await counterpart.call(operation, input, output)
    assert.deepEqual(normal(decoded), normal(input))
    const { $metadata: _, ...rest } = parsed
    const read = await readStreams(rest)
    assert.deepEqual(normal(read), normal(stream ? { ...output, [stream.name]: events } : output))
    return undefined
  } catch (error) {
    return error instanceof Error ? (error.stack ?? error.message).slice(0, 2000) : String(error)
  }
}

function eventsOf(model: ServiceModel, output: StructureShape) {
  for (const [name, member] of Object.entries(output.members)) {
    const shape = shapeAt(model, member.shape)
    if (shape.type === 'structure' && shape.events === 1) return { name, shape }
  }
  return undefined
}

/** One event of each kind that is no error. */
function sampleEvents(model: ServiceModel, union: StructureShape): Record<string, unknown>[] {
  return Object.entries(union.members).flatMap(([name, member]) => {
    const shape = shapeAt(model, member.shape)
    if (shape.type !== 'structure' || shape.error !== undefined) return []
    return [{ [name]: sampleStructure({ model, given }, shape) }]
  })
}

async function* iterate(events: readonly unknown[]): AsyncGenerator<unknown> {
  yield* events
}

type Readable = { transformToByteArray?: () => Promise<Uint8Array> }

async function readStreams(output: Record<string, unknown>): Promise<Record<string, unknown>> {
  const read: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(output)) {
    if (typeof value !== 'object' || value === null) read[name] = value
    else if ('transformToByteArray' in value)
      read[name] = await (value as Readable).transformToByteArray?.()
    else if (Symbol.asyncIterator in value) {
      read[name] = await Array.fromAsync(value as AsyncIterable<unknown>)
    } else read[name] = value
  }
  return read
}

describe('every modelled error, against the real client', { concurrency: 1 }, () => {
  for (const service of serviceNames) {
    test(service, async () => errorRoundTrip(service))
  }
})

async function errorRoundTrip(service: ServiceName): Promise<void> {
  const sdk = await importSdk(service)
  const model = loadModel(service)
  const operation = [...model.operations.values()].find(({ http }) => http?.[0] !== 'HEAD')
  assert.ok(operation)
  let error: AwsError | undefined
  const client = openClient(service, sdk, ({ identified }) => {
    assert.ok(error)
    return encodeError(identified, error, 'request-1')
  })
  const input = sampleStructure({ model, given }, operation.inputShape)
  const failures: string[] = []
  for (const [name, shape] of model.errors) {
    if (shape.name !== name) continue
    const fields = sampleStructure({ model, given }, shape)
    const messageName = Object.keys(fields).find((key) => key.toLowerCase() === 'message')
    if (messageName !== undefined) delete fields[messageName]
    const status = shape.error?.query?.[1] ?? shape.error?.status ?? 400
    error = new AwsError({ code: name, status, message: `It is <${name}>`, fields })
    const failure = await client.send(commandOf(sdk, operation.name, input)).then(
      () => new Error('It succeeded'),
      (reason: unknown) => reason as Error,
    )
    const seen = errorFailure(failure, error)
    if (seen !== undefined && leftovers[`${service} ${name}`] === undefined) failures.push(seen)
  }
  assert.deepEqual(failures, [])
}

function errorFailure(failure: Error, error: AwsError): string | undefined {
  const { $metadata, message, ...rest } = failure as Error & {
    $metadata?: { httpStatusCode?: number }
  }
  const seen = rest as Record<string, unknown>
  const fields = Object.fromEntries(Object.keys(error.fields).map((name) => [name, seen[name]]))
  try {
    assert.equal(failure.name, error.code)
    assert.equal(message, error.message)
    assert.equal($metadata?.httpStatusCode, error.status)
    assert.deepEqual(normal(fields), normal(error.fields))
    return undefined
  } catch (difference) {
    return `${error.code}: ${difference instanceof Error ? difference.message : ''}`
  }
}
