/** What function URLs answer: real requests, real functions, and requests of those who mean no good. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { text } from 'node:stream/consumers'
import {
  AddPermissionCommand,
  CreateFunctionCommand,
  CreateFunctionUrlConfigCommand,
  DeleteFunctionConcurrencyCommand,
  PutFunctionConcurrencyCommand,
  RemovePermissionCommand,
  type CreateFunctionUrlConfigCommandInput,
} from '@aws-sdk/client-lambda'
import { openServer } from '../../support/in-process.ts'
import { sourceFolder } from '../../support/programs.ts'
import { RawConnection, requestBytes } from '../../support/raw-http.ts'
import { signed } from '../../support/sigv4.ts'
import { zipOf } from '../../support/zip.ts'
import { role } from './harness.ts'

const { server, client, close } = await openServer()

after(close)

/** A function with a URL. @returns host name of the URL */
async function deploy(
  FunctionName: string,
  handler: 'echo' | 'stream',
  url: Partial<CreateFunctionUrlConfigCommandInput> = {},
): Promise<string> {
  const source = readFileSync(join(sourceFolder, 'url-node/index.mjs'))
  await client.send(
    new CreateFunctionCommand({
      FunctionName,
      Runtime: 'nodejs24.x',
      Handler: `index.${handler}`,
      Role: role,
      Timeout: 10,
      Code: { ZipFile: await zipOf({ 'index.mjs': source }) },
    }),
  )
  const { FunctionUrl = '' } = await client.send(
    new CreateFunctionUrlConfigCommand({ FunctionName, AuthType: 'NONE', ...url }),
  )
  for (const [StatementId, Action] of [
    ['url', 'lambda:InvokeFunctionUrl'],
    ['run', 'lambda:InvokeFunction'],
  ]) {
    if (url.AuthType === 'AWS_IAM') continue
    await client.send(
      new AddPermissionCommand({ FunctionName, StatementId, Action, Principal: '*' }),
    )
  }
  return new URL(FunctionUrl).host
}

type Asked = {
  method?: string
  headers?: Record<string, string | string[]>
  body?: string | Buffer
}

/** Ask the server for `target` of `host`, whatever a URL parser would make of either. */
async function ask(
  host: string,
  target: string,
  { method = 'GET', headers = {}, body }: Asked = {},
) {
  const { promise, resolve, reject } = Promise.withResolvers<{
    status: number | undefined
    headers: NodeJS.Dict<string | string[]>
    body: string
  }>()
  const sent = request(
    { port: server.port, host: '127.0.0.1', path: target, method, headers: { host, ...headers } },
    (response) => {
      text(response).then(
        (got) => resolve({ status: response.statusCode, headers: response.headers, body: got }),
        reject,
      )
    },
  )
  sent.on('error', reject)
  sent.end(body)
  return promise
}

type UrlEvent = {
  headers: Record<string, string>
  requestContext: Record<string, unknown>
} & Record<string, unknown>

test('the event has payload format 2.0, members in the order of AWS', async () => {
  const host = await deploy('echo', 'echo')
  const answer = await ask(host, '/pa2%Fth/1?a=1&a=2&b=%20x&__proto__=p', {
    method: 'POST',
    headers: {
      cookie: 'x=1; y=2',
      'X-Multi': ['1', '2'],
      'x-forwarded-for': '6.6.6.6',
      'content-type': 'application/json; charset=utf-8',
      'user-agent': 'tester',
    },
    body: '{"ü":1}',
  })
  assert.equal(answer.status, 200)
  assert.deepEqual(answer.headers['set-cookie'], ['a=1', 'b=2'])
  assert.equal(answer.headers['x-own'], 'yes')
  assert.equal(answer.headers['content-type'], 'application/json')
  const event = JSON.parse(answer.body) as UrlEvent
  assert.deepEqual(
    Object.keys(event),
    'version routeKey rawPath rawQueryString cookies headers queryStringParameters requestContext body isBase64Encoded'.split(
      ' ',
    ),
  )
  assert.deepEqual(
    Object.keys(event.requestContext),
    'accountId apiId domainName domainPrefix http requestId routeKey stage time timeEpoch'.split(
      ' ',
    ),
  )
  const id = host.split('.')[0]
  assert.partialDeepStrictEqual(event, {
    version: '2.0',
    rawPath: '/pa2%Fth/1',
    rawQueryString: 'a=1&a=2&b=%20x&__proto__=p',
    cookies: ['x=1', 'y=2'],
    body: '{"ü":1}',
    isBase64Encoded: false,
    requestContext: {
      accountId: 'anonymous',
      apiId: id,
      domainPrefix: id,
      domainName: host.split(':')[0],
      requestId: answer.headers['x-amzn-requestid'],
      http: {
        method: 'POST',
        path: '/pa2%Fth/1',
        protocol: 'HTTP/1.1',
        sourceIp: '127.0.0.1',
        userAgent: 'tester',
      },
    },
  })
  const { a, b } = event['queryStringParameters'] as Record<string, string>
  assert.deepEqual([a, b], ['1,2', ' x'])
  assert.match(answer.body, /"queryStringParameters":\{[^}]*"__proto__":"p"/)
  assert.deepEqual(
    [event.headers['x-multi'], event.headers['x-forwarded-for'], event.headers['cookie']],
    ['1,2', '127.0.0.1', undefined],
  )
  assert.match(
    String(event.requestContext['time']),
    /^\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d \+0000$/,
  )
  const form = await ask(host, '/', {
    method: 'POST',
    body: 'a=b',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
  })
  assert.partialDeepStrictEqual(JSON.parse(form.body), { body: 'YT1i', isBase64Encoded: true })
  const bare = await ask(host, '/')
  assert.ok(!('body' in (JSON.parse(bare.body) as object)))
})

test('the same URL answers below a path of the server, walled off from its API', async () => {
  const host = await deploy('by-path', 'echo')
  const id = host.split('.')[0] ?? ''
  const answer = await ask(`127.0.0.1:${server.port}`, `/_lair/url/${id}/x/y?z=1`)
  assert.partialDeepStrictEqual(JSON.parse(answer.body), { rawPath: '/x/y', rawQueryString: 'z=1' })
  assert.match(String(answer.headers['content-security-policy']), /^sandbox /)
  assert.doesNotMatch(String(answer.headers['content-security-policy']), /allow-same-origin/)
  const root = await ask(`127.0.0.1:${server.port}`, `/_lair/url/${id}?z=1`)
  assert.partialDeepStrictEqual(JSON.parse(root.body), { rawPath: '/' })
  for (const path of ['', '/', '/x', `/${id.slice(1)}/`, `/${id}x/`, '/../health']) {
    const other = await ask(`127.0.0.1:${server.port}`, `/_lair/url${path}`)
    assert.notEqual(other.status, 200, path)
  }
})

test('results are mapped, failures are 502, and large bodies 413', async () => {
  const host = await deploy('mapped', 'echo')
  const mapped = async (answer: unknown) =>
    ask(host, `/?answer=${encodeURIComponent(JSON.stringify(answer))}`)
  assert.equal((await mapped('hello')).body, 'hello')
  assert.equal((await mapped({ hello: ['world'] })).body, '{"hello":["world"]}')
  const tea = await mapped({ statusCode: '418', body: 'aGk=', isBase64Encoded: true })
  assert.deepEqual([tea.status, tea.body], [418, 'hi'])
  const bad = await mapped({ statusCode: 1 })
  assert.deepEqual([bad.status, bad.body], [502, 'Internal Server Error'])
  const failed = await ask(host, '/?fail=1')
  assert.deepEqual([failed.status, failed.body], [502, 'Internal Server Error'])
  const smuggled = await mapped({
    statusCode: 200,
    headers: { 'x-a': 'b\r\nx-evil: 1', 'x y': 'z' },
  })
  assert.deepEqual(
    [smuggled.headers['x-evil'], smuggled.headers['x-a'], smuggled.headers['x y']],
    [undefined, 'b??x-evil: 1', undefined],
  )
  const headOnly = await ask(host, '/', { method: 'HEAD' })
  assert.deepEqual([headOnly.status, headOnly.body], [200, ''])
  assert.ok(Number(headOnly.headers['content-length']) > 100)
  const large = await ask(host, '/', { method: 'POST', body: Buffer.alloc(6 * 1024 * 1024 + 1) })
  assert.equal(large.status, 413)
  const binary = await ask(host, '/', { method: 'POST', body: Buffer.alloc(5 * 1024 * 1024) })
  assert.equal(binary.status, 413)
})

test('without its permissions, without concurrency and without a URL nobody gets in', async () => {
  const FunctionName = 'guarded'
  const host = await deploy(FunctionName, 'echo')
  const unknown = await ask(`${'x'.repeat(32)}.lambda-url.us-east-1.localhost`, '/')
  assert.deepEqual([unknown.status, unknown.body], [403, '{"Message":null}'])
  assert.equal(unknown.headers['x-amzn-errortype'], 'AccessDeniedException')
  const elsewhere = await ask(host.replace('us-east-1', 'eu-west-1'), '/')
  assert.equal(elsewhere.body, '{"Message":null}')
  await client.send(
    new PutFunctionConcurrencyCommand({ FunctionName, ReservedConcurrentExecutions: 0 }),
  )
  const throttled = await ask(host, '/')
  assert.equal(throttled.status, 429)
  assert.partialDeepStrictEqual(JSON.parse(throttled.body), {
    Reason: 'ReservedFunctionConcurrentInvocationLimitExceeded',
  })
  await client.send(new DeleteFunctionConcurrencyCommand({ FunctionName }))
  assert.equal((await ask(host, '/')).status, 200)
  await client.send(new RemovePermissionCommand({ FunctionName, StatementId: 'run' }))
  const refused = await ask(host, '/')
  assert.equal(refused.status, 403)
  assert.match(refused.body, /^\{"Message":"Forbidden\. For troubleshooting Function URL/)
  assert.match(String(refused.headers['x-lair-reason']), /allows lambda:InvokeFunction$/)
})

test('AWS_IAM wants a signature of this account, and no page of another site may send one', async () => {
  const host = await deploy('signed', 'echo', { AuthType: 'AWS_IAM' })
  const sign = (target: string, headers: Record<string, string> = {}, accessKeyId = 'test') =>
    signed({
      method: 'POST',
      target,
      headers: { host, ...headers },
      body: '{}',
      service: 'lambda',
      nowMs: Date.now(),
      accessKeyId,
    })
  const unsigned = await ask(host, '/')
  assert.equal(unsigned.status, 403)
  assert.match(unsigned.body, /Forbidden\. For troubleshooting/)
  assert.match(String(unsigned.headers['x-lair-reason']), /not signed/)
  const ok = await ask(host, '/a/b', { method: 'POST', headers: sign('/a/b'), body: '{}' })
  assert.partialDeepStrictEqual((JSON.parse(ok.body) as UrlEvent).requestContext, {
    accountId: '000000000000',
    authorizer: { iam: { accessKey: 'test', userArn: 'arn:aws:iam::000000000000:root' } },
  })
  const moved = await ask(host, '/a/c', { method: 'POST', headers: sign('/a/b'), body: '{}' })
  assert.deepEqual(
    [moved.status, moved.headers['x-amzn-errortype']],
    [403, 'InvalidSignatureException'],
  )
  const changed = await ask(host, '/a/b', { method: 'POST', headers: sign('/a/b'), body: '{ }' })
  assert.equal(changed.status, 403)
  const stranger = sign('/a/b', {}, '111111111111')
  const other = await ask(host, '/a/b', { method: 'POST', headers: stranger, body: '{}' })
  assert.equal(other.status, 403)
  const page = sign('/a/b', { origin: 'https://evil.example' })
  const lured = await ask(host, '/a/b', { method: 'POST', headers: page, body: '{}' })
  assert.equal(lured.status, 403)
  assert.match(String(lured.headers['x-lair-reason']), /make own credentials/)
  // An Invoke by its path is a request for the URL all the same, also in the fast lane.
  const path = '/2015-03-31/functions/nobody/invocations'
  const invoke = await ask(host, path, {
    method: 'POST',
    headers: { ...sign(path), 'content-length': '2' },
    body: '{}',
  })
  assert.partialDeepStrictEqual(JSON.parse(invoke.body), { rawPath: path })
})

test('pages reach URLs that are open to everybody, and nothing else by them', async () => {
  const Cors = { AllowOrigins: ['https://a.example'], AllowMethods: ['PUT'], MaxAge: 9 }
  const host = await deploy('open', 'echo', { Cors })
  const origin = 'https://a.example'
  const asked = { origin, 'access-control-request-method': 'PUT', 'sec-fetch-site': 'cross-site' }
  const preflight = await ask(host, '/', { method: 'OPTIONS', headers: asked })
  assert.partialDeepStrictEqual(preflight, {
    status: 200,
    body: '',
    headers: {
      'access-control-allow-origin': origin,
      'access-control-allow-methods': 'PUT',
      'access-control-max-age': '9',
    },
  })
  const got = await ask(host, '/', { headers: { origin, 'sec-fetch-site': 'cross-site' } })
  assert.deepEqual([got.status, got.headers['access-control-allow-origin']], [200, origin])
  const foreign = await ask(host, '/', { headers: { origin: 'https://b.example' } })
  assert.equal(foreign.headers['access-control-allow-origin'], undefined)
  // A page of the URL is foreign to the API.
  const api = await ask(`127.0.0.1:${server.port}`, '/2015-03-31/functions', {
    headers: { origin: `http://${host}` },
  })
  assert.match(api.body, /takes no requests from web pages/)
  const connection = new RawConnection(server.port, 5000)
  const twice = await connection.exchange(
    requestBytes({
      method: 'GET',
      target: '/',
      headers: { Host: host, host: 'localhost' },
      body: Buffer.alloc(0),
    }),
  )
  connection.close()
  assert.equal(twice?.status, 400)
})

test('RESPONSE_STREAM answers as the function writes, with its prelude', async () => {
  const host = await deploy('streamed', 'stream', { InvokeMode: 'RESPONSE_STREAM' })
  const answer = await ask(host, '/')
  assert.equal(answer.status, 201)
  assert.equal(answer.body.trim().split('\n').length, 3)
  assert.deepEqual(answer.headers['set-cookie'], ['a=1', 'b=2??x-evil: 1'])
  assert.deepEqual(
    [answer.headers['content-type'], answer.headers['x-evil'], answer.headers['content-length']],
    ['text/plain', undefined, undefined],
  )
  const plain = await ask(host, '/?plain=1')
  assert.deepEqual([plain.status, plain.headers['content-type']], [200, 'application/octet-stream'])
  const early = await ask(host, '/?early=1')
  assert.deepEqual([early.status, early.body], [502, 'Internal Server Error'])
  await assert.rejects(ask(host, '/?fail=1'), 'a response that fails on its way is cut')
  const next = await ask(host, '/?count=1')
  assert.equal(next.status, 201)
})
