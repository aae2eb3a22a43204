import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createVirtualClock } from '../../../test/support/virtual-clock.ts'
import { telemetryLimits } from '../../config.ts'
import type { PlatformEvent } from '../../observe/platform-events.ts'
import { History } from './history.ts'
import type { Subscription } from './subscription.ts'
import { Telemetry } from './telemetry.ts'

const subscription: Subscription = {
  api: 'telemetry',
  schemaVersion: '2022-12-13',
  types: ['platform'],
  buffering: { maxItems: 1000, maxBytes: 262_144, timeoutMs: 100 },
  destination: { protocol: 'TCP', port: 1 },
}

function open() {
  const emitted: PlatformEvent[] = []
  const telemetry = new Telemetry({
    clock: createVirtualClock(),
    logFormat: 'Text',
    emit: (event) => emitted.push(event),
  })
  return { telemetry, emitted }
}

describe('Telemetry', () => {
  test('is not active once init is over and nobody subscribed, and is again after a reset', () => {
    const { telemetry } = open()
    assert.ok(telemetry.isActive && telemetry.wants('platform.runtimeDone'))
    telemetry.closeSubscriptions()
    assert.ok(!telemetry.isActive && !telemetry.wants('platform.runtimeDone'))
    assert.equal(telemetry.subscribe('a', subscription).kind, 'closed')
    telemetry.reset()
    assert.ok(telemetry.isActive && !telemetry.isClosed)
    telemetry.close()
    assert.ok(!telemetry.isActive && telemetry.isClosed)
  })

  test('wants what a subscriber would take', () => {
    const { telemetry } = open()
    telemetry.subscribe('a', { ...subscription, api: 'logs', schemaVersion: '2021-03-18' })
    telemetry.closeSubscriptions()
    assert.ok(telemetry.wants('platform.end') && telemetry.wants('platform.runtimeDone'))
    assert.ok(!telemetry.wants('platform.initRuntimeDone'))
    telemetry.reset()
    telemetry.subscribe('a', { ...subscription, types: ['function'] })
    telemetry.closeSubscriptions()
    assert.ok(telemetry.isActive && !telemetry.wants('platform.runtimeDone'))
    telemetry.close()
  })

  test('has one subscription of one API for each extension', () => {
    const { telemetry, emitted } = open()
    assert.equal(telemetry.subscribe('a', subscription).kind, 'subscribed')
    assert.equal(telemetry.subscribe('a', { ...subscription }).kind, 'already-subscribed')
    const other: Subscription = { ...subscription, types: ['function', 'platform'] }
    assert.equal(telemetry.subscribe('a', other).kind, 'subscribed')
    const logs: Subscription = { ...subscription, api: 'logs', schemaVersion: '2021-03-18' }
    assert.deepEqual(telemetry.subscribe('a', logs), { kind: 'other-api', api: 'telemetry' })
    assert.equal(telemetry.subscribe('b', logs).kind, 'subscribed')
    assert.deepEqual(
      emitted.map(({ type, record }) => [type, record]),
      [
        ['Subscribed', 'a', ['platform']],
        ['Already subscribed', 'a', ['platform']],
        ['Subscribed', 'a', ['function', 'platform']],
        ['Subscribed', 'b', ['platform']],
      ].map(([state, name, types]) => [
        name === 'b' ? 'platform.logsSubscription' : 'platform.telemetrySubscription',
        { name, state, types },
      ]),
    )
    telemetry.close()
  })
})

test('History keeps the oldest records and counts the rest', () => {
  const history = new History()
  for (let count = 0; count < telemetryLimits.maxHistoryCount + 2; count += 1) {
    history.add({ timeMs: 0, type: 'function', line: '' })
  }
  assert.equal(history.records.length, telemetryLimits.maxHistoryCount)
  assert.equal(history.dropped.records, 2)
  const large = new History()
  const line = 'x'.repeat(telemetryLimits.maxHistoryBytes / 2)
  for (let count = 0; count < 3; count += 1) large.add({ timeMs: 0, type: 'function', line })
  assert.deepEqual([large.records.length, large.dropped.records], [1, 2])
})
