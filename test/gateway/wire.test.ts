/** The gateway byte by byte: what clients do that no SDK would. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { gatewayLimits, limits } from '../../src/config.ts'
import { startTestServer, Wire } from './support/server.ts'
import type { TestServer, WireAnswer } from './support/server.ts'
import { signedInvoke, signedRequest } from './support/sign.ts'

let server: TestServer
before(async () => {
  server = await startTestServer()
})
after(() => server[Symbol.asyncDispose]())

const listFunctions = { method: 'GET', target: '/2015-03-31/functions' }

async function exchange(...requests: (string | Uint8Array)[]): Promise<readonly WireAnswer[]> {
  await using wire = await Wire.open(server.gateway)
  for (const request of requests) wire.send(request)
  return await wire.responses(requests.length)
}

function header(answer: WireAnswer | undefined, name: string): readonly string[] {
  return answer?.headers.get(name) ?? []
}

test('every answer has one Date and one request id, in both lanes', async () => {
  const { gateway } = server
  const answers = await exchange(
    await signedInvoke(gateway, 'echo'),
    await signedInvoke(gateway, 'nope'),
    await signedInvoke(gateway, 'header'),
    await signedRequest(gateway, listFunctions),
    await signedInvoke(gateway, 'echo'),
    'GET /x HTTP/1.1\r\nHost: x\r\n\r\n',
  )
  assert.deepEqual(
    answers.map(({ status }) => status),
    [200, 404, 202, 200, 200, 403],
  )
  for (const answer of answers) {
    assert.equal(header(answer, 'date').length, 1)
    assert.ok(Math.abs(Date.parse(header(answer, 'date')[0] ?? '') - Date.now()) < 5000)
    const ids = [...header(answer, 'x-amzn-requestid'), ...header(answer, 'x-amz-request-id')]
    assert.equal(ids.length, 1)
  }
  assert.deepEqual(header(answers[2], 'x-text'), ['a??Evil: 1'])
  assert.deepEqual(header(answers[5], 'x-amz-id-2').length, 1)
})

test('a connection answers pipelined requests in order, whatever lane they take', async () => {
  const { gateway } = server
  const requests: string[] = []
  for (let count = 0; count < 60; count += 1) {
    const body = JSON.stringify({ count, fill: 'x'.repeat(count * 40) })
    requests.push(await signedInvoke(gateway, 'echo', body))
    if (count === 40) requests.push(await signedRequest(gateway, listFunctions))
  }
  await using wire = await Wire.open(gateway)
  wire.send(requests.join(''))
  const answers = await wire.responses(requests.length)
  assert.ok(answers.every(({ status }) => status === 200))
  const counts = answers
    .filter(({ body }) => body.startsWith('{"count"'))
    .map(({ body }) => JSON.parse(body).count)
  assert.deepEqual(
    counts,
    counts.map((_, index) => index),
  )
  assert.equal(counts.length, 60)
})

test('a connection that pipelines too much beside the fast lane is cut', async () => {
  const request = 'GET /_lair/health HTTP/1.1\r\nHost: x\r\n\r\n'
  await using wire = await Wire.open(server.gateway)
  wire.send(request.repeat(500))
  await wire.closed()
})

test('requests may come in any pieces', async () => {
  const { gateway } = server
  const body = JSON.stringify('y'.repeat(3000))
  const requests = [
    await signedInvoke(gateway, 'echo', body),
    await signedRequest(gateway, listFunctions),
    await signedInvoke(gateway, 'echo', body),
  ]
  for (const sizes of [[1], [200], [1000], [1460, 3]]) {
    await using wire = await Wire.open(gateway)
    let answered = 0
    for (const request of requests) {
      const bytes = Buffer.from(request, 'latin1')
      const size = sizes[0] === 1 ? 97 : (sizes[0] ?? 1)
      for (let at = 0; at < bytes.length; at += size) {
        wire.send(bytes.subarray(at, at + size))
        await new Promise((resolve) => setImmediate(resolve))
      }
      answered += 1
      await wire.responses(answered)
    }
    const answers = await wire.responses(3)
    assert.deepEqual(
      answers.map(({ status }) => status),
      [200, 200, 200],
    )
    assert.equal(answers[2]?.body, body)
  }
})

test('a large payload passes both ways, in both lanes', async () => {
  const { gateway } = server
  const body = JSON.stringify('z'.repeat(6_000_000))
  for (const headers of [{}, { origin: 'http://localhost' }]) {
    const [answer] = await exchange(await signedInvoke(gateway, 'echo', body, headers))
    assert.equal(answer?.status, 200)
    assert.equal(answer?.body.length, body.length)
    const [large] = await exchange(await signedInvoke(gateway, 'large', '{}', headers))
    assert.equal(large?.body.length, 6_000_000)
  }
})

test('Invoke refuses a payload over its limit without keeping it', async () => {
  const { gateway } = server
  const size = 6 * 1024 * 1024 + 101
  for (const expect of ['', 'Expect: 100-continue\r\n']) {
    await using wire = await Wire.open(gateway)
    const signed = await signedInvoke(gateway, 'echo', '')
    const request = signed.replace('content-length: 0\r\n', `Content-Length: ${size}\r\n${expect}`)
    wire.send(request)
    const [early] = await wire.responses(1)
    assert.equal(early?.status, 413)
    assert.deepEqual(header(early, 'x-amzn-errortype'), ['RequestTooLargeException'])
    assert.equal(
      JSON.parse(early?.body ?? '').message,
      'Request must be smaller than 6291456 bytes for the InvokeFunction operation',
    )
    assert.deepEqual(header(early, 'connection'), ['close'])
    if (expect === '') wire.send(Buffer.alloc(size))
    await wire.closed()
  }
})

test('a stranger is refused before the body has come, in both lanes', async () => {
  const { gateway } = server
  for (const headers of [{}, { origin: 'http://localhost' }]) {
    await using wire = await Wire.open(gateway)
    const signed = await signedInvoke(gateway, 'echo', 'x'.repeat(100_000), headers)
    wire.send(signed.replace('Credential=test', 'Credential=nobody').slice(0, -1))
    const [answer] = await wire.responses(1)
    assert.deepEqual(header(answer, 'x-amzn-errortype'), ['UnrecognizedClientException'])
    assert.deepEqual(header(answer, 'connection'), ['close'])
    wire.send('x')
    await wire.closed()
  }
  const [small, next] = await exchange(
    (await signedInvoke(gateway, 'echo')).replace('Credential=test', 'Credential=nobody'),
    await signedInvoke(gateway, 'echo'),
  )
  assert.deepEqual([small?.status, next?.status], [403, 200])
})

test('bodies that are on their way have a limit together, in both lanes', async () => {
  await using small = await startTestServer({ maxBytesInFlight: 300_000 })
  const { gateway } = small
  const body = JSON.stringify('x'.repeat(200_000))
  for (const headers of [{}, { origin: 'http://localhost' }]) {
    const signed = await signedInvoke(gateway, 'echo', body, headers)
    await using first = await Wire.open(gateway)
    first.send(signed.slice(0, -1))
    await new Promise((resolve) => setTimeout(resolve, 50))
    await using second = await Wire.open(gateway)
    second.send(signed.slice(0, -1))
    const [refused] = await second.responses(1)
    assert.equal(refused?.status, 503)
    first.send(signed.slice(-1))
    assert.equal((await first.responses(1))[0]?.status, 200)
    await using third = await Wire.open(gateway)
    third.send(signed)
    assert.equal((await third.responses(1))[0]?.status, 200)
  }
})

test('a body beyond every limit is refused by its length, and by its bytes', async () => {
  const { gateway } = server
  const target = '/2015-03-31/functions'
  const signed = await signedRequest(gateway, { target, isBare: true })
  const tooLong = signed.replace(
    '\r\n\r\n',
    `\r\nContent-Length: ${limits.maxBodyBytes + 1}\r\n\r\n`,
  )
  assert.equal((await exchange(tooLong))[0]?.status, 413)
  const form = 'Content-Type: application/x-www-form-urlencoded\r\n'
  await using wire = await Wire.open(gateway)
  wire.send(`POST / HTTP/1.1\r\nHost: x\r\n${form}Transfer-Encoding: chunked\r\n\r\n`)
  for (let count = 0; count < 20; count += 1) wire.send(`10000\r\n${'a'.repeat(65_536)}\r\n`)
  wire.send('0\r\n\r\n')
  assert.equal((await wire.responses(1))[0]?.status, 413)
})

test('Expect: 100-continue is answered when the body is wanted', async () => {
  const { gateway } = server
  await using wire = await Wire.open(gateway)
  const signed = await signedInvoke(gateway, 'echo', '{"a":1}', { expect: '100-continue' })
  wire.send(signed.slice(0, -7))
  assert.match(await wire.until((text) => text.includes('\r\n\r\n')), /^HTTP\/1.1 100 Continue\r\n/)
  wire.send('{"a":1}')
  assert.equal((await wire.responses(1))[0]?.body, '{"a":1}')
})

test('Expect: 100-continue is not answered when the caller is unknown', async () => {
  const { gateway } = server
  const signed = await signedInvoke(gateway, 'echo', '{"a":1}', { expect: '100-continue' })
  await using wire = await Wire.open(gateway)
  wire.send(signed.slice(0, -7).replace('Credential=test', 'Credential=nobody'))
  const [answer] = await wire.responses(1)
  assert.deepEqual(header(answer, 'x-amzn-errortype'), ['UnrecognizedClientException'])
  assert.ok(!(await wire.closed()).includes('100 Continue'))
})

test('HEAD has a length and no body', async () => {
  const { gateway } = server
  const s3Head = { method: 'HEAD', target: '/bucket/key', service: 's3' }
  await using wire = await Wire.open(gateway)
  wire.send(await signedRequest(gateway, s3Head))
  const object = await wire.until((text) => text.includes('\r\n\r\n'))
  assert.match(object, /^HTTP\/1.1 200 OK\r\n(?:.*\r\n)*Content-Length: 12\r\n/i)
  wire.send('HEAD /_lair/health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
  const health = (await wire.closed()).slice(object.length)
  assert.match(health, /^HTTP\/1.1 200 OK\r\n/)
  assert.ok(health.endsWith('\r\n\r\n'))
})

test('gzip bodies are unpacked, bombs are not', async () => {
  const send = async (packed: Buffer) => {
    const signed = await signedRequest(server.gateway, {
      target: '/',
      headers: {
        'content-type': 'application/x-amz-json-1.1',
        'content-encoding': 'gzip',
        'x-amz-target': 'Logs_20140328.DescribeLogGroups',
      },
      service: 'logs',
      body: packed.toString('latin1'),
    })
    return (await exchange(signed))[0]
  }
  const answer = await send(gzipSync('{"logGroupNamePrefix":"zipped"}'))
  assert.deepEqual(JSON.parse(answer?.body ?? ''), { logGroups: [{ logGroupName: 'zipped' }] })
  assert.equal((await send(gzipSync(Buffer.alloc(limits.maxBodyBytes + 1))))?.status, 413)
  assert.equal((await send(Buffer.from('no gzip')))?.status, 400)
})

test('local routes need no signature', async () => {
  const { endpoint } = server.gateway
  const health = await fetch(`${endpoint}/_lair/health`)
  assert.equal(health.status, 200)
  assert.equal(((await health.json()) as { status: string }).status, 'ok')
  const version = await fetch(`${endpoint}/_lair/version`)
  assert.equal(((await version.json()) as { name: string }).name, 'lair')
  assert.equal((await fetch(`${endpoint}/_lair/nothing`)).status, 404)
  assert.equal((await fetch(`${endpoint}/_lair/health`, { method: 'DELETE' })).status, 405)
})

test('pages of other sites are refused while everybody knows the secret', async () => {
  const { gateway } = server
  const foreign = { origin: 'https://evil.example' }
  const [invoke] = await exchange(await signedInvoke(gateway, 'echo', '{}', foreign))
  assert.equal(invoke?.status, 403)
  const local = await exchange(
    'GET /_lair/health HTTP/1.1\r\nHost: evil.example\r\nSec-Fetch-Site: same-origin\r\n\r\n',
  )
  assert.equal(local[0]?.status, 403)
})

test('a client that leaves aborts what it asked for', async () => {
  const { gateway, seen } = server
  for (const headers of [{}, { origin: 'http://localhost' }]) {
    for (const leave of ['destroy', 'end'] as const) {
      const abortedCount = seen.aborted.length
      await using wire = await Wire.open(gateway)
      wire.send(await signedInvoke(gateway, 'forever', '{}', headers))
      wire.send('')
      await new Promise((resolve) => setTimeout(resolve, 30))
      wire.socket[leave]()
      while (seen.aborted.length === abortedCount)
        await new Promise((resolve) => setImmediate(resolve))
    }
  }
})

test('what is no HTTP gets 400, what is odd gets an answer of its own', async () => {
  for (const [bytes, status] of [
    ['\x16\x03\x01\x02\x00\x01', 400],
    ['GET\r\n\r\n', 400],
    ['POST /2015-03-31/functions/f/invocations HTTP/1.1\r\nbad header\r\n\r\n', 400],
    ['POST /2015-03-31/functions/f/invocations HTTP/1.1\r\n\r\n', 400],
    ['POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n', 400],
    ['POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab', 400],
    ['POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n', 400],
    ['GET http://x/ HTTP/1.1\r\nHost: x\r\n\r\n', 400],
    [`GET /${'a'.repeat(gatewayLimits.maxHeaderBytes)} HTTP/1.1\r\n`, 431],
    [
      `POST /2015-03-31/functions/f/invocations HTTP/1.1\r\nX: ${'a'.repeat(gatewayLimits.maxHeaderBytes)}`,
      431,
    ],
  ] as const) {
    await using wire = await Wire.open(server.gateway)
    wire.send(bytes)
    const received = await wire.until((text) => text.includes('\r\n\r\n'))
    assert.equal(Number(received.split(' ')[1]), status, JSON.stringify(bytes.slice(0, 80)))
  }
})

test('unsigned and wrongly scoped requests are told so', async () => {
  const { gateway } = server
  const target = '/2015-03-31/functions/echo/invocations'
  const unsigned = `POST ${target} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n`
  const [missing] = await exchange(unsigned)
  assert.equal(missing?.status, 403)
  assert.equal(JSON.parse(missing?.body ?? '').message, 'Missing Authentication Token')
  const scoped = await signedRequest(gateway, {
    target: '/',
    service: 'sqs',
    headers: { 'x-amz-target': 'Logs_20140328.DescribeLogGroups' },
  })
  const [wrong] = await exchange(scoped)
  assert.equal(wrong?.status, 400)
  assert.match(wrong?.body ?? '', /Credential should be scoped to correct service: 'logs'/)
})
