/** Foreign bytes on every protocol: only an AwsError may come out, soon. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { AwsError } from '../../src/lib/errors/aws-error.ts'
import { decodeInput, encodeError, identify, unknownOperation } from '../../src/protocol/codec.ts'
import type { Identified, WireRequest } from '../../src/protocol/codec.ts'
import { loadModel, serviceFacts } from '../../src/protocol/load-model.ts'
import { serviceNames } from '../../src/protocol/services.ts'
import type { ServiceName } from '../../src/protocol/services.ts'
import type { Protocol } from '../../src/protocol/shape-model.ts'
import { encodeCbor } from '../../src/protocol/cbor/encode.ts'

const seed = 20_261_120

const spoken: readonly (readonly [ServiceName, Protocol])[] = serviceNames.flatMap(
  (service): (readonly [ServiceName, Protocol])[] => {
    const { protocol, queryCompatible } = serviceFacts[service]
    const own: readonly [ServiceName, Protocol] = [service, protocol]
    return queryCompatible === 1 ? [own, [service, 'awsQuery'], [service, 'rpcv2Cbor']] : [own]
  },
)

/** Member names of the service, so that values land in members of the wrong type. */
function names(service: ServiceName): fc.Arbitrary<string> {
  const found = new Set<string>()
  for (const { inputShape } of loadModel(service).operations.values()) {
    for (const [name, member] of Object.entries(inputShape.members)) found.add(member.json ?? name)
  }
  return fc.oneof(fc.constantFrom(...found), fc.string())
}

function values(name: fc.Arbitrary<string>): fc.Arbitrary<unknown> {
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { depthSize: 'medium' },
      fc.string(),
      fc.double(),
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
      fc.array(tie('value'), { maxLength: 4 }),
      fc.dictionary(name, tie('value'), { maxKeys: 6 }),
    ),
  }))
  return value
}

function bodies(service: ServiceName, protocol: Protocol): fc.Arbitrary<Buffer> {
  const name = names(service)
  const raw = fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes))
  const structured = fc.dictionary(name, values(name), { maxKeys: 8 })
  if (protocol === 'rpcv2Cbor') {
    return fc.oneof(
      raw,
      structured.map((value) => Buffer.from(encodeCbor(value))),
    )
  }
  if (protocol === 'awsQuery') {
    const key = fc.array(
      fc.oneof(name, fc.constantFrom('member', '1', '2', 'entry', 'key', 'value')),
      { maxLength: 6 },
    )
    const pair = fc.tuple(key, fc.string()).map(([path, text]) => `${path.join('.')}=${text}`)
    return fc.oneof(
      raw,
      fc.array(pair).map((pairs) => Buffer.from(pairs.join('&'))),
    )
  }
  if (protocol === 'restXml') {
    const piece = fc.oneof(
      name.map((tag) => `<${tag}>`),
      name.map((tag) => `</${tag}>`),
      fc.string(),
    )
    const nested = fc.array(name, { maxLength: 5 }).map(
      (tags) =>
        `${tags.map((tag) => `<${tag}>`).join('')}x${tags
          .toReversed()
          .map((tag) => `</${tag}>`)
          .join('')}`,
    )
    return fc.oneof(
      raw,
      fc.array(piece).map((pieces) => Buffer.from(pieces.join(''))),
      nested.map((text) => Buffer.from(`<Root>${text}</Root>`)),
    )
  }
  return fc.oneof(
    raw,
    structured.map((value) => Buffer.from(JSON.stringify(value))),
  )
}

describe('decodeInput() of garbage', () => {
  for (const [service, protocol] of spoken) {
    test(`${service} by ${protocol}`, () => {
      const operations = [...loadModel(service).operations.keys()]
      const header = fc.string({
        unit: fc.constantFrom('a', '1', ',', '"', '\\', ' ', '=', '\u00ff'),
      })
      fc.assert(
        fc.property(
          fc.constantFrom(...operations),
          bodies(service, protocol),
          header,
          (operation, body, text) => {
            decodeOne({ service, protocol, operation }, body, text)
          },
        ),
        { numRuns: 250, seed },
      )
    })
  }
})

function decodeOne(
  named: Pick<Identified, 'service' | 'protocol'> & { operation: string },
  body: Buffer,
  text: string,
): void {
  const { inputShape } = loadModel(named.service).operations.get(named.operation) ?? {}
  const members = Object.entries(inputShape?.members ?? {})
  const headers = Object.fromEntries(
    members.map(([name, member]) => [(member.name ?? name).toLowerCase(), text]),
  )
  const labels = Object.fromEntries(members.map(([name]) => [name, text]))
  const query = members
    .map(([, member]) => `${member.name ?? ''}=${encodeURIComponent(text)}`)
    .join('&')
  const request: WireRequest = { method: 'POST', target: `/?${query}`, headers, host: 'h' }
  const flags = { needsBody: false, streamsInput: false, isUnsigned: false, isHead: false }
  try {
    decodeInput({ ...named, ...flags, labels }, request, body)
  } catch (error) {
    assert.ok(error instanceof AwsError, String(error instanceof Error ? error.stack : error))
    assert.equal(error.status, 400)
    encodeError({ ...named, ...flags, labels }, error, 'r')
  }
}

test('identify() of garbage', () => {
  const part = fc.constantFrom(
    '2015-03-31',
    'functions',
    'f',
    'v2',
    'apis',
    'restapis',
    '%41',
    '%zz',
    '..',
    '',
    'service',
    'operation',
    'b',
  )
  const path = fc.array(part, { maxLength: 12 }).map((parts) => `/${parts.join('/')}`)
  const query = fc.oneof(
    fc.constant(''),
    fc.string(),
    fc.constantFrom('Action=ListRoles&Version=2010-05-08', 'uploads', 'List=ALL', '%', '&&&='),
  )
  const headers = fc.record(
    {
      'x-amz-target': fc.oneof(fc.string(), fc.constant('Logs_20140328.PutLogEvents')),
      'smithy-protocol': fc.constant('rpc-v2-cbor'),
      'content-type': fc.constantFrom('application/x-www-form-urlencoded', 'application/json'),
    },
    { requiredKeys: [] },
  )
  const scopes = fc.option(fc.constantFrom('lambda', 's3', 'iam', 'apigateway', 'ec2', 'sqs', ''), {
    nil: undefined,
  })
  fc.assert(
    fc.property(
      fc.record({
        method: fc.constantFrom('GET', 'POST', 'PUT', 'DELETE', 'HEAD', 'OPTIONS'),
        path,
        query,
        headers,
        host: fc.oneof(fc.string(), fc.constant('b.localhost')),
      }),
      scopes,
      fc.uint8Array(),
      (given, service, body) => {
        const request: WireRequest = {
          method: given.method,
          target: `${given.path}?${given.query}`,
          headers: given.headers as Record<string, string>,
          host: given.host,
        }
        const scope = service === undefined ? undefined : { service, region: 'us-east-1' }
        try {
          const early = identify(request, undefined, scope)
          const found =
            early?.needsBody === true ? identify(request, Buffer.from(body), scope) : early
          if (found === undefined) return
          if (found.operation === undefined)
            encodeError(found, unknownOperation(found, request), 'r')
          else decodeInput(found, request, Buffer.from(body))
        } catch (error) {
          assert.ok(error instanceof AwsError, String(error instanceof Error ? error.stack : error))
        }
      },
    ),
    { numRuns: 3000, seed },
  )
})
