/**
 * Turns the events of an output (values of a union) into frames. An AwsError thrown by the source ends the stream with an exception
 * frame; any other failure is passed on, and the connection breaks.
 * source: Smithy 2.0, "Event streams"; AWS Lambda API reference, InvokeWithResponseStream.
 */
import { AwsError } from '../../lib/errors/aws-error.ts'
import { cborEncoder, encodeCbor } from '../cbor/encode.ts'
import { jsonEncoder, toBuffer } from '../json/encode.ts'
import { outputBodyMembers, shapeAt, structureAt } from '../load-model.ts'
import type { ServiceModel } from '../load-model.ts'
import type { Protocol, StructureShape } from '../shape-model.ts'
import { encodeXmlDocument } from '../xml/encode.ts'
import { encodeFrame } from './frame.ts'
import type { HeaderValue } from './frame.ts'

export type EventStream = {
  readonly model: ServiceModel
  /** the union of events */
  readonly shape: StructureShape
  readonly protocol: Protocol
}

type Fields = Readonly<Record<string, unknown>>

/** Frames of all events. `initial` is the message that RPC protocols send first: the output's members beside the stream. */
export async function* encodeEventStream(
  stream: EventStream,
  events: AsyncIterable<unknown>,
  initial?: Uint8Array,
): AsyncGenerator<Uint8Array> {
  if (initial !== undefined) {
    const type = { ':message-type': 'event', ':event-type': 'initial-response' }
    yield encodeFrame({
      headers: { ...type, ':content-type': contentType(stream.protocol) },
      payload: initial,
    })
  }
  try {
    for await (const event of events) {
      const frame = eventFrame(stream, event as Fields)
      if (frame !== undefined) yield frame
    }
  } catch (error) {
    if (!(error instanceof AwsError)) throw error
    yield errorFrame(stream, error)
  }
}

/** Content type of structures in a protocol's frames and bodies. */
export function contentType(protocol: Protocol): string {
  switch (protocol) {
    case 'awsJson1_0':
      return 'application/x-amz-json-1.0'
    case 'awsJson1_1':
      return 'application/x-amz-json-1.1'
    case 'rpcv2Cbor':
      return 'application/cbor'
    case 'restXml':
    case 'awsQuery':
      return 'text/xml'
    default:
      return 'application/json'
  }
}

function eventFrame(stream: EventStream, event: Fields): Uint8Array | undefined {
  const name = Object.keys(event).find((key) => stream.shape.members[key] !== undefined)
  const member = name === undefined ? undefined : stream.shape.members[name]
  if (name === undefined || member === undefined) return undefined
  const shape = structureAt(stream.model, member.shape)
  const isError = shape.error !== undefined
  const type: Record<string, string> = isError
    ? { ':message-type': 'exception', ':exception-type': name }
    : { ':message-type': 'event', ':event-type': name }
  return structureFrame(stream, shape, event[name] as Fields, type)
}

function structureFrame(
  stream: EventStream,
  shape: StructureShape,
  value: Fields,
  type: Record<string, string>,
): Uint8Array {
  const { model, protocol } = stream
  const headers: Record<string, HeaderValue> = { ...type }
  let payload: Uint8Array | undefined
  for (const [name, member] of Object.entries(shape.members)) {
    const given = value[name]
    if (given === undefined || given === null) continue
    if (member.in === 'eventHeader') headers[name] = given as HeaderValue
    if (member.in !== 'eventPayload') continue
    const isText = shapeAt(model, member.shape).type === 'string'
    const isStructure = shapeAt(model, member.shape).type === 'structure'
    if (isStructure) payload = bodyOf(stream, structureAt(model, member.shape), given as Fields)
    else payload = toBuffer(given)
    headers[':content-type'] = isStructure
      ? contentType(protocol)
      : isText
        ? 'text/plain'
        : 'application/octet-stream'
  }
  if (payload === undefined && outputBodyMembers(shape).length > 0) {
    headers[':content-type'] = contentType(protocol)
    payload = bodyOf(stream, shape, value)
  }
  return encodeFrame({ headers, payload: payload ?? new Uint8Array(0) })
}

function bodyOf(
  { model, protocol }: EventStream,
  shape: StructureShape,
  value: Fields,
): Uint8Array {
  if (protocol === 'restXml') return Buffer.from(encodeXmlDocument(model, shape, value))
  if (protocol === 'rpcv2Cbor') return encodeCbor(cborEncoder(model, shape)(value))
  return Buffer.from(JSON.stringify(jsonEncoder(model, shape)(value)))
}

/** A modelled error of the stream is an exception with its members, any other an error with its code. */
function errorFrame(stream: EventStream, error: AwsError): Uint8Array {
  const { model, shape: union } = stream
  for (const [name, member] of Object.entries(union.members)) {
    const shape = structureAt(model, member.shape)
    if (shape.error === undefined || shape.name !== error.code) continue
    const type = { ':message-type': 'exception', ':exception-type': name }
    const message = Object.keys(shape.members).find((key) => key.toLowerCase() === 'message')
    const fields = { ...error.fields, [message ?? 'message']: error.message }
    return structureFrame(stream, shape, fields, type)
  }
  const headers = {
    ':message-type': 'error',
    ':error-code': error.code,
    ':error-message': error.message,
  }
  return encodeFrame({ headers, payload: new Uint8Array(0) })
}
