import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { SiteRequest } from '../../../gateway/sites.ts'
import { toUrlEvent } from './function-url-event.ts'

const options = {
  urlId: 'x'.repeat(32),
  domainName: 'x.lambda-url.us-east-1.localhost',
  traceId: 'Root=1-0-0',
  nowMs: Date.parse('2020-03-12T19:03:58.390Z'),
}

function eventOf(request: Partial<SiteRequest>) {
  const whole: SiteRequest = {
    requestId: 'r',
    method: 'GET',
    target: '/',
    headers: {},
    body: [],
    sourceIp: '::ffff:10.0.0.1',
    port: 4566,
    caller: undefined,
    signal: new AbortController().signal,
    ...request,
  }
  return JSON.parse(toUrlEvent(whole, options)) as Record<string, unknown> & {
    body?: string
    headers: Record<string, string>
    requestContext: Record<string, unknown>
  }
}

test('toUrlEvent() passes text as text and everything else as base64', () => {
  const bodyOf = (type: string, body: Buffer) => {
    const headers = { 'content-type': type }
    const { body: got, isBase64Encoded } = eventOf({ method: 'POST', headers, body: [body] })
    return [got, isBase64Encoded]
  }
  const text = Buffer.from('ü')
  for (const type of [
    'text/plain',
    'text/html; charset=utf-8',
    'application/json',
    'application/xml',
    'application/javascript',
    'application/problem+json; x=y',
    'Application/SOAP+XML',
  ]) {
    assert.deepEqual(bodyOf(type, text), ['ü', false], type)
  }
  for (const type of [
    'application/x-www-form-urlencoded',
    'image/png',
    'multipart/form-data',
    '',
  ]) {
    assert.deepEqual(bodyOf(type, text), ['w7w=', true], type)
  }
  assert.deepEqual(bodyOf('text/plain', Buffer.of(0xff)), ['/w==', true])
  assert.deepEqual(eventOf({})['isBase64Encoded'], false)
})

test('toUrlEvent() says when and whence, and forwards no word of the client about itself', () => {
  const event = eventOf({
    headers: { 'x-forwarded-for': '6.6.6.6', 'x-forwarded-host': 'evil', connection: 'x' },
  })
  assert.partialDeepStrictEqual(event.requestContext, {
    time: '12/Mar/2020:19:03:58 +0000',
    timeEpoch: 1584039838390,
    http: { sourceIp: '10.0.0.1' },
  })
  assert.deepEqual(event.headers, {
    'x-amzn-trace-id': 'Root=1-0-0',
    'x-forwarded-for': '10.0.0.1',
    'x-forwarded-port': '4566',
    'x-forwarded-proto': 'http',
  })
})

test('toUrlEvent() takes any path, query, cookie and body', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary' }),
      fc.string({ unit: 'binary' }),
      fc.uint8Array(),
      fc.constantFrom('text/plain', 'application/json', 'x'),
      (target, cookie, body, type) => {
        const event = eventOf({
          target: `/${target}`,
          headers: { cookie, 'content-type': type },
          body: [body],
        })
        const query = target.indexOf('?')
        assert.equal(event['rawPath'], `/${query === -1 ? target : target.slice(0, query)}`)
        const got = Buffer.from(
          event.body ?? '',
          event['isBase64Encoded'] === true ? 'base64' : 'utf8',
        )
        assert.ok(got.equals(body))
      },
    ),
    { numRuns: 50 },
  )
})
