import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { AuthFailure } from './auth-failure.ts'
import type { AuthFailureKind } from './auth-failure.ts'
import { formatTimestamp, parseTimestamp, readAuthorization } from './authorization.ts'

const signature = 'a'.repeat(64)
const credential = 'AKID/20261120/us-east-1/lambda/aws4_request'
const good = `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=host;x-amz-date, Signature=${signature}`
const date = { 'x-amz-date': '20261120T120000Z' }

const read = (headers: Record<string, string>, target = '/') =>
  readAuthorization({ method: 'GET', target, headers })

function assertFails(kind: AuthFailureKind, message: RegExp, run: () => unknown): void {
  assert.throws(run, (error) => {
    assert.ok(error instanceof AuthFailure)
    assert.equal(error.kind, kind)
    assert.match(error.message, message)
    return true
  })
}

test('readAuthorization() reads the header', () => {
  assert.deepEqual(read({ authorization: good, ...date, 'x-amz-security-token': 't' }), {
    kind: 'header',
    accessKeyId: 'AKID',
    scope: { date: '20261120', region: 'us-east-1', service: 'lambda' },
    signedHeaders: ['host', 'x-amz-date'],
    signature,
    timestamp: '20261120T120000Z',
    signedAtMs: Date.UTC(2026, 10, 20, 12),
    expiresMs: undefined,
    sessionToken: 't',
  })
  const byDate = read({ authorization: good, date: 'Fri, 20 Nov 2026 12:00:00 GMT' })
  assert.equal(byDate?.timestamp, '20261120T120000Z')
})

test('readAuthorization() finds nothing where nothing is', () => {
  assert.equal(read({}), undefined)
  assert.equal(read({}, '/?X-Amz-Meta=1&Action=x'), undefined)
})

test('readAuthorization() says what is wrong with a header', () => {
  const cases = [
    ['incomplete', /requires 'Credential' parameter.*'Signature' .*'SignedHeaders'/, 'Basic eDp5'],
    ['incomplete', /requires 'Signature' parameter/, `AWS4-HMAC-SHA256 Credential=${credential}`],
    ['incomplete', /'x' not a valid key=value pair \(missing equal-sign\)/, 'AWS4-HMAC-SHA256 x'],
    ['incomplete', /exactly 5 slash-delimited elements/, good.replace('/lambda', '')],
    ['incomplete', /terminator: 'aws4_request', not 'aws5'/, good.replace('aws4_request', 'aws5')],
    ['incomplete', /Signature must be 64/, good.slice(0, -1)],
    ['incomplete', /SignedHeaders is malformed/, good.replace('host;', 'ho st;')],
    ['scope', /valid date, region and service/, good.replace('us-east-1', 'US_EAST')],
    ['unsupported', /'SigV2'/, 'AWS AKID:abc'],
    ['unsupported', /AWS4-ECDSA-P256-SHA256/, good.replace('HMAC', 'ECDSA-P256')],
  ] as const
  for (const [kind, message, authorization] of cases) {
    assertFails(kind, message, () => read({ authorization, ...date }))
  }
  assertFails('incomplete', /'X-Amz-Date' or a 'Date' header/, () => read({ authorization: good }))
  assertFails('incomplete', /ISO-8601 'basic format'. Got '2026'/, () =>
    read({ authorization: good, 'x-amz-date': '2026' }),
  )
})

test('readAuthorization() repeats no password', () => {
  assert.throws(
    () => read({ authorization: 'Basic c2VjcmV0' }),
    (error) => error instanceof AuthFailure && !error.message.includes('c2VjcmV0'),
  )
})

test('readAuthorization() reads and refuses queries', () => {
  const query = (fields: Record<string, string>) =>
    `/?${new URLSearchParams({
      'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
      'X-Amz-Credential': credential,
      'X-Amz-Date': '20261120T120000Z',
      'X-Amz-Expires': '60',
      'X-Amz-SignedHeaders': 'host',
      'X-Amz-Signature': signature,
      ...fields,
    }).toString()}`
  assert.equal(read({}, query({}))?.expiresMs, 60_000)
  assert.equal(read({}, query({}))?.kind, 'query')
  const cases = [
    [{ 'X-Amz-Expires': 'x' }, /should be a number/],
    [{ 'X-Amz-Expires': '-1' }, /non-negative/],
    [{ 'X-Amz-Expires': '604801' }, /less than a week/],
    [{ 'X-Amz-Credential': '' }, /Query-string authentication version 4 requires/],
    [{ 'X-Amz-Date': '20261320T120000Z' }, /basic format/],
  ] as const
  for (const [fields, message] of cases) {
    assertFails('incomplete-query', message, () => read({}, query(fields)))
  }
  const v2 = '/b/k?AWSAccessKeyId=AKID&Signature=x%3D&Expires=1'
  assertFails('unsupported', /SigV2/, () => read({}, v2))
})

test('parseTimestamp() is the inverse of formatTimestamp()', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 4_102_444_800 }), (seconds) => {
      assert.equal(parseTimestamp(formatTimestamp(seconds * 1000)), seconds * 1000)
    }),
  )
  for (const wrong of ['20260230T000000Z', '20261120T240000Z', '20261120T120000', '']) {
    assert.equal(parseTimestamp(wrong), undefined)
  }
})

test('readAuthorization() on any header and query answers or throws AuthFailure', () => {
  const piece = fc.oneof(
    fc.string(),
    fc.constantFrom('AWS4-HMAC-SHA256 ', 'Credential=', credential, ',', 'Signature=', signature),
    fc.constantFrom('X-Amz-Signature=', '&', 'X-Amz-Credential=', '%', 'X-Amz-Date=', '='),
  )
  const words = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(''))
  fc.assert(
    fc.property(words, words, fc.boolean(), (authorization, query, hasHeader) => {
      try {
        read(hasHeader ? { authorization, ...date } : {}, `/?X-Amz-${query}`)
      } catch (error) {
        assert.ok(error instanceof AuthFailure)
      }
    }),
  )
})
