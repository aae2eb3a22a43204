/**
 * Random requests over every service and protocol of the generated models: well-formed ones with odd values, then mutated in their body,
 * head or signature. Each is bytes for a socket.
 */
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { serviceNames } from '../../../src/protocol/services.ts'
import type { ServiceName } from '../../../src/protocol/services.ts'
import type {
  ModelFile,
  ModelIndex,
  OperationModel,
  ServiceFacts,
} from '../../../src/protocol/shape-model.ts'
import { requestBytes } from '../raw-http.ts'
import { signed } from '../sigv4.ts'
import { cborOf } from './cbor.ts'
import { formOf, xmlOf } from './markup.ts'
import type { Random } from './random.ts'
import { anything, textFor, valueFor } from './values.ts'
import type { JsonValue } from './values.ts'

export type FuzzRequest = {
  readonly bytes: Buffer
  readonly isHead: boolean
  /** its framing is broken: no answer is owed, only an end */
  readonly isBroken: boolean
  /** for the message of a failure */
  readonly title: string
}

type Plain = {
  method: string
  target: string
  headers: Record<string, string>
  body: Buffer
}

const models = resolve(import.meta.dirname, '../../../src/protocol/models')
const read = <T>(name: string): T =>
  JSON.parse(readFileSync(resolve(models, `${name}.json`), 'utf8')) as T
const facts = read<ModelIndex>('index')
const files = new Map(serviceNames.map((name) => [name, read<ModelFile>(name)]))

/** services with handlers are met more often than those that only answer 501 */
const busyServices: readonly ServiceName[] = ['lambda', 'lambda', 'lambda', 'cloudwatch-logs']

/** The next random request.
 *  @param nowMs  epoch ms of its signature */
export function fuzzRequest(random: Random, host: string, nowMs: number): FuzzRequest {
  const service = random.chance(0.5) ? random.pick(busyServices) : random.pick(serviceNames)
  const file = files.get(service)
  if (!file) throw new Error(`Service "${service}" has no model`)
  const name = random.pick(Object.keys(file.operations))
  const operation = file.operations[name]
  if (!operation) throw new Error(`Operation "${name}" has no model`)
  const fact = facts[service]
  const plain = plainRequest({ file, fact, name, operation }, random)
  plain.headers['host'] = host
  if (random.chance(0.15)) plain.body = mutate(plain.body, random)
  if (random.chance(0.05)) plain.headers[random.pick(oddHeaders)] = oddHeaderValue(random)
  const headers = random.chance(0.75)
    ? signed({ ...plain, service: fact.signingName, nowMs })
    : plain.headers
  if (random.chance(0.05)) spoilSignature(headers, random)
  const bytes = requestBytes({ ...plain, headers })
  const isBroken = random.chance(0.02)
  return {
    bytes: isBroken ? breakFraming(bytes, random) : bytes,
    isHead: plain.method === 'HEAD',
    isBroken,
    title: `${service}.${name} ${plain.method} ${plain.target.slice(0, 200)}`,
  }
}

const oddHeaders = [
  'content-type',
  'x-amz-target',
  'smithy-protocol',
  'x-amz-invocation-type',
  'x-amz-log-type',
  'x-amz-client-context',
  'x-amzn-trace-id',
  'x-amzn-requestid',
  'x-amz-security-token',
  'content-encoding',
  'accept',
  'cookie',
  'range',
  'if-match',
]

function oddHeaderValue(random: Random): string {
  const text = random.pick([
    '',
    'gzip',
    'Event',
    'e30=',
    'text/plain',
    'x'.repeat(5000),
    '%ff',
    ';',
  ])
  return text + String(random.below(3) === 0 ? random.below(1000) : '')
}

type Subject = {
  file: ModelFile
  fact: ServiceFacts
  name: string
  operation: OperationModel
}

function plainRequest(subject: Subject, random: Random): Plain {
  const { fact, file, name, operation } = subject
  const input: JsonValue =
    operation.input === undefined ? {} : valueFor(file.shapes, operation.input, random)
  switch (fact.protocol) {
    case 'restJson1':
    case 'restXml':
      return restRequest(subject, input, random)
    case 'awsQuery':
      return {
        method: 'POST',
        target: '/',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: Buffer.from(`Action=${name}&Version=${fact.version}${formOf(input)}`),
      }
    case 'rpcv2Cbor':
      return {
        method: 'POST',
        target: `/service/${fact.target}/operation/${name}`,
        headers: { 'content-type': 'application/cbor', 'smithy-protocol': 'rpc-v2-cbor' },
        body: cborOf(input),
      }
    default:
      return {
        method: 'POST',
        target: '/',
        headers: {
          'content-type': `application/x-amz-json-${fact.protocol === 'awsJson1_0' ? '1.0' : '1.1'}`,
          'x-amz-target': `${fact.target}.${name}`,
        },
        body: Buffer.from(JSON.stringify(input)),
      }
  }
}

function restRequest(subject: Subject, input: JsonValue, random: Random): Plain {
  const { fact, operation } = subject
  const [method, pattern] = operation.http ?? ['POST', '/']
  const path = pattern.replaceAll(/\{(\w+)\+?\}/g, () => encodeLabel(textFor(random)))
  const query = random.chance(0.2)
    ? `${path.includes('?') ? '&' : '?'}${encodeURIComponent(random.pick(queryNames))}=${encodeLabel(textFor(random))}`
    : ''
  const isXml = fact.protocol === 'restXml'
  const hasBody = method !== 'GET' && method !== 'HEAD' && method !== 'DELETE'
  const text = isXml ? xmlOf('Request', input) : JSON.stringify(input)
  return {
    method,
    target: path + query,
    headers: { 'content-type': isXml ? 'application/xml' : 'application/json' },
    body: hasBody ? Buffer.from(text) : Buffer.alloc(0),
  }
}

const queryNames = ['Qualifier', 'Marker', 'MaxItems', 'FunctionVersion', 'list-type', 'uploadId']

function encodeLabel(text: string): string {
  return encodeURIComponent(text.toWellFormed()).replaceAll(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}

function mutate(body: Buffer, random: Random): Buffer {
  switch (random.below(5)) {
    case 0:
      return body.subarray(0, random.below(body.length + 1))
    case 1: {
      const copy = Buffer.from(body)
      for (let count = 1 + random.below(4); count > 0 && copy.length > 0; count -= 1) {
        copy[random.below(copy.length)] = random.below(256)
      }
      return copy
    }
    case 2:
      return Buffer.concat([body, Buffer.from([0xff, 0xfe, 0x00, random.below(256)])])
    case 3:
      return Buffer.from(JSON.stringify(anything(random, 0)))
    default:
      return Buffer.from(Array.from({ length: random.below(200) }, () => random.below(256)))
  }
}

function spoilSignature(headers: Record<string, string>, random: Random): void {
  const authorization = headers['authorization'] ?? 'AWS4-HMAC-SHA256 Credential=, Signature='
  const at = random.below(authorization.length)
  const spoilt = [
    authorization.slice(0, at),
    `${authorization.slice(0, at)}!${authorization.slice(at + 1)}`,
    authorization.replace('Credential=test', 'Credential=AKIAUNKNOWN'),
    authorization.replace(/Signature=..../, 'Signature=0000'),
    'Bearer nonsense',
  ]
  headers['authorization'] = random.pick(spoilt)
  if (random.chance(0.3)) headers['x-amz-date'] = random.pick(['', '20200101T000000Z', 'now'])
}

/** Bytes that are no proper request any more: the client then closes its side. */
function breakFraming(bytes: Buffer, random: Random): Buffer {
  const text = bytes.toString('latin1')
  const broken = [
    () => text.slice(0, random.below(text.length)),
    () => text.replace('HTTP/1.1', 'HTTP/9.9'),
    () => text.replace('\r\n', '\r\nbad header line\r\n'),
    () => text.replace('content-length: ', 'content-length: -'),
    () => text.replace('content-length: ', 'content-length: 9'),
    () => text.replace('content-length: ', 'transfer-encoding: chunked\r\ncontent-length: '),
    () => text.replace('\r\n\r\n', `\r\nx-long: ${'y'.repeat(100_000)}\r\n\r\n`),
    () => text.replace('\r\n', '\n\n'),
    () => `\0${text}`,
    () => `${text.slice(0, 4)} ${text}`,
  ]
  return Buffer.from(random.pick(broken)(), 'latin1')
}
