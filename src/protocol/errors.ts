/**
 * Errors in each protocol's own form. Called by the gateway, the only place that turns errors into bytes.
 * source: Smithy 2.0, "Operation error serialization" of each protocol, "awsQueryCompatible trait"; Amazon S3 API reference,
 * "REST error responses".
 */
import type { AwsError } from '../lib/errors/aws-error.ts'
import { cborEncoder, encodeCbor } from './cbor/encode.ts'
import { jsonEncoder } from './json/encode.ts'
import { loadModel } from './load-model.ts'
import type { ServiceModel } from './load-model.ts'
import { writeHeader } from './rest/output.ts'
import type { StructureShape } from './shape-model.ts'
import { encodeXmlMember, escapeText, queryNamespace } from './xml/encode.ts'
import type { Identified, WireResponse } from './wire.ts'

type Fields = Record<string, unknown>

type Told = {
  readonly model: ServiceModel
  readonly identified: Identified
  readonly error: AwsError
  /** the error's own shape, when the service models it */
  readonly shape: StructureShape | undefined
  readonly requestId: string
  readonly headers: Record<string, string>
}

/** Errors of AWS's front end carry its namespace, not the service's, where the namespace is told. */
const frontEnd = 'com.amazon.coral.service'
const frontEndValidation = 'com.amazon.coral.validate'

/** An error as a response of the protocol in which the request was made; as JSON when that is not known. */
export function encodeError(
  identified: Identified | undefined,
  error: AwsError,
  requestId: string,
): WireResponse {
  if (identified === undefined) return jsonResponse(error, {}, { message: error.message })
  const model = loadModel(identified.service)
  const shape = model.errors.get(error.code)
  const told: Told = {
    model,
    identified,
    error,
    shape,
    requestId,
    headers: headersOf(model, error, shape),
  }
  const response = inProtocol(told)
  return identified.isHead ? { ...response, body: new Uint8Array(0) } : response
}

function inProtocol(told: Told): WireResponse {
  switch (told.identified.protocol) {
    case 'awsQuery':
      return queryError(told)
    case 'restXml':
      return s3Error(told)
    case 'rpcv2Cbor':
      return cborError(told)
    case 'awsJson1_0':
    case 'awsJson1_1':
      return jsonRpcError(told)
    default:
      return restJsonError(told)
  }
}

/** `Retry-After` and the like: members that travel in headers. */
function headersOf(
  model: ServiceModel,
  error: AwsError,
  shape: StructureShape | undefined,
): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const [name, member] of Object.entries(shape?.members ?? {})) {
    const value = error.fields[name]
    if (value !== undefined && value !== null) writeHeader({ model }, member, value, headers)
  }
  return headers
}

function restJsonError({ error, shape, model, headers }: Told): WireResponse {
  return jsonResponse(error, headers, jsonFields(model, error, shape))
}

function jsonResponse(
  error: AwsError,
  headers: Record<string, string>,
  fields: Fields,
): WireResponse {
  const own = { 'content-type': 'application/json', 'x-amzn-errortype': error.code }
  return {
    status: error.status,
    headers: { ...headers, ...own },
    body: Buffer.from(JSON.stringify(fields)),
  }
}

function jsonRpcError(told: Told): WireResponse {
  const { error, shape, model, identified } = told
  const version = identified.protocol === 'awsJson1_0' ? '1.0' : '1.1'
  const fields = { __type: typeOf(told), ...jsonFields(model, error, shape) }
  return {
    status: told.error.status,
    headers: {
      ...told.headers,
      'content-type': `application/x-amz-json-${version}`,
      ...queryHeader(told),
    },
    body: Buffer.from(JSON.stringify(fields)),
  }
}

function cborError(told: Told): WireResponse {
  const { error, shape, model } = told
  const body = memberFields(error, shape)
  const encode = shape === undefined ? undefined : cborEncoder(model, shape)
  const fields = {
    __type: typeOf(told),
    ...(encode === undefined ? body : (encode(body) as Fields)),
  }
  return {
    status: told.error.status,
    headers: {
      ...told.headers,
      'content-type': 'application/cbor',
      'smithy-protocol': 'rpc-v2-cbor',
      ...queryHeader(told),
    },
    body: encodeCbor(fields),
  }
}

/** awsJson 1.1 names errors alone, 1.0 and CBOR with their namespace. */
function typeOf({ identified, error, shape, model }: Told): string {
  const name = shape?.name ?? error.code
  if (identified.protocol === 'awsJson1_1') return name
  if (shape !== undefined) return `${model.facts.namespace}#${name}`
  return `${error.code === 'ValidationException' ? frontEndValidation : frontEnd}#${name}`
}

/** Services that once spoke the query protocol tell its error code too. */
function queryHeader({ model, shape, error }: Told): Record<string, string> {
  if (model.facts.queryCompatible !== 1) return {}
  const code = shape?.error?.query?.[0] ?? error.code
  const fault = error.status >= 500 ? 'Receiver' : 'Sender'
  return { 'x-amzn-query-error': `${code};${fault}` }
}

/** Modelled members from the error's fields, the message under the name that the model gives it. */
function memberFields(error: AwsError, shape: StructureShape | undefined): Fields {
  const names = Object.keys(shape?.members ?? {})
  const messageName = names.find((name) => name.toLowerCase() === 'message') ?? 'message'
  return { ...error.fields, [messageName]: error.message }
}

function jsonFields(
  model: ServiceModel,
  error: AwsError,
  shape: StructureShape | undefined,
): Fields {
  const fields = memberFields(error, shape)
  if (shape === undefined) return simpleOnly(fields)
  const encoded = jsonEncoder(model, shape)(fields) as Fields
  const hasMessage = Object.keys(encoded).some((name) => name.toLowerCase() === 'message')
  return hasMessage ? encoded : { ...encoded, message: error.message }
}

/** What an unmodelled error may show: texts and numbers. */
function simpleOnly(fields: Fields): Fields {
  return Object.fromEntries(
    Object.entries(fields).filter(
      ([, value]) => typeof value === 'string' || typeof value === 'number',
    ),
  )
}

function queryError(told: Told): WireResponse {
  const { error, shape, model, requestId } = told
  const type = error.status >= 500 ? 'Receiver' : 'Sender'
  const code = shape?.error?.query?.[0] ?? error.code
  const members = xmlFields(told, ['message', 'code', 'type'])
  const inner = `<Type>${type}</Type><Code>${escapeText(code)}</Code><Message>${escapeText(error.message)}</Message>${members}`
  const body = `<ErrorResponse xmlns="${queryNamespace(model)}"><Error>${inner}</Error><RequestId>${escapeText(requestId)}</RequestId></ErrorResponse>`
  return {
    status: shape?.error?.query?.[1] ?? error.status,
    headers: { ...told.headers, 'content-type': 'text/xml' },
    body: Buffer.from(body),
  }
}

function s3Error(told: Told): WireResponse {
  const { error, requestId } = told
  const members = xmlFields(told, ['message', 'code'])
  const ids = `<RequestId>${escapeText(requestId)}</RequestId><HostId>${escapeText(requestId)}</HostId>`
  const inner = `<Code>${escapeText(error.code)}</Code><Message>${escapeText(error.message)}</Message>${members}${ids}`
  const body = `<?xml version="1.0" encoding="UTF-8"?>\n<Error>${inner}</Error>`
  const hasBody = error.status !== 304
  return {
    status: error.status,
    headers: { ...told.headers, 'content-type': 'application/xml' },
    body: hasBody ? Buffer.from(body) : new Uint8Array(0),
  }
}

/** Further members as elements: the modelled ones in their form, of others the texts and numbers. */
function xmlFields({ error, shape, model }: Told, without: readonly string[]): string {
  let text = ''
  for (const [name, value] of Object.entries(error.fields)) {
    if (value === undefined || value === null || without.includes(name.toLowerCase())) continue
    const member = shape?.members[name]
    if (member !== undefined) {
      if (member.in === undefined) text += encodeXmlMember(model, [name, member], value)
    } else if (
      /^[A-Za-z][\w.-]*$/.test(name) &&
      (typeof value === 'string' || typeof value === 'number')
    ) {
      text += `<${name}>${escapeText(String(value))}</${name}>`
    }
  }
  return text
}
