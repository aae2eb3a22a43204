/** What a telemetry extension is told of the life of its environment, with real processes and the whole trunk. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import type { FunctionVersion } from '../../src/model.ts'
import { openRunner, scripted } from '../invoke/runner.ts'
import { until } from '../support/until.ts'
import { makeCode, makeFolder, programs } from './support.ts'
import { telemetryLayer } from './telemetry-layer.ts'

/** Run events one after the other, then end the environment: what it has to tell is told by then. */
async function run(version: FunctionVersion, events: readonly object[]): Promise<void> {
  await using runner = await openRunner()
  for (const event of events) await runner.invoke(version, event)
}

/** A version with the telemetry extension in a layer, and what the extension was told. */
function watched(differing: Partial<FunctionVersion> = {}) {
  const layer = telemetryLayer()
  const version = scripted({
    layersPath: layer.layersPath,
    ...differing,
    environment: { ...differing.environment, ...layer.environment },
  })
  const find = (type: string) =>
    layer.events().find((event) => event.type === `platform.${type}`)?.record
  return { ...layer, version, find }
}

describe('a telemetry extension is told', { concurrency: 2 }, () => {
  test('every record of a cold start, a warm one and the end, in order', async () => {
    using watch = watched()
    await run(watch.version, [{ log: 'hello' }, {}])
    const own = watch.events().filter(({ type }) => type !== 'extension')
    const cold = 'initStart initRuntimeDone extension initReport'
    const runs = 'start function runtimeDone report start runtimeDone report'
    const types = own.map(({ type }) => type.replace('platform.', ''))
    // The runtime starts when the extension has registered; which of the two is sooner then is not said.
    const at = types.indexOf('telemetrySubscription')
    assert.ok(at > types.indexOf('initStart') && at < types.indexOf('extension'), types.join(' '))
    assert.equal(types.toSpliced(at, 1).join(' '), `subscription ${cold} ${runs} shutdown`)
    const times = own.flatMap(({ time }) => (time === undefined ? [] : [time]))
    assert.deepEqual(times, times.toSorted())
    assert.deepEqual(watch.events()[0], {
      type: 'subscription',
      record: [200, '"OK"'],
    })
    const { functionName, phase, initializationType, instanceMaxMemory } = watch.find('initStart')
    assert.deepEqual(
      [functionName, phase, initializationType, instanceMaxMemory],
      ['f', 'init', 'on-demand', 128 * 1024 * 1024],
    )
    assert.deepEqual(watch.find('extension'), {
      name: 'watcher',
      state: 'Ready',
      events: ['INVOKE', 'SHUTDOWN'],
    })
    const done = watch.find('runtimeDone')
    assert.equal(done.status, 'success')
    assert.deepEqual(
      done.spans.map(({ name }: { name: string }) => name),
      ['responseLatency', 'responseDuration', 'runtimeOverhead'],
    )
    assert.ok(done.metrics.producedBytes > 50)
    const report = watch.find('report')
    assert.equal(report.status, 'success')
    assert.ok(report.metrics.initDurationMs > 0)
    assert.equal(report.spans[0].name, 'extensionOverhead')
    const lines = watch.events().filter(({ type }) => type === 'function' || type === 'extension')
    assert.deepEqual(lines.map(({ type, record }) => `${type} ${record}`).toSorted(), [
      'extension extension is up\n',
      'function hello\n',
    ])
  })

  test('of an init that fails, and of the one that follows', async () => {
    // Each time it fails once the extension has subscribed.
    using code = makeCode(`#!/bin/sh
exec 2>/dev/null
echo >>"$TMPDIR/starts"
until [ "$(grep -c '"subscription"' "$EVENTS")" -ge "$(wc -l <"$TMPDIR/starts")" ]; do sleep 0.02; done
exit 3
`)
    using watch = watched({ codePath: code.path })
    await run(watch.version, [{}])
    const told = watch
      .events()
      .map(({ type }) => type)
      .filter((type) => type === 'shutdown' || type.startsWith('platform.'))
      .join(' ')
      .replaceAll('platform.', '')
      .replaceAll(' telemetrySubscription', '')
    const generation = 'initStart initRuntimeDone extension initReport shutdown'
    assert.ok(told.startsWith(`${generation} ${generation}`), told)
    assert.deepEqual(watch.find('initRuntimeDone'), {
      initializationType: 'on-demand',
      phase: 'init',
      status: 'error',
      errorType: 'Runtime.ExitError',
    })
  })

  test('of a timeout: runtimeDone comes before the end', async () => {
    using watch = watched({ timeoutMs: 3000 })
    await run(watch.version, [{}, { sleep: 60 }, {}])
    const types = watch.types()
    const end = types.indexOf('shutdown')
    assert.equal(types.slice(0, end).filter((type) => type === 'runtimeDone').length, 2)
    assert.equal(watch.events()[end]?.record, 'timeout')
    const statuses = (type: string) =>
      watch
        .events()
        .filter((event) => event.type === type)
        .map(({ record }) => record.status)
    assert.deepEqual(statuses('platform.runtimeDone'), ['success', 'timeout', 'success'])
    // That one is told to the next generation: its own was gone.
    assert.deepEqual(statuses('platform.report'), ['success', 'timeout', 'success'])
    assert.ok(types.lastIndexOf('initStart') > end)
  })

  test('of a crash, by the Logs API: fault, end and smaller records', async () => {
    using watch = watched({ environment: { API: 'logs' } })
    await run(watch.version, [{}, { exit: 3 }])
    const types = watch.events().map(({ type }) => type)
    assert.equal(
      types
        .filter((type) => type.startsWith('platform.'))
        .join(' ')
        .replaceAll('platform.', ''),
      'logsSubscription extension start runtimeDone end report start fault runtimeDone',
    )
    assert.deepEqual(Object.keys(watch.find('runtimeDone')), ['requestId', 'status'])
    assert.deepEqual(Object.keys(watch.find('report')), ['requestId', 'metrics'])
    assert.match(
      watch.find('fault'),
      /^RequestId: \S+ Error: Runtime exited with error: exit status 3\nRuntime\.ExitError\n$/,
    )
  })

  test('only what it subscribed to; JSON lines as objects; nothing may be asked for after init', async () => {
    using watch = watched({
      logFormat: 'JSON',
      environment: { SUBSCRIPTION: JSON.stringify({ types: ['function'] }), LATE: '1' },
    })
    await run(watch.version, [{ log: '{' }])
    const closed =
      '{"errorMessage":"Telemetry API subscription is closed already","errorType":"Telemetry.SubscriptionClosed"}\n'
    const told = watch.events().map(({ type, record }) => JSON.stringify([type, record]))
    assert.deepEqual(
      told.toSorted(),
      [
        ['function', '{\n'],
        ['shutdown', 'spindown'],
        ['subscription', [200, '"OK"']],
        ['subscription', [403, closed]],
      ].map((event) => JSON.stringify(event)),
    )
  })

  test('the same within the runtime process: all that waits is delivered before the end', async () => {
    using folder = makeFolder()
    const program = join(programs, 'telemetry-inside.mjs')
    using code = makeCode(`#!${process.execPath}\nimport(${JSON.stringify(program)})\n`)
    const file = join(folder.path, 'events')
    await run(scripted({ codePath: code.path, environment: { EVENTS: file } }), [{}, {}])
    const types = readFileSync(file, 'utf8').matchAll(/"type":"platform\.([^"]*)"/g)
    assert.equal(
      [...types].map(([, type]) => type).join(' '),
      'initStart telemetrySubscription initRuntimeDone extension initReport ' +
        'start runtimeDone report start runtimeDone report',
    )
  })

  test('nothing while it is frozen, and all of it when it goes on', async () => {
    using watch = watched({
      environment: {
        SUBSCRIPTION: JSON.stringify({
          buffering: { timeoutMs: 500, maxItems: 1000, maxBytes: 262_144 },
        }),
      },
    })
    await using runner = await openRunner()
    await runner.invoke(watch.version, {})
    await setTimeout(700)
    assert.ok(!watch.types().includes('report'))
    await runner.invoke(watch.version, { sleep: 0.5 })
    await until(() => watch.types().includes('report'))
  })
})
