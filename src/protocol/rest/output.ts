/**
 * Encodes the answer of a REST operation: status, headers and body.
 * source: Smithy 2.0, "HTTP bindings"; Amazon S3 API reference for the XML forms.
 */
import { assert } from '../../lib/assert.ts'
import { encodeEventStream } from '../event-stream/encode.ts'
import { jsonEncoder, toBuffer } from '../json/encode.ts'
import { outputBodyMembers, shapeAt } from '../load-model.ts'
import type { Operation } from '../load-model.ts'
import type { MemberModel, Protocol, ShapeModel } from '../shape-model.ts'
import type { WireBody, WireResponse } from '../wire.ts'
import { encodeXmlDocument } from '../xml/encode.ts'
import { formatHeader } from './text-values.ts'

type Output = Readonly<Record<string, unknown>>
type Headers = Record<string, string>
type Body = { readonly bytes: WireBody; readonly contentType: string | undefined }

const nothing: Body = { bytes: new Uint8Array(0), contentType: undefined }

/** Encode the output of a REST operation. */
export function encodeRestOutput(
  operation: Operation,
  protocol: Protocol,
  output: Output,
): WireResponse {
  const headers: Headers = {}
  let status = operation.http?.[2] ?? 200
  let payload: readonly [unknown, MemberModel] | undefined
  for (const [name, member] of Object.entries(operation.outputShape.members)) {
    const value = output[name]
    if (member.in === 'payload') payload = [value, member]
    if (value === undefined || value === null) continue
    if (member.in === 'statusCode') status = Number(value)
    else writeHeader(operation, member, value, headers)
  }
  const body =
    status === 204 || status === 304 ? nothing : bodyOf(operation, protocol, output, payload)
  if (body.contentType !== undefined) headers['content-type'] ??= body.contentType
  return { status, headers, body: body.bytes }
}

/** Put a member that travels in headers there; others are left alone. */
export function writeHeader(
  operation: Pick<Operation, 'model'>,
  member: MemberModel,
  value: unknown,
  headers: Headers,
): void {
  const name = (member.name ?? '').toLowerCase()
  if (member.in === 'header') {
    const text = formatHeader(operation.model, shapeAt(operation.model, member.shape), value)
    headers[name] = headerSafe(text)
  } else if (member.in === 'prefixHeaders') {
    for (const [key, item] of Object.entries(value as object)) {
      headers[name + key.toLowerCase()] = headerSafe(String(item))
    }
  }
}

/** Line breaks and other control characters would end the header. */
function headerSafe(text: string): string {
  // oxlint-disable-next-line no-control-regex
  return text.replaceAll(/[\u0000-\u0008\u000a-\u001f\u007f]/g, ' ')
}

function bodyOf(
  operation: Operation,
  protocol: Protocol,
  output: Output,
  payload: readonly [unknown, MemberModel] | undefined,
): Body {
  if (payload !== undefined) return payloadOf(operation, protocol, payload)
  const { outputShape, model } = operation
  if (operation.output === undefined) return nothing
  if (protocol === 'restXml') {
    if (outputBodyMembers(outputShape).length === 0) return nothing
    return xmlBody(encodeXmlDocument(model, outputShape, output))
  }
  return jsonBody(jsonEncoder(model, outputShape)(output))
}

function payloadOf(
  operation: Operation,
  protocol: Protocol,
  [value, member]: readonly [unknown, MemberModel],
): Body {
  if (value === undefined || value === null) return nothing
  const { model } = operation
  const shape = shapeAt(model, member.shape)
  if (shape.type === 'structure' && shape.events === 1) {
    const bytes = encodeEventStream({ model, shape, protocol }, value as AsyncIterable<unknown>)
    return { bytes, contentType: 'application/vnd.amazon.eventstream' }
  }
  if (shape.type === 'blob')
    return { bytes: bytesOf(value), contentType: 'application/octet-stream' }
  if (shape.type === 'string')
    return { bytes: Buffer.from(value as string), contentType: 'text/plain' }
  return structuredPayload(operation, protocol, shape, [value, member])
}

function structuredPayload(
  { model }: Operation,
  protocol: Protocol,
  shape: ShapeModel,
  [value, member]: readonly [unknown, MemberModel],
): Body {
  if (protocol !== 'restXml') return jsonBody(jsonEncoder(model, member.shape)(value))
  assert(shape.type === 'structure', 'an XML payload is a structure')
  const root = member.xml ?? shape.xml ?? shape.name
  return xmlBody(encodeXmlDocument(model, shape, value as Output, root))
}

/** Bytes, a text, or a stream of bytes. */
function bytesOf(value: unknown): WireBody {
  if (typeof value === 'object' && value !== null && Symbol.asyncIterator in value) {
    return value as AsyncIterable<Uint8Array>
  }
  return toBuffer(value)
}

function jsonBody(value: unknown): Body {
  return { bytes: Buffer.from(JSON.stringify(value)), contentType: 'application/json' }
}

function xmlBody(text: string): Body {
  return { bytes: Buffer.from(text), contentType: 'application/xml' }
}
