import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { TelemetryApiName } from '../telemetry/subscription.ts'
import { parseSubscription } from './parse.ts'
import { SubscriptionProblem } from './problem.ts'

const http = { protocol: 'HTTP', URI: 'http://sandbox.localdomain:8080/path?a=b' }
const usual = { schemaVersion: '2022-12-13', types: ['platform'], destination: http }

function parse(value: unknown, api: TelemetryApiName = 'telemetry') {
  return parseSubscription(Buffer.from(JSON.stringify(value)), api, [4567])
}

/** What is said about a subscription that differs from a good one in this. */
function problemOf(changes: object, api: TelemetryApiName = 'telemetry'): string {
  try {
    parse({ ...usual, ...changes }, api)
    return 'none'
  } catch (error) {
    assert.ok(error instanceof SubscriptionProblem)
    return `${error.kind}: ${error.message}`
  }
}

describe('parseSubscription()', () => {
  test('reads what AWS documents, with AWS defaults', () => {
    assert.deepEqual(parse(usual), {
      api: 'telemetry',
      schemaVersion: '2022-12-13',
      types: ['platform'],
      buffering: { maxBytes: 262_144, maxItems: 10_000, timeoutMs: 1000 },
      destination: { protocol: 'HTTP', port: 8080, path: '/path?a=b', method: 'POST' },
    })
    const logs = {
      types: ['extension', 'function'],
      buffering: { maxItems: 1000, maxBytes: 1_048_576, timeoutMs: 25 },
      destination: { protocol: 'TCP', port: 9999 },
    }
    assert.deepEqual(parse(logs, 'logs'), { api: 'logs', schemaVersion: '2020-08-15', ...logs })
    const plain = { protocol: 'HTTP', URI: 'HTTP://sandbox:80', method: 'PUT', encoding: 'JSON' }
    assert.deepEqual(parse({ ...usual, destination: plain }).destination, {
      protocol: 'HTTP',
      port: 80,
      path: '/',
      method: 'PUT',
    })
  })

  test('says all that is wrong with values, in one text', () => {
    const destination = { protocol: 'HTTP', URI: 'http://sandbox.localdomain' }
    assert.equal(
      problemOf({ types: [], destination }),
      'ValidationError: types should not be empty; URI port is not provided',
    )
    assert.equal(
      problemOf({ buffering: { maxItems: 1, maxBytes: 2 ** 30, timeoutMs: 24 } }),
      'ValidationError: maxBytes should be between 262144 and 1048576; ' +
        'maxItems should be between 1000 and 10000; timeoutMs should be between 25 and 30000',
    )
    assert.equal(
      problemOf({ schemaVersion: '2021-03-18' }),
      'ValidationError: TelemetryAPI only supports the SchemaVersion released after 2021-03-18',
    )
    assert.equal(
      problemOf({}, 'logs'),
      'ValidationError: LogsAPI only supports the following SchemaVersion: 2020-08-15, 2021-03-18',
    )
    assert.equal(
      problemOf({ types: ['platform', 'platform'] }),
      'ValidationError: types should be unique',
    )
  })

  test('says the first thing that is wrong with the form', () => {
    for (const [changes, problem] of [
      [
        { name: 'x' },
        'unknown field `name`, expected one of `schemaVersion`, `types`, `buffering`, `destination`',
      ],
      [{ destination: undefined }, 'missing field `destination`'],
      [{ destination: {} }, 'missing field `protocol`'],
      [{ destination: { protocol: 'HTTP' } }, 'missing field `URI`'],
      [{ destination: { protocol: 'TCP' } }, 'missing field `port`'],
      [{ destination: { protocol: 'UDP' } }, 'unknown variant `UDP`, expected `HTTP` or `TCP`'],
      [
        { types: ['metrics'] },
        'unknown variant `metrics`, expected one of `platform`, `function`, `extension`',
      ],
      [{ buffering: { maxItems: '1' } }, 'invalid type for `maxItems`, expected u64'],
    ] as const) {
      assert.equal(problemOf(changes), `DeserializationError: ${problem}`)
    }
  })

  test('lets nothing out of the loopback of the environment', () => {
    const uri = (URI: string) => problemOf({ destination: { protocol: 'HTTP', URI } })
    for (const host of [
      '127.0.0.1',
      'localhost',
      '169.254.169.254',
      'sandbox.localdomain.evil.com',
      'example.com',
      '',
    ]) {
      assert.equal(
        uri(`http://${host}:80/`),
        "AccessDenied: Only 'sandbox.localdomain' hostname is supported.",
        host,
      )
    }
    assert.equal(uri('https://sandbox:80/'), "AccessDenied: Only 'http' scheme is supported.")
    for (const text of [
      'http://sandbox@example.com:80/',
      'http://sandbox:80@example.com/',
      'http://sandbox:80/\r\nX: y',
      'http://sandbox:80/ x',
      'http://sandbox:80/#x',
      'http://[::1]:80/',
      'http://sandbox:80x/',
      'sandbox:80',
      `http://sandbox:80/${'x'.repeat(3000)}`,
    ]) {
      assert.equal(uri(text), 'ValidationError: URI is not valid', text)
    }
    const isReserved = (port: number) => `ValidationError: port ${port} is reserved`
    assert.equal(uri('http://sandbox:9001/'), isReserved(9001))
    assert.equal(problemOf({ destination: { protocol: 'TCP', port: 4567 } }), isReserved(4567))
    for (const port of [0, -1, 65_536]) {
      assert.equal(
        problemOf({ destination: { protocol: 'TCP', port } }),
        'ValidationError: port should be between 1 and 65535',
      )
    }
  })

  test('of any bytes gives a subscription or a SubscriptionProblem', () => {
    const member = <Value>(known: Value) => fc.oneof(fc.constant(known), fc.jsonValue())
    const nearly = fc
      .record(
        {
          schemaVersion: member('2022-12-13'),
          types: fc.oneof(fc.array(member('platform')), fc.jsonValue()),
          buffering: fc.oneof(
            fc.record({ maxItems: member(1000), maxBytes: member(262_144), timeoutMs: member(25) }),
            fc.jsonValue(),
          ),
          destination: fc.oneof(
            fc.record({
              protocol: fc.constantFrom('HTTP', 'TCP'),
              URI: fc.oneof(
                fc.webUrl(),
                fc.string().map((text) => `http://sandbox:8080/${text}`),
              ),
              port: member(1),
            }),
            fc.jsonValue(),
          ),
        },
        { requiredKeys: [] },
      )
      .map((value) => Buffer.from(JSON.stringify(value)))
    const bytes = fc.uint8Array().map((array) => Buffer.from(array))
    fc.assert(
      fc.property(
        fc.oneof(nearly, bytes),
        fc.constantFrom<TelemetryApiName>('telemetry', 'logs'),
        (body, api) => {
          try {
            const { destination } = parseSubscription(body, api, [])
            assert.ok(destination.port >= 1 && destination.port <= 65_535)
            if (destination.protocol === 'HTTP') assert.match(destination.path, /^\/[!-~]*$/)
          } catch (error) {
            assert.ok(error instanceof SubscriptionProblem, String(error))
          }
        },
      ),
      { numRuns: 1000 },
    )
  })
})
