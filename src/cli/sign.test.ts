import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SignatureV4 } from '@smithy/signature-v4'
import { Sha256 } from '../../test/support/sdk-hash.ts'
import { signRequest } from './sign.ts'

test('signRequest() signs as the SDK does', async () => {
  const nowMs = Date.UTC(2026, 10, 20, 12)
  const credentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret' }
  const oracle = new SignatureV4({
    service: 'lambda',
    region: 'us-east-1',
    credentials,
    sha256: Sha256,
  })
  for (const target of [
    '/',
    '/2015-03-31/functions/a%3Ab/invocations?Qualifier=1&A=x%20y',
    "/a(b)!'*~?z=%2F",
  ]) {
    const url = new URL(`http://127.0.0.1:4566${target}`)
    const body = Buffer.from('{"a":1}')
    const headers = { host: url.host, 'content-type': 'application/json' }
    const common = { method: 'POST', headers, body }
    const signed = await oracle.sign(
      {
        ...common,
        protocol: 'http:',
        hostname: url.hostname,
        port: 4566,
        path: url.pathname,
        query: Object.fromEntries(url.searchParams),
      },
      { signingDate: new Date(nowMs) },
    )
    const own = signRequest({
      ...common,
      url,
      service: 'lambda',
      region: 'us-east-1',
      nowMs,
      ...credentials,
    })
    assert.equal(own['authorization'], signed.headers['authorization'], target)
  }
})
