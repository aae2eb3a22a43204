import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isForeignPage } from './browser-guard.ts'

const host = '127.0.0.1:4566'

test('isForeignPage() lets programs and local pages pass', () => {
  for (const headers of [
    { host },
    { host: 'host.docker.internal:4566' },
    { host, 'accept-language': 'en' },
    { host: 'host.docker.internal:4566', 'accept-language': '*' },
    { host: 'lair:4566', 'accept-language': '*' },
    { host: '192.168.1.7:4566', 'accept-language': '*' },
    { host: 'lambda.us-east-1.amazonaws.com' },
    { host, referer: 'http://localhost:3000/page', 'accept-language': 'en' },
    { host, 'sec-fetch-site': 'none' },
    { host: 'localhost:4566', 'sec-fetch-site': 'same-origin' },
    { host, origin: 'http://localhost:3000', 'sec-fetch-site': 'cross-site' },
    { host: 'x.localhost', origin: 'https://[::1]' },
  ]) {
    assert.equal(isForeignPage(headers), false, JSON.stringify(headers))
  }
})

test('isForeignPage() refuses other sites, and names bound to loopback', () => {
  for (const headers of [
    { host, origin: 'https://evil.example' },
    { host, origin: 'null' },
    { host, origin: 'http://x.lambda-url.us-east-1.localhost:4566' },
    { host, referer: 'http://x.lambda-url.us-east-1.localhost:4566/' },
    { host, origin: 'http://localhost.evil.example' },
    { host, 'sec-fetch-site': 'cross-site' },
    { host, 'sec-fetch-site': 'same-site' },
    { host: 'evil.example:4566', origin: 'http://evil.example:4566' },
    { host: 'evil.example:4566', 'sec-fetch-site': 'same-origin' },
    { host: 'evil.example:4566', 'accept-language': 'en' },
    { host: '7.evil.example', 'accept-language': '' },
    { host: 'evil.example:4566', referer: 'http://evil.example:4566/' },
    { host, referer: 'https://evil.example/page' },
  ]) {
    assert.equal(isForeignPage(headers), true, JSON.stringify(headers))
  }
})
