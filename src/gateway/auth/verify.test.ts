import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { SignatureV4 } from '@smithy/signature-v4'
import type { HttpRequest } from '@smithy/types'
import fc from 'fast-check'
import { Sha256 } from '../../../test/support/sdk-hash.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Credential } from '../credentials.ts'
import { AuthFailure } from './auth-failure.ts'
import type { AuthFailureKind } from './auth-failure.ts'
import { readAuthorization } from './authorization.ts'
import type { SignedParts } from './canonical.ts'
import { createVerifier } from './verify.ts'

const nowMs = Date.UTC(2026, 10, 20, 12)
const exampleSecret = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY'
const known: Record<string, Credential> = {
  test: credential('test', 'test'),
  AKIAIOSFODNN7EXAMPLE: credential('AKIAIOSFODNN7EXAMPLE', exampleSecret),
  ASIASESSION: { ...credential('ASIASESSION', 's'), expiresAtMs: nowMs + 1000 },
  ASIAEXPIRED: { ...credential('ASIAEXPIRED', 's'), expiresAtMs: nowMs },
}

function credential(accessKeyId: string, secretAccessKey: string): Credential {
  return { accessKeyId, secretAccessKey, accountId: '000000000000', arn: 'arn' }
}

function verifierAt(atMs: number) {
  const clock: Clock = {
    nowMs: () => atMs,
    monotonicMs: () => atMs,
    after: () => ({ clear: () => {} }),
  }
  const credentials = {
    find: (id: string, token?: string) =>
      id.startsWith('ASIA') === (token !== undefined) ? known[id] : undefined,
    issueSession: () => assert.fail(),
    create: () => assert.fail(),
    isDefault: true,
  }
  return createVerifier({ credentials, clock })
}

function verify(parts: SignedParts, payload: string, atMs = nowMs) {
  const verifier = verifierAt(atMs)
  const authorization = readAuthorization(parts)
  assert.ok(authorization)
  return verifier.check(parts, verifier.admit(parts, authorization), payload)
}

function failure(run: () => unknown): AuthFailure {
  try {
    run()
  } catch (error) {
    if (error instanceof AuthFailure) return error
    throw error
  }
  return assert.fail('it was let in')
}

function assertKind(kind: AuthFailureKind, run: () => unknown): void {
  assert.equal(failure(run).kind, kind)
}

type Keys = { accessKeyId: string; secretAccessKey: string; sessionToken?: string }

function oracle(
  service: string,
  credentials: Keys = { accessKeyId: 'test', secretAccessKey: 'test' },
) {
  return new SignatureV4({
    credentials,
    region: 'us-east-1',
    service,
    sha256: Sha256,
    uriEscapePath: service !== 's3',
    applyChecksum: service === 's3',
  })
}

type Plain = {
  method: string
  path: string
  query?: Record<string, string | string[]>
  headers?: Record<string, string>
  body?: string
}

function httpRequest(plain: Plain): HttpRequest {
  const { method, path, query = {}, headers = {}, body } = plain
  return {
    protocol: 'http:',
    hostname: 'localhost',
    port: 4566,
    method,
    path,
    query,
    headers: { host: 'localhost:4566', ...headers },
    body,
  }
}

/** As the SDK escapes labels and queries. */
function escape(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}

/** As the SDK's request handler writes it. */
function toWire(request: Pick<HttpRequest, 'method' | 'path' | 'query' | 'headers'>): SignedParts {
  const pairs = Object.entries(request.query ?? {}).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value ?? '']).map((item) => `${escape(name)}=${escape(item)}`),
  )
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(request.headers)) {
    headers[name.toLowerCase()] = value.trim()
  }
  return {
    method: request.method,
    target: pairs.length > 0 ? `${request.path}?${pairs.join('&')}` : request.path,
    headers,
  }
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')
const signingDate = new Date(nowMs)

const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 })
/** The SDK's own objects lose a parameter of that name. */
const name = text.filter((value) => value !== '__proto__')
const segment = text.map(escape).filter((value) => !/^\.+$/.test(value))

test('check() agrees with the SDK on any request', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        service: fc.constantFrom('lambda', 'sqs', 's3'),
        method: fc.constantFrom('GET', 'POST', 'PUT', 'DELETE'),
        path: fc.array(segment, { maxLength: 4 }).map((parts) => `/${parts.join('/')}`),
        query: fc.dictionary(name, fc.oneof(text, fc.array(text, { minLength: 1, maxLength: 3 })), {
          maxKeys: 4,
        }),
        header: fc.string({ unit: fc.constantFrom('a', ' ', ':', '=', ','), maxLength: 12 }),
        body: fc.string(),
      }),
      async ({ service, method, path, query, header, body }) => {
        const request = httpRequest({
          method,
          path,
          query,
          headers: { 'x-amz-meta': header },
          body,
        })
        const signed = await oracle(service).sign(request, { signingDate })
        const parts = toWire(signed)
        verify(parts, sha256(body))
        assertKind('bad-signature', () => verify(parts, sha256(`${body}.`)))
        assertKind('bad-signature', () =>
          verify({ ...parts, target: `${parts.target}/more` }, sha256(body)),
        )
      },
    ),
    { numRuns: 150 },
  )
})

test('check() agrees with the SDK on presigned requests', async () => {
  for (const [service, payload] of [
    ['s3', 'UNSIGNED-PAYLOAD'],
    ['sts', sha256('')],
  ] as const) {
    const request = httpRequest({ method: 'GET', path: '/a%20b', query: { x: 'y z' } })
    if (service === 's3') request.headers['x-amz-content-sha256'] = payload
    const signer = oracle(service, {
      accessKeyId: 'ASIASESSION',
      secretAccessKey: 's',
      sessionToken: 't',
    })
    const signed = await signer.presign(request, { signingDate, expiresIn: 600 })
    const parts = { ...toWire(signed), headers: { host: 'localhost:4566' } }
    verify(parts, payload)
    const sent = parts.target
    assertKind('bad-signature', () =>
      verify({ ...parts, target: sent.replace('y%20z', 'z') }, payload),
    )
    assertKind('bad-signature', () => verify({ ...parts, method: 'PUT' }, payload))
  }
})

test('check() agrees with the examples AWS publishes for S3', () => {
  const at = Date.UTC(2013, 4, 24)
  const scope = 'AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request'
  const emptyHash = sha256('')
  verify(
    {
      method: 'GET',
      target: '/test.txt',
      headers: {
        host: 'examplebucket.s3.amazonaws.com',
        range: 'bytes=0-9',
        'x-amz-content-sha256': emptyHash,
        'x-amz-date': '20130524T000000Z',
        authorization: `AWS4-HMAC-SHA256 Credential=${scope},SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41`,
      },
    },
    emptyHash,
    at,
  )
  verify(
    {
      method: 'GET',
      target: `/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=${encodeURIComponent(scope)}&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404`,
      headers: { host: 'examplebucket.s3.amazonaws.com' },
    },
    'UNSIGNED-PAYLOAD',
    at,
  )
})

async function signedAt(atMs: number, service: string, keys?: Keys): Promise<SignedParts> {
  const request = httpRequest({ method: 'POST', path: '/', body: '' })
  return toWire(await oracle(service, keys).sign(request, { signingDate: new Date(atMs) }))
}

test('admit() takes five minutes of skew, S3 fifteen', async () => {
  const minute = 60_000
  for (const [service, minutes] of [
    ['lambda', 5],
    ['s3', 15],
  ] as const) {
    for (const sign of [-1, 1]) {
      verify(await signedAt(nowMs + sign * minutes * minute, service), sha256(''))
      const beyond = await signedAt(nowMs + sign * (minutes * minute + 1000), service)
      assertKind('skew', () => verify(beyond, sha256('')))
    }
  }
  const late = await signedAt(nowMs - 6 * minute, 'lambda')
  assert.equal(
    failure(() => verify(late, sha256(''))).message,
    'Signature expired: 20261120T115400Z is now earlier than 20261120T115500Z (20261120T120000Z - 5 min.)',
  )
  const early = await signedAt(nowMs + 6 * minute, 'lambda')
  assert.equal(
    failure(() => verify(early, sha256(''))).message,
    'Signature not yet current: 20261120T120600Z is still later than 20261120T120500Z (20261120T120000Z + 5 min.)',
  )
})

test('admit() lets presigned requests live as long as they say', async () => {
  for (const service of ['s3', 'sts']) {
    const request = httpRequest({ method: 'GET', path: '/k' })
    if (service === 's3') request.headers['x-amz-content-sha256'] = 'UNSIGNED-PAYLOAD'
    const signed = await oracle(service).presign(request, { signingDate, expiresIn: 3600 })
    const parts = { ...toWire(signed), headers: { host: 'localhost:4566' } }
    const payload = service === 's3' ? 'UNSIGNED-PAYLOAD' : sha256('')
    verify(parts, payload, nowMs + 3_600_000)
    const kind = service === 's3' ? 'presign-expired' : 'skew'
    assertKind(kind, () => verify(parts, payload, nowMs + 3_601_000))
    assertKind(kind, () => verify(parts, payload, nowMs - 3_600_000))
  }
})

test('admit() knows unknown keys from bad and expired tokens', async () => {
  const keys = { accessKeyId: 'ASIASESSION', secretAccessKey: 's' }
  verify(await signedAt(nowMs, 'lambda', { ...keys, sessionToken: 't' }), sha256(''))
  const cases = [
    ['unknown-key', { accessKeyId: 'AKIA', secretAccessKey: 's' }],
    ['unknown-key', keys],
    ['bad-token', { accessKeyId: 'test', secretAccessKey: 'test', sessionToken: 't' }],
    ['expired-token', { ...keys, accessKeyId: 'ASIAEXPIRED', sessionToken: 't' }],
    ['bad-signature', { accessKeyId: 'test', secretAccessKey: 'no' }],
  ] as const
  for (const [kind, given] of cases) {
    const parts = await signedAt(nowMs, 'lambda', given)
    assertKind(kind, () => verify(parts, sha256('')))
  }
})

test('admit() wants the host, the target and S3 headers to be signed', async () => {
  const parts = await signedAt(nowMs, 's3')
  const withHeader = (name: string) => ({
    ...parts,
    headers: { ...parts.headers, [name]: 'x' },
  })
  assertKind('unsigned-headers', () => verify(withHeader('x-amz-acl'), sha256('')))
  assertKind('unsigned-headers', () => verify(withHeader('x-amz-target'), sha256('')))
  const authorization = parts.headers['authorization']?.replace('=host;', '=') ?? ''
  const withoutHost = { ...parts, headers: { ...parts.headers, authorization } }
  assertKind('unsigned-headers', () => verify(withoutHost, sha256('')))
})

test('admit() wants the scope to be of the same day', async () => {
  const parts = await signedAt(nowMs, 'lambda')
  const authorization = parts.headers['authorization']?.replace('/20261120/', '/20261119/') ?? ''
  const moved = { ...parts, headers: { ...parts.headers, authorization } }
  assert.equal(
    failure(() => verify(moved, sha256(''))).message,
    "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '20261119' != '20261120', from '20261120T120000Z'.",
  )
})
