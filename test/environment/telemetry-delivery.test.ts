/** Telemetry on its way to real receivers: batches over HTTP and TCP, those that fail, and those that are slow. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Destination, Subscription } from '../../src/environment/telemetry/subscription.ts'
import { Telemetry } from '../../src/environment/telemetry/telemetry.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { until } from '../support/until.ts'
import { openHttpReceiver, openTcpReceiver } from './telemetry-receiver.ts'

function openTelemetry(destination: Destination, changes: Partial<Subscription> = {}) {
  const telemetry: Telemetry = new Telemetry({
    clock: systemClock,
    logFormat: 'Text',
    emit: (event) => telemetry.platform(event, systemClock.nowMs()),
  })
  const line = (text: string) => telemetry.line('function', text, systemClock.nowMs())
  const subscribe = () =>
    telemetry.subscribe('a', {
      api: 'telemetry',
      schemaVersion: '2022-12-13',
      types: ['platform', 'function'],
      buffering: { maxItems: 1000, maxBytes: 262_144, timeoutMs: 25 },
      destination,
      ...changes,
    })
  return { telemetry, line, subscribe, [Symbol.dispose]: () => telemetry.close() }
}

const http = (port: number): Destination => ({
  protocol: 'HTTP',
  port,
  path: '/telemetry?a=b',
  method: 'POST',
})

describe('delivery of telemetry', { concurrency: true }, () => {
  test('over HTTP is a JSON array, with all since the beginning, one request at a time', async () => {
    let runningCount = 0
    using receiver = await openHttpReceiver((response) => {
      runningCount += 1
      assert.equal(runningCount, 1)
      setTimeout(() => {
        runningCount -= 1
        response.end()
      }, 20)
    })
    using source = openTelemetry(http(receiver.port))
    source.line('early')
    source.subscribe()
    for (let count = 0; count < 3500; count += 1) source.line(`line ${count}`)
    await source.telemetry.flush(5000)
    const [first, second, third] = receiver.events
    assert.deepEqual([first?.type, first?.record], ['function', 'early\n'])
    assert.deepEqual(
      [second?.type, second?.record],
      [
        'platform.telemetrySubscription',
        { name: 'a', state: 'Subscribed', types: ['platform', 'function'] },
      ],
    )
    assert.equal(third?.record, 'line 0\n')
    assert.match(first?.time ?? '', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
    assert.deepEqual(
      receiver.batches.map(({ length }) => length),
      [1000, 1000, 1000, 502],
    )
    const [request] = receiver.requests
    assert.deepEqual(
      [request?.method, request?.url, request?.headers.host, request?.headers['content-type']],
      ['POST', '/telemetry?a=b', `sandbox.localdomain:${receiver.port}`, 'application/json'],
    )
  })

  test('over TCP is one JSON text a line', async () => {
    using receiver = await openTcpReceiver()
    using source = openTelemetry({ protocol: 'TCP', port: receiver.port })
    source.subscribe()
    for (let count = 0; count < 2500; count += 1) source.line(`line ${count}`)
    await source.telemetry.flush(5000)
    await until(() => receiver.events.length === 2501)
    assert.equal(receiver.events[2500]?.record, 'line 2499\n')
    assert.equal(receiver.connectionCount(), 1)
  })

  test('is tried again, and after that dropped and counted', async () => {
    using receiver = await openHttpReceiver((response, count) => {
      response.statusCode = count <= 5 ? 503 : 200
      response.end('x')
    })
    using source = openTelemetry(http(receiver.port), { types: ['platform', 'function'] })
    source.line('lost')
    source.subscribe()
    await until(() => receiver.requests.length === 4)
    source.line('kept')
    await until(() => receiver.requests.length === 6)
    assert.deepEqual(receiver.batches[4], receiver.batches[5])
    const [dropped, kept] = receiver.batches[5] ?? []
    assert.equal(dropped?.type, 'platform.logsDropped')
    const { droppedRecords, droppedBytes, reason } = dropped?.record ?? {}
    assert.deepEqual(
      [droppedRecords, droppedBytes > 100, reason],
      [
        2,
        true,
        'Some logs were dropped because the downstream consumer is slower than the logs production rate',
      ],
    )
    assert.equal(kept?.record, 'kept\n')
  })

  test('goes nowhere else, whatever the receiver answers', async () => {
    using elsewhere = await openHttpReceiver()
    using receiver = await openHttpReceiver((response) => {
      response.writeHead(307, { Location: `http://127.0.0.1:${elsewhere.port}/` })
      response.end()
    })
    using source = openTelemetry(http(receiver.port))
    source.subscribe()
    await until(() => receiver.requests.length >= 2)
    assert.equal(elsewhere.requests.length, 0)
  })

  test('to a receiver that listens late, or hangs up, arrives all the same', async () => {
    using receiver = await openTcpReceiver((socket, count) => {
      if (count === 1) socket.destroy()
    })
    using source = openTelemetry({ protocol: 'TCP', port: receiver.port })
    source.subscribe()
    // What the system took of the first connection is lost, as on AWS: TCP has no answer.
    await until(() => receiver.connectionCount() === 1)
    await until(() => {
      source.line('again')
      return receiver.events.some(({ record }) => record === 'again\n')
    })
  })

  test('flush() does not wait longer than its budget', async () => {
    using receiver = await openHttpReceiver(() => {})
    using source = openTelemetry(http(receiver.port))
    source.subscribe()
    source.line('x')
    const startedMs = performance.now()
    await source.telemetry.flush(60)
    const tookMs = performance.now() - startedMs
    assert.ok(tookMs >= 59 && tookMs < 2000, `${tookMs} ms`)
    assert.equal(receiver.requests.length, 1)
  })
})
