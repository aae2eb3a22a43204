/** The endpoints of the Telemetry and Logs API on the environment's own listener: who may call, what is answered. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { Extensions } from '../../src/environment/extensions-api/extensions.ts'
import { RuntimeApi } from '../../src/environment/runtime-api/runtime-api.ts'
import { Telemetry } from '../../src/environment/telemetry/telemetry.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { systemIds } from '../../src/lib/ids.ts'
import type { PlatformEvent } from '../../src/observe/platform-events.ts'
import { RawClient } from './raw-client.ts'
import { makeVersion } from './support.ts'

const telemetryPath = '/2022-07-01/telemetry'
const logsPath = '/2020-08-15/logs'

async function openApi(isEnabled = true) {
  const emitted: PlatformEvent[] = []
  const telemetry = new Telemetry({
    clock: systemClock,
    logFormat: 'Text',
    emit: (event) => emitted.push(event),
  })
  const api = new RuntimeApi(systemClock)
  const address = await api.open()
  telemetry.reservedPorts = [Number(address.split(':')[1])]
  const extensions = new Extensions({
    version: makeVersion(),
    ids: systemIds,
    listener: { onExtensionMoved() {}, onExtensionError() {} },
    isEnabled,
    telemetry,
  })
  api.renew({ onReady() {}, onAnswer() {}, onInitError() {} }, { extensions })
  const client = new RawClient(address)
  const register = async (name: string): Promise<string> => {
    const fields = { 'Lambda-Extension-Name': name }
    const response = await client.ask(
      'POST',
      '/2020-01-01/extension/register',
      '{"events":[]}',
      fields,
    )
    return /lambda-extension-identifier: (.*)/i.exec(response?.head ?? '')?.[1] ?? ''
  }
  const put = async (path: string, id: string, body: unknown) => {
    const text = typeof body === 'string' ? body : JSON.stringify(body)
    const response = await client.ask('PUT', path, text, { 'Lambda-Extension-Identifier': id })
    return `${response?.status} ${response?.body}`
  }
  return {
    address,
    telemetry,
    emitted,
    client,
    register,
    put,
    [Symbol.dispose]: () => {
      client.socket.destroy()
      telemetry.close()
      api.close()
    },
  }
}

const tcp = { protocol: 'TCP', port: 1 }
const subscription = {
  schemaVersion: '2022-12-13',
  types: ['platform', 'function'],
  destination: tcp,
}
const error = (status: number, errorType: string, errorMessage: string) =>
  `${status} ${JSON.stringify({ errorMessage, errorType })}\n`

describe('the Telemetry API', { concurrency: true }, () => {
  test('takes subscriptions of extensions that registered, and of nobody else', async () => {
    using api = await openApi()
    const body = JSON.stringify(subscription)
    assert.equal(
      (await api.client.ask('PUT', telemetryPath, body))?.body,
      '{"errorMessage":"Missing Lambda-Extension-Identifier header","errorType":"Extension.MissingExtensionIdentifier"}\n',
    )
    assert.equal(
      await api.put(telemetryPath, 'x', subscription),
      error(403, 'Extension.InvalidExtensionIdentifier', 'Invalid Lambda-Extension-Identifier'),
    )
    const stranger = systemIds.uuid()
    assert.equal(
      await api.put(telemetryPath, stranger, subscription),
      error(403, 'Extension.UnknownExtensionIdentifier', `Unknown extension ${stranger}`),
    )
    const id = await api.register('one')
    assert.equal(await api.put(telemetryPath, id, subscription), '200 "OK"')
    assert.equal(await api.put(`${telemetryPath}/`, id, subscription), '200 "AlreadySubscribed"')
    assert.equal((await api.client.ask('POST', telemetryPath, body))?.status, 405)
    assert.deepEqual(
      api.emitted.map(({ type, record }) => [type, record]),
      ['Subscribed', 'Already subscribed'].map((state) => [
        'platform.telemetrySubscription',
        { name: 'one', state, types: ['platform', 'function'] },
      ]),
    )
  })

  test('takes so many subscriptions and no more: each costs the telling of all that happened', async () => {
    using api = await openApi()
    const id = await api.register('one')
    const other = (count: number) => ({ ...subscription, buffering: { maxItems: 1000 + count } })
    for (let count = 0; count < 32; count += 1) {
      assert.equal(await api.put(telemetryPath, id, other(count)), '200 "OK"')
    }
    assert.equal(
      await api.put(telemetryPath, id, other(32)),
      error(400, 'ValidationError', 'extensions of an environment subscribe at most 32 times'),
    )
    api.telemetry.reset()
    assert.equal(await api.put(telemetryPath, id, other(32)), '200 "OK"')
  })

  test('says what it was sent in the encoding that it was sent in', { timeout: 5000 }, async () => {
    using api = await openApi()
    const id = await api.register('one')
    const expected = '`schemaVersion`, `types`, `buffering`, `destination`'
    assert.equal(
      await api.put(telemetryPath, id, { ...subscription, 'čí\u4e2d': 1 }),
      error(
        400,
        'Telemetry.DeserializationError',
        `unknown field \`čí\u4e2d\`, expected one of ${expected}`,
      ),
    )
  })

  test('and the Logs API: one of the two for each extension, each with its own error types', async () => {
    using api = await openApi()
    const [one, two] = [await api.register('one'), await api.register('two')]
    const logs = { ...subscription, schemaVersion: '2021-03-18' }
    assert.equal(await api.put(logsPath, one, logs), '200 "OK"')
    assert.equal(
      await api.put(telemetryPath, one, subscription),
      error(
        400,
        'Telemetry.AccessDenied',
        'The extension one is already subscribed to the LogsAPI. You must either subscribe to the LogsAPI or the TelemetryAPI',
      ),
    )
    assert.equal(
      await api.put(logsPath, two, { ...logs, types: [] }),
      error(400, 'Logs.ValidationError', 'types should not be empty'),
    )
    assert.equal(
      await api.put(telemetryPath, two, { ...subscription, types: [] }),
      error(400, 'ValidationError', 'types should not be empty'),
    )
    assert.equal(
      await api.put(telemetryPath, two, { ...subscription, x: 1 }),
      error(
        400,
        'Telemetry.DeserializationError',
        'unknown field `x`, expected one of `schemaVersion`, `types`, `buffering`, `destination`',
      ),
    )
    const destination = { protocol: 'HTTP', URI: 'http://169.254.169.254:80/' }
    assert.equal(
      await api.put(logsPath, two, { ...logs, destination }),
      error(403, 'Logs.AccessDenied', "Only 'sandbox.localdomain' hostname is supported."),
    )
    const own = { protocol: 'TCP', port: Number(api.address.split(':')[1]) }
    assert.equal(
      await api.put(logsPath, two, { ...logs, destination: own }),
      error(400, 'Logs.ValidationError', `port ${own.port} is reserved`),
    )
  })

  test('is closed after init, and not there where extensions are switched off', async () => {
    using api = await openApi()
    const id = await api.register('one')
    api.telemetry.closeSubscriptions()
    for (const [path, name] of [
      [telemetryPath, 'Telemetry'],
      [logsPath, 'Logs'],
    ] as const) {
      assert.equal(
        await api.put(path, id, '{'),
        error(403, `${name}.SubscriptionClosed`, `${name} API subscription is closed already`),
      )
    }
    using off = await openApi(false)
    assert.equal(await off.put(telemetryPath, id, subscription), '404 404 page not found\n')
  })

  test('any body is answered, and the next one too', async () => {
    using api = await openApi()
    const id = await api.register('one')
    const bodies = fc.oneof(fc.string({ minLength: 1 }), fc.json(), fc.constant('x'.repeat(70_000)))
    await fc.assert(
      fc.asyncProperty(bodies, fc.constantFrom(telemetryPath, logsPath), async (body, path) => {
        assert.match(
          await api.put(path, id, body),
          /^400 \{"errorMessage":".*","errorType":".*"\}\n$/,
        )
      }),
      { numRuns: 200 },
    )
    assert.equal(await api.put(telemetryPath, id, subscription), '200 "OK"')
  })
})
