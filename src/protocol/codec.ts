/**
 * The public face of the codec: what the gateway calls for every request that no raw handler takes.
 * identify (identify.ts) -> decodeInput -> handler -> encodeOutput, or encodeError (errors.ts).
 */
import { assert, unreachable } from '../lib/assert.ts'
import { AwsError } from '../lib/errors/aws-error.ts'
import { cborEncoder, encodeCbor } from './cbor/encode.ts'
import { decodeUnchecked } from './decode-input.ts'
import { contentType, encodeEventStream } from './event-stream/encode.ts'
import { serializationError } from './faults.ts'
import { jsonEncoder } from './json/encode.ts'
import { loadModel, shapeAt } from './load-model.ts'
import type { Operation } from './load-model.ts'
import { encodeQueryOutput } from './query/encode.ts'
import { encodeRestOutput } from './rest/output.ts'
import type { StructureShape } from './shape-model.ts'
import { validateInput } from './validate.ts'
import type { Identified, WireBody, WireRequest, WireResponse } from './wire.ts'

export { encodeError } from './errors.ts'
export { identify } from './identify.ts'
export type { Identified, Scope, WireBody, WireRequest, WireResponse } from './wire.ts'

type Fields = Readonly<Record<string, unknown>>

/** Decode and validate a request's input, typed as the SDK types it: Date, Uint8Array, numbers. Members with an idempotency token may
 *  be absent although the types say otherwise: who needs one makes it.
 *  @param body  complete; where `streamsInput` is set it may be the stream, which becomes the input's member
 *  @throws AwsError SerializationException, MalformedInput, MalformedXML, ValidationException (400), by protocol and service */
export function decodeInput(identified: Identified, request: WireRequest, body: WireBody): unknown {
  const operation = operationOf(identified)
  try {
    const input = decodeUnchecked(identified, operation, { request, body })
    validateInput(operation, input)
    return input
  } catch (error) {
    // A recursive shape, nested until the stack ends.
    if (error instanceof RangeError) throw serializationError('The body is nested too deeply')
    throw error
  }
}

/** Encode a handler's output. Streams (blobs and events) stay AsyncIterables; they are not read here. */
export function encodeOutput(
  identified: Identified,
  output: unknown,
  requestId: string,
): WireResponse {
  const operation = operationOf(identified)
  const fields = (output ?? {}) as Fields
  const response = encodeBy(identified, operation, fields, requestId)
  return identified.isHead ? { ...response, body: new Uint8Array(0) } : response
}

function encodeBy(
  { protocol }: Identified,
  operation: Operation,
  fields: Fields,
  requestId: string,
): WireResponse {
  switch (protocol) {
    case 'restJson1':
    case 'restXml':
      return encodeRestOutput(operation, protocol, fields)
    case 'awsQuery':
      return encodeQueryOutput(operation, fields, requestId)
    case 'awsJson1_0':
    case 'awsJson1_1':
    case 'rpcv2Cbor':
      return encodeRpcOutput(operation, protocol, fields)
    default:
      return unreachable(protocol)
  }
}

function encodeRpcOutput(
  operation: Operation,
  protocol: 'awsJson1_0' | 'awsJson1_1' | 'rpcv2Cbor',
  fields: Fields,
): WireResponse {
  const { model, outputShape } = operation
  const headers: Record<string, string> = { 'content-type': contentType(protocol) }
  if (protocol === 'rpcv2Cbor') headers['smithy-protocol'] = 'rpc-v2-cbor'
  const events = eventsOf(operation)
  const { [events?.name ?? '']: source, ...rest } = fields
  const members = events === undefined ? fields : rest
  const body =
    protocol === 'rpcv2Cbor'
      ? encodeCbor(cborEncoder(model, outputShape)(members))
      : Buffer.from(JSON.stringify(jsonEncoder(model, outputShape)(members)))
  if (events === undefined || source === undefined) return { status: 200, headers, body }
  const stream = { model, shape: events.shape, protocol }
  return {
    status: 200,
    headers: { ...headers, 'content-type': 'application/vnd.amazon.eventstream' },
    body: encodeEventStream(stream, source as AsyncIterable<unknown>, body),
  }
}

function eventsOf({
  model,
  outputShape,
}: Operation): { name: string; shape: StructureShape } | undefined {
  for (const [name, member] of Object.entries(outputShape.members)) {
    const shape = shapeAt(model, member.shape)
    if (shape.type === 'structure' && shape.events === 1) return { name, shape }
  }
  return undefined
}

function operationOf(identified: Identified): Operation {
  const operation = loadModel(identified.service).operations.get(identified.operation ?? '')
  assert(operation !== undefined, 'the operation is identified')
  return operation
}

/** The answer to an operation that AWS has and Lair does not yet. */
export function notImplemented(identified: Identified): AwsError {
  const { service, operation = 'the operation' } = identified
  const message = `Lair does not implement ${service} ${operation} yet`
  return new AwsError({ code: 'NotImplemented', status: 501, message })
}

/** The answer to an operation that the service does not have, as its protocol's front end words it. */
export function unknownOperation(identified: Identified, request: WireRequest): AwsError {
  switch (identified.protocol) {
    case 'awsQuery':
      return new AwsError({
        code: 'InvalidAction',
        status: 400,
        message:
          'The action or operation requested is invalid. Verify that the action is typed correctly.',
      })
    case 'restXml':
      return new AwsError({
        code: 'MethodNotAllowed',
        status: 405,
        message: 'The specified method is not allowed against this resource.',
        fields: { Method: request.method },
      })
    case 'restJson1':
    case 'rpcv2Cbor':
      return unknownTo(identified, 404)
    default:
      return unknownTo(identified, 400)
  }
}

function unknownTo({ service }: Identified, status: number): AwsError {
  const message = `The requested operation is not an operation of ${service}`
  return new AwsError({ code: 'UnknownOperationException', status, message })
}

/** Read the models of the services that will be asked for, so that no request waits for a file. */
export function preloadModels(services: readonly Identified['service'][]): void {
  for (const service of services) loadModel(service)
}
