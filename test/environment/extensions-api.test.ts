/** The Extensions API over sockets: every call in every state, the checks in their order, and every error shape. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import fc from 'fast-check'
import type { Extension } from '../../src/environment/extensions-api/extension.ts'
import { Extensions } from '../../src/environment/extensions-api/extensions.ts'
import { RuntimeApi } from '../../src/environment/runtime-api/runtime-api.ts'
import type { ExtensionState } from '../../src/environment/states.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { systemIds } from '../../src/lib/ids.ts'
import { RawClient } from './raw-client.ts'
import { World } from './scripted-world.ts'
import { makeVersion } from './support.ts'

const base = '/2020-01-01/extension'
const unknownId = '00000000-0000-4000-8000-000000000000'
const accepted = '{"status":"OK"}\n'

async function openApi(isEnabled = true) {
  const api = new RuntimeApi(systemClock)
  const told: string[] = []
  const extensions = new Extensions({
    version: makeVersion(),
    ids: systemIds,
    isEnabled,
    listener: {
      onExtensionMoved: ({ name, state }) => told.push(`${name} ${state}`),
      onExtensionError: ({ name }, type) => told.push(`${name} ${type}`),
    },
  })
  const nobody = { onReady() {}, onAnswer() {}, onInitError() {} }
  api.renew(nobody, { extensions })
  const address = await api.open()
  const clients: RawClient[] = []
  const open = (): RawClient => {
    const client = new RawClient(address)
    clients.push(client)
    return client
  }
  const register = (name: string, body: string, fields: Record<string, string> = {}) =>
    open().ask('POST', `${base}/register`, body, { 'Lambda-Extension-Name': name, ...fields })
  return {
    extensions,
    told,
    open,
    register,
    [Symbol.dispose]: () => {
      for (const client of clients) client.socket.destroy()
      api.close()
    },
  }
}

type Api = Awaited<ReturnType<typeof openApi>>

const errorFields = { 'Lambda-Extension-Function-Error-Type': 'Extension.Mine' }
const identityOf = ({ id }: { id: string }) => ({ 'Lambda-Extension-Identifier': id })

/** Bring an external extension into a state through calls. */
async function reach(api: Api, state: ExtensionState): Promise<Extension> {
  const extension = api.extensions.expect('ext')
  if (state === 'Started') return extension
  await api.register('ext', '{"events":["INVOKE","SHUTDOWN"]}')
  const fields = identityOf(extension)
  if (state === 'InitError' || state === 'ExitError') {
    const path = state === 'InitError' ? 'init/error' : 'exit/error'
    await api.open().ask('POST', `${base}/${path}`, '{}', { ...fields, ...errorFields })
  }
  if (state === 'Ready' || state === 'Running') {
    api.open().send('GET', `${base}/event/next`, '', fields)
    await isReady(extension)
  }
  if (state === 'Running') api.extensions.tellShutdown('spindown', 1)
  assert.equal(extension.state, state)
  return extension
}

async function isReady(extension: Extension): Promise<void> {
  while (extension.state !== 'Ready') await setTimeout(1)
}

const refused = (to: string) => ({ status: 403, to })
const parked = { status: 0, to: '' }
const done = { status: 202, to: '' }
const unknown = { status: 403, to: 'unknown' }

/** calls: register, event/next, init/error, exit/error */
const table = {
  Started: [{ status: 200, to: '' }, unknown, unknown, unknown],
  Registered: [refused('Registered'), parked, done, done],
  Ready: [refused('Registered'), refused('Ready'), refused('InitError'), done],
  Running: [refused('Registered'), parked, refused('InitError'), done],
  InitError: [refused('Registered'), refused('Ready'), done, refused('ExitError')],
  ExitError: [refused('Registered'), refused('Ready'), refused('InitError'), done],
} as const

const calls = [
  ['POST', 'register'],
  ['GET', 'event/next'],
  ['POST', 'init/error'],
  ['POST', 'exit/error'],
] as const

for (const [state, row] of Object.entries(table)) {
  test(`in state ${state} every call is answered as AWS's daemon does`, async () => {
    for (const [index, expected] of row.entries()) {
      using api = await openApi()
      const extension = await reach(api, state as ExtensionState)
      const [method, path] = calls[index] ?? ['', '']
      const isRegister = path === 'register'
      const fields = isRegister
        ? { 'Lambda-Extension-Name': 'ext' }
        : { ...identityOf(extension), ...errorFields }
      const asked = api.open().ask(method, `${base}/${path}`, method === 'GET' ? '' : '{}', fields)
      const answer = await Promise.race([asked, setTimeout(expected.status === 0 ? 60 : 5000)])
      const { status, body } = answer ?? { status: 0, body: '' }
      assert.equal(status, expected.status, `${state} ${path}: ${body}`)
      if (status === 202) assert.equal(body, accepted)
      const subject = isRegister ? 'ext' : extension.id
      if (status === 403) checkRefusal(JSON.parse(body), state, expected.to, subject)
    }
  })
}

function checkRefusal(error: unknown, from: string, to: string, subject: string): void {
  const isUnknown = to === 'unknown'
  assert.deepEqual(error, {
    errorMessage: isUnknown
      ? (error as { errorMessage: string }).errorMessage
      : `State transition from ${from} to ${to} failed for extension ${subject}. Error: State transition is not allowed`,
    errorType: isUnknown
      ? 'Extension.UnknownExtensionIdentifier'
      : 'Extension.InvalidExtensionState',
  })
}

test('registration answers with the function, and with the account when asked for', async () => {
  using api = await openApi()
  const extension = api.extensions.expect('ext')
  const plain = await api.register('ext', '{"events":["SHUTDOWN","INVOKE","SHUTDOWN"]}')
  assert.match(
    plain?.head ?? '',
    new RegExp(`\r\nLambda-Extension-Identifier: ${extension.id}\r\n`),
  )
  assert.equal(
    plain?.body,
    '{"functionName":"fn","functionVersion":"$LATEST","handler":"index.handler"}\n',
  )
  assert.deepEqual(extension.events, ['SHUTDOWN', 'INVOKE'])
  const features = { 'Lambda-Extension-Accept-Feature': 'other, accountId' }
  const inside = await api.register('inside', '{"events":[]}', features)
  assert.equal(JSON.parse(inside?.body ?? '').accountId, '123456789012')
  assert.deepEqual(api.told, ['ext Registered', 'inside Registered'])
})

test('registration is checked in AWS’s order: name, body, events, place, state', async () => {
  using api = await openApi()
  api.extensions.expect('ext')
  const cases = [
    ['', 'no JSON', 'Extension.InvalidExtensionName', 'Empty extension name'],
    ['ext', '', 'InvalidRequestFormat', 'unexpected end of JSON input'],
    ['ext', '{"events":[', 'InvalidRequestFormat', undefined],
    ['ext', '{"events":"INVOKE"}', 'InvalidRequestFormat', undefined],
    ['ext', '[]', 'InvalidRequestFormat', undefined],
    [
      'ext',
      '{"configurationKeys":["a"],"events":["NO"]}',
      'InvalidRequestFormat',
      'configurationKeys are deprecated; use environment variables instead',
    ],
    [
      'ext',
      '{"events":["INVOKE","NO"]}',
      'Extension.InvalidEventType',
      'NO: ErrorInvalidEventType',
    ],
    [
      'inside',
      '{"events":["SHUTDOWN"]}',
      'Extension.InvalidEventType',
      'SHUTDOWN: ShutdownEventNotSupportedForInternalExtension',
    ],
  ] as const
  for (const [name, body, errorType, errorMessage] of cases) {
    const answer = await api.register(name, body)
    assert.equal(answer?.status, 403)
    const error = JSON.parse(answer?.body ?? '')
    assert.equal(error.errorType, errorType, body)
    if (errorMessage !== undefined) assert.equal(error.errorMessage, errorMessage)
  }
  assert.equal(api.extensions.findByName('ext')?.state, 'Started')
  assert.equal((await api.register('ext', 'null'))?.status, 200)
})

test('internal extensions: a name is taken once, ten are enough, and not after the runtime', async () => {
  using api = await openApi()
  const problem = async (name: string) => {
    const error = JSON.parse((await api.register(name, '{"events":["INVOKE"]}'))?.body ?? '')
    return [error.errorType, error.errorMessage]
  }
  await api.register('one', '{}')
  assert.deepEqual(await problem('one'), [
    'Extension.InvalidExtensionState',
    'Extension with this name already registered',
  ])
  for (let index = 2; index <= 10; index += 1) await api.register(`e${index}`, '{}')
  assert.deepEqual(await problem('eleven'), [
    'Extension.TooManyExtensions',
    'Extension limit (10) reached',
  ])
  api.extensions.closeRegistration()
  assert.deepEqual(await problem('late'), [
    'Extension.RegistrationClosed',
    'Extension registration closed already',
  ])
})

test('who calls is checked before what is asked', async () => {
  using api = await openApi()
  for (const [path, isGet] of [
    ['event/next', true],
    ['init/error', false],
    ['exit/error', false],
  ] as const) {
    const ask = async (fields: Record<string, string>) => {
      const answer = await api.open().ask(isGet ? 'GET' : 'POST', `${base}/${path}`, '', fields)
      assert.equal(answer?.status, 403)
      const { errorType, errorMessage } = JSON.parse(answer?.body ?? '')
      return [errorType, errorMessage]
    }
    assert.deepEqual(await ask({}), [
      'Extension.MissingExtensionIdentifier',
      'Missing Lambda-Extension-Identifier header',
    ])
    assert.deepEqual(await ask(identityOf({ id: 'me' })), [
      'Extension.InvalidExtensionIdentifier',
      'Invalid Lambda-Extension-Identifier',
    ])
    const text = isGet ? `Unknown extension ${unknownId}` : 'Unknown Lambda-Extension-Identifier'
    assert.deepEqual(
      await ask({ ...identityOf({ id: unknownId.toUpperCase() }), ...errorFields }),
      ['Extension.UnknownExtensionIdentifier', text],
    )
    if (isGet) continue
    assert.deepEqual(await ask(identityOf({ id: unknownId })), [
      'Extension.MissingHeader',
      'Lambda-Extension-Function-Error-Type not found',
    ])
  }
})

test('events come with an id of their own and what the guide lists, one to each that subscribed', async () => {
  using api = await openApi()
  const extension = await reach(api, 'Ready')
  const invocation = {
    requestId: 'r1',
    version: makeVersion(),
    invokedArn: 'arn:fn:live',
    payload: [],
    traceId: 'Root=1;Sampled=1',
  }
  const client = api.open()
  api.extensions.tellInvoke({ invocation, deadlineMs: 1234.9 })
  assert.equal(extension.state, 'Running')
  client.send('GET', `${base}/event/next`, '', identityOf(extension))
  await isReady(extension)
  api.extensions.tellInvoke({ invocation: { ...invocation, traceId: '' }, deadlineMs: 5 })
  const invoked = await client.response()
  assert.match(invoked?.head ?? '', /\r\nLambda-Extension-Event-Identifier: [0-9a-f-]{36}\r\n/)
  assert.deepEqual(JSON.parse(invoked?.body ?? ''), {
    eventType: 'INVOKE',
    deadlineMs: 5,
    requestId: 'r1',
    invokedFunctionArn: 'arn:fn:live',
  })
  client.send('GET', `${base}/event/next`, '', identityOf(extension))
  await isReady(extension)
  api.extensions.tellShutdown('timeout', 1711111113111)
  assert.equal(
    (await client.response())?.body,
    '{"eventType":"SHUTDOWN","deadlineMs":1711111113111,"shutdownReason":"timeout"}\n',
  )
})

test('a call of next that was broken off is taken up by another one', async () => {
  using api = await openApi()
  const extension = api.extensions.expect('ext')
  await api.register('ext', '{"events":["INVOKE"]}')
  const lost = api.open()
  lost.send('GET', `${base}/event/next`, '', identityOf(extension))
  await isReady(extension)
  lost.socket.destroy()
  while (!extension.isUnheard) await setTimeout(1)
  const found = api.open().ask('GET', `${base}/event/next`, '', identityOf(extension))
  while (extension.isUnheard) await setTimeout(1)
  api.extensions.tellShutdown('spindown', 1)
  assert.equal(extension.isIdle, true)
  const invocation = { requestId: 'r', version: makeVersion(), invokedArn: 'a', payload: [] }
  api.extensions.tellInvoke({ invocation: { ...invocation, traceId: '' }, deadlineMs: 1 })
  assert.equal((await found)?.status, 200)
})

test('any registration is answered or refused, whatever its bytes', () => {
  const text = fc.oneof(fc.string(), fc.json(), fc.constantFrom('{"events":', 'INVOKE', '"]}'))
  fc.assert(
    fc.property(fc.array(text, { maxLength: 4 }), fc.string(), (texts, name) => {
      const world = new World()
      const listener = { onExtensionMoved() {}, onExtensionError() {} }
      const options = { version: makeVersion(), ids: systemIds, listener, isEnabled: true }
      const extensions = new Extensions(options)
      world.api.renew({ onReady() {}, onAnswer() {}, onInitError() {} }, { extensions })
      const headers = { 'lambda-extension-name': name }
      const target = `${base}/register`
      const call = world.call({ method: 'POST', target, headers, text: texts.join('') })
      assert.ok(call.status === 200 || call.status === 403, call.text)
      assert.equal(extensions.count, call.status === 200 ? 1 : 0)
    }),
    { numRuns: 2000 },
  )
})

test('other methods are refused, and where extensions are off nothing is there', async () => {
  using api = await openApi()
  for (const [method, path] of calls) {
    const other = method === 'GET' ? 'POST' : 'GET'
    assert.equal((await api.open().ask(other, `${base}/${path}`))?.status, 405)
  }
  assert.equal((await api.open().ask('GET', `${base}/other`))?.status, 404)
  using off = await openApi(false)
  for (const [method, path] of calls) {
    assert.equal((await off.open().ask(method, `${base}/${path}`))?.status, 404)
  }
})
