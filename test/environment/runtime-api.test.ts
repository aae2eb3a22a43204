/** The Runtime API over sockets: every call in every state it can be made in, and every error shape. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import {
  accepted,
  base,
  errorPath,
  id,
  nextPath,
  openApi,
  reach,
  responsePath,
} from './api-support.ts'
import { request } from './raw-client.ts'
import { makeVersion } from './support.ts'

const refusedId = { status: 400, errorType: 'InvalidRequestID' }
const parked = { status: 0, errorType: '' }
const done = { status: 202, errorType: '' }
const refused = (to: string) => ({ status: 403, errorType: 'InvalidStateTransition', to })
const toResponse = refused('InvocationResponse')
const toError = refused('InvocationErrorResponse')
const toReady = refused('Ready')
const toInitError = refused('InitError')
const toRestore = refused('RestoreReady')
const toRestoreError = refused('RuntimeRestoreErrorState')
const toErrors = [toInitError, toRestore, toRestoreError] as const

/** calls: next, response, error, init/error, restore/next, restore/error, with the current id */
const table = {
  Started: [parked, refusedId, refusedId, done, parked, toRestoreError],
  InitError: [toReady, refusedId, refusedId, ...toErrors],
  Ready: [parked, refusedId, refusedId, ...toErrors],
  Running: [{ status: 200, errorType: '' }, done, done, ...toErrors],
  InvocationResponse: [toReady, toResponse, toError, ...toErrors],
  InvocationErrorResponse: [toReady, toResponse, toError, ...toErrors],
  RuntimeResponseSentState: [parked, toResponse, toError, ...toErrors],
  RestoreReady: [toReady, refusedId, refusedId, toInitError, parked, toRestoreError],
  Restoring: [parked, refusedId, refusedId, done, toRestore, done],
  RuntimeRestoreErrorState: [toReady, refusedId, refusedId, ...toErrors],
} as const

const calls = [
  ['GET', nextPath],
  ['POST', responsePath],
  ['POST', errorPath],
  ['POST', `${base}/init/error`],
  ['GET', `${base}/restore/next`],
  ['POST', `${base}/restore/error`],
] as const

/** nobody has a token */
const snapshot = { credentials: () => undefined }

for (const [state, row] of Object.entries(table)) {
  test(`in state ${state} every call is answered as AWS's daemon does`, async () => {
    for (const [index, expected] of row.entries()) {
      using api = await openApi(snapshot)
      await reach(api, state as keyof typeof table)
      const [method = '', path = ''] = calls[index] ?? []
      const client = api.open()
      const answered = client.ask(method, path, method === 'POST' ? '{}' : '')
      if (expected.status === 0) {
        const winner = await Promise.race([answered, setTimeout(30, 'parked')])
        assert.equal(winner, 'parked', path)
        continue
      }
      const response = await answered
      assert.equal(response?.status, expected.status, path)
      if (expected.status === 202) assert.equal(response.body, accepted)
      if ('to' in expected) {
        assert.equal(
          response.body,
          `{"errorMessage":"State transition from ${state} to ${expected.to} failed for runtime. Error: State transition is not allowed","errorType":"InvalidStateTransition"}\n`,
        )
      } else if (expected.errorType !== '') {
        assert.equal(
          response.body,
          '{"errorMessage":"Invalid request ID","errorType":"InvalidRequestID"}\n',
        )
      }
    }
  })
}

test('restore and credentials are unknown paths outside environments made for snapshots', async () => {
  using api = await openApi()
  const client = api.open()
  for (const path of [`${base}/restore/next`, '/2021-04-23/credentials']) {
    assert.equal((await client.ask('GET', path, ''))?.body, '404 page not found\n')
  }
  assert.equal((await client.ask('POST', `${base}/restore/error`, '{}'))?.status, 404)
  using other = await openApi(snapshot)
  const stranger = await other.open().ask('GET', '/2021-04-23/credentials', '')
  assert.equal(stranger?.body, 'cannot get credentials for the provided token\n')
  assert.equal((await other.open().ask('POST', `${base}/restore/next`, ''))?.status, 405)
})

test('next gives all headers in AWS names, and leaves out what is empty', async () => {
  using api = await openApi()
  const client = api.open()
  client.send('GET', nextPath)
  await reach(api, 'Ready')
  api.offer({
    clientContext: '{"custom":{\r\n"k":"ü"}}',
    cognitoIdentity: '{"cognitoIdentityId":"a","cognitoIdentityPoolId":"b"}',
    tenantId: 'tenant',
  })
  const response = await client.response()
  assert.equal(response?.body, '{"a":1}')
  assert.deepEqual(Buffer.from(response.head, 'latin1').toString().split('\r\n'), [
    'HTTP/1.1 200 OK',
    'Content-Type: application/json',
    `Lambda-Runtime-Aws-Request-Id: ${id}`,
    'Lambda-Runtime-Deadline-Ms: 1700000000123',
    `Lambda-Runtime-Invoked-Function-Arn: ${makeVersion().arn}:live`,
    'Lambda-Runtime-Trace-Id: Root=1-2-3;Parent=4;Sampled=0',
    'Lambda-Runtime-Client-Context: {"custom":{ "k":"ü"}}',
    'Lambda-Runtime-Cognito-Identity: {"cognitoIdentityId":"a","cognitoIdentityPoolId":"b"}',
    'Lambda-Runtime-Aws-Tenant-Id: tenant',
    'Content-Length: 7',
  ])
  using plain = await openApi()
  const other = plain.open()
  other.send('GET', nextPath)
  await reach(plain, 'Ready')
  plain.offer({ clientContext: '' })
  assert.doesNotMatch((await other.response())?.head ?? '', /Context|Cognito|Tenant/)
})

test('all who wait get the event, and a connection that went away loses nothing', async () => {
  using api = await openApi()
  const [first, second, third] = [api.open(), api.open(), api.open()]
  for (const client of [first, second, third]) client.send('GET', nextPath)
  await reach(api, 'Ready')
  third.socket.destroy()
  await setTimeout(20)
  api.offer()
  assert.equal((await first.response())?.status, 200)
  assert.equal((await second.response())?.status, 200)
  // The one that lost its connection asks again while the event is being worked on.
  assert.equal((await api.open().ask('GET', nextPath))?.body, '{"a":1}')
})

test('a response and the next call in one packet end one invocation and begin another', async () => {
  using api = await openApi()
  const client = api.open()
  client.send('GET', nextPath)
  await reach(api, 'Ready')
  const before = api.readyCount()
  for (let round = 1; round <= 3; round += 1) {
    api.offer()
    await client.response()
    client.socket.write(request('POST', responsePath, `"${round}"`) + request('GET', nextPath))
    assert.equal((await client.response())?.status, 202)
    while (api.readyCount() < before + round) await setTimeout(1)
  }
  assert.equal(api.answers.length, 3)
})

test('an unknown response mode is refused, and the caller gets an empty error', async () => {
  using api = await openApi()
  await reach(api, 'Running')
  const fields = { 'Lambda-Runtime-Function-Response-Mode': 'Streaming', 'Content-Type': 'a/b' }
  const response = await api.open().ask('POST', responsePath, '{}', fields)
  assert.equal(response?.status, 400)
  assert.equal(
    response.body,
    '{"errorMessage":"Invalid function response mode","errorType":"InvalidFunctionResponseMode"}\n',
  )
  assert.deepEqual(api.answers, [
    {
      kind: 'error',
      payload: [],
      contentType: 'a/b',
      errorType: 'Runtime.InvalidResponseModeHeader',
    },
  ])
})

test('an error keeps its body and type; its cause is taken out', async () => {
  const withCause = 'application/vnd.aws.lambda.error.cause+json'
  const cases = [
    ['text/x', 'any <body>', 'any <body>', 'text/x'],
    [
      withCause,
      '{"errorCause":{},"stackTrace":["s"],"errorType":"T","errorMessage":"m"}',
      '{"errorMessage":"m","errorType":"T","stackTrace":["s"]}',
      'application/json',
    ],
    [withCause, 'no json', '"Invalid error body"', 'application/octet-stream'],
    [withCause, '[1]', '"Invalid error body"', 'application/octet-stream'],
  ] as const
  for (const [contentType, body, payload, replyType] of cases) {
    using api = await openApi()
    await reach(api, 'Running')
    const response = await api.open().ask('POST', errorPath, body, {
      'Content-Type': contentType,
      'Lambda-Runtime-Function-Error-Type': 'Runtime.Sad',
      // Up to 1 MiB of it must get through.
      'Lambda-Runtime-Function-XRay-Error-Cause': `{"paths":["${'x'.repeat(1_000_000)}"]}`,
    })
    assert.equal(response?.status, 202)
    const [answer] = api.answers
    assert.equal(answer?.kind, 'error')
    if (answer.kind !== 'error') return
    assert.equal(Buffer.concat(answer.payload).toString(), payload)
    assert.deepEqual([answer.contentType, answer.errorType], [replyType, 'Runtime.Sad'])
  }
})

test('init/error hands on its body and its sanitised type', async () => {
  using api = await openApi()
  const fields = { 'Lambda-Runtime-Function-Error-Type': 'Function.oops' }
  const response = await api.open().ask('POST', `${base}/init/error`, '{"errorMessage":1}', fields)
  assert.equal(response?.body, accepted)
  const [error] = api.initErrors
  assert.equal(error?.errorType, 'Function.Unknown')
  assert.equal(Buffer.concat(error.payload).toString(), '{"errorMessage":1}')
})

test('other paths, methods and protocols get plain answers', async () => {
  using api = await openApi()
  const cases = [
    ['GET', '/2018-06-01/ping', 200, 'pong'],
    ['GET', '/2018-06-01/ping?x=y', 200, 'pong'],
    ['GET', '/', 404, '404 page not found\n'],
    ['GET', `${base}/restore/next`, 404, '404 page not found\n'],
    ['POST', `${base}/restore/error`, 404, '404 page not found\n'],
    ['POST', `${base}/invocation/${id}/other`, 404, '404 page not found\n'],
    ['POST', `${base}/invocation/${id}/response/x`, 404, '404 page not found\n'],
    ['POST', `${base}/invocation//response`, 404, '404 page not found\n'],
    ['POST', nextPath, 405, ''],
    ['GET', responsePath, 405, ''],
    ['PUT', errorPath, 405, ''],
    ['GET', `${base}/init/error`, 405, ''],
    ['HEAD', nextPath, 405, ''],
  ] as const
  const client = api.open()
  for (const [method, path, status, body] of cases) {
    const response = await client.ask(method, path, method === 'POST' ? 'body' : '')
    assert.deepEqual([response?.status, response?.body], [status, body], `${method} ${path}`)
  }
  const head = api.open()
  const raw: Buffer[] = []
  head.socket.on('data', (chunk: Buffer) => raw.push(chunk))
  head.socket.end(request('HEAD', '/nowhere'))
  await head.response()
  assert.match(Buffer.concat(raw).toString(), /^HTTP\/1.1 404 [^]*\r\n\r\n$/)
  const page = await client.ask('GET', nextPath, '', { 'Sec-Fetch-Site': 'cross-site' })
  assert.equal(page?.status, 403)
  const bound = api.open()
  bound.socket.write(
    `GET ${nextPath} HTTP/1.1\r\nHost: evil.example\r\nAccept-Language: en\r\n\r\n`,
  )
  assert.equal((await bound.response())?.status, 403)
  assert.equal(api.readyCount(), 0)
})

test('a function cannot use up the connections of the server', async () => {
  using api = await openApi()
  const clients = Array.from({ length: 1040 }, () => api.open())
  const answers = await Promise.all(
    clients.map((client) => client.ask('GET', '/2018-06-01/ping').catch(() => undefined)),
  )
  const answered = answers.filter((answer) => answer?.status === 200)
  assert.equal(answered.length, 1024)
})

test('a new process is not reached by the connections of the old', async () => {
  using api = await openApi()
  const old = api.open()
  old.send('GET', nextPath)
  await reach(api, 'Ready')
  let hasCalled = false
  api.api.renew({ onReady: () => (hasCalled = true), onAnswer() {}, onInitError() {} })
  assert.equal(await old.response(), undefined)
  assert.equal(hasCalled, false)
})
