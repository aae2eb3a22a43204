/** External and internal extensions with real processes: barriers, crashes at each phase, and the end. */
import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { makeLayers, openExtended, plain } from './extension-support.ts'
import { openDriver, openEnvironment } from './support.ts'

const driver = await openDriver()
after(() => driver[Symbol.asyncDispose]())

const id = 'c0ffee00-0000-4000-8000-000000000001'
const payload = (errorType: string, text: string) =>
  JSON.stringify({ errorType, errorMessage: `RequestId: ${id} Error: ${text}` })

describe('extensions', { concurrency: 3 }, () => {
  test('external extensions register before the runtime starts, and hear of each invocation', async () => {
    await using env = openExtended(driver, { one: { registered: 'sleep:50' }, two: { events: [] } })
    const told = await env.invoke({})
    assert.equal(JSON.parse(told.text).count, 1)
    const runtimeStarts = env.log.indexOf('init 1')
    for (const name of ['one', 'two']) {
      const registered = env.log.findIndex((line) => line.startsWith(`${name} registered 200`))
      assert.ok(registered >= 0 && registered < runtimeStarts, env.log.join('\n'))
    }
    assert.match(
      env.log.join('\n'),
      /one registered 200 \{"functionName":"fn","functionVersion":"\$LATEST","handler":"index.handler"\}/,
    )
    const [extensions] = [env.log.filter((line) => line.startsWith('EXTENSION'))]
    assert.deepEqual(extensions, [
      'EXTENSION\tName: one\tState: Ready\tEvents: [INVOKE, SHUTDOWN]',
      'EXTENSION\tName: two\tState: Ready\tEvents: []',
    ])
    assert.ok(env.log.indexOf(extensions[1] ?? '') < env.log.indexOf('START'))
    const invoked = env.log.filter((line) => line.includes('INVOKE c0ffee'))
    assert.equal(invoked.length, 1)
    const [, , , leftMs, trace] = invoked[0]?.split(' ') ?? []
    assert.ok(Number(leftMs) > 4000 && Number(leftMs) <= 5000, leftMs)
    assert.match(trace ?? '', /^Root=1-/)
    assert.ok((told.outcome.measured.extensionOverhead?.durationMs ?? -1) >= 0)
    const again = await env.invoke({})
    assert.equal(JSON.parse(again.text).count, 2)
  })

  test('a slow extension holds the environment, but not the response', async () => {
    await using env = openExtended(driver, { slow: { invoke: 'sleep:400' } })
    await env.invoke({})
    const startedAt = performance.now()
    let repliedMs = 0
    const told = await env.invoke({}, {}, () => (repliedMs ||= performance.now() - startedAt))
    const freeMs = performance.now() - startedAt
    assert.ok(repliedMs < 250, `${repliedMs} ms`)
    assert.ok(freeMs >= 395, `${freeMs} ms`)
    const { durationMs, extensionOverhead } = told.outcome.measured
    assert.ok(durationMs >= 395 && (extensionOverhead?.durationMs ?? 0) > 300)
  })

  test('the timeout covers the extensions; the caller keeps its answer', async () => {
    await using env = openExtended(
      driver,
      { hangs: { invoke: 'hang' } },
      { version: { timeoutMs: 1000 } },
    )
    const told = await env.invoke({})
    assert.equal(JSON.parse(told.text).count, 1)
    assert.equal(told.outcome.reply.kind, 'timeout')
    assert.equal(told.outcome.measured.durationMs, 1000)
    assert.equal(env.environment.state, 'ready')
  })

  const crashes = [
    ['start', 'exit:0', 'Extension.Crash', 'exit code 0'],
    ['start', 'exit:3', 'Extension.Crash', 'exit status 3'],
    ['registered', 'signal:SIGKILL', 'Extension.Crash', 'signal: killed'],
    ['registered', 'init-error', 'Extension.InitError', 'exit status 1'],
    ['registered', 'exit-error:0', 'Extension.ExitError', 'exit code 0'],
    ['invoke', 'exit:1', 'Extension.Crash', 'exit status 1'],
    ['invoke', 'exit-error:2', 'Extension.ExitError', 'exit status 2'],
  ] as const

  for (const [when, what, errorType, text] of crashes) {
    test(`an extension that does ${what} at ${when} ends the invocation`, async () => {
      // The handler waits, so that the extension comes first.
      await using env = openExtended(driver, { bad: { [when]: what } })
      const told = await env.invoke({ do: 'sleep', ms: 4000 })
      assert.equal(told.text, payload(errorType, text))
      assert.deepEqual(
        [
          told.outcome.reply.kind,
          'errorType' in told.outcome.reply && told.outcome.reply.errorType,
        ],
        ['crashed', errorType],
      )
      const reports = plain(env.log.filter((line) => line.startsWith('INIT_REPORT')))
      const failed = (phase: string) =>
        `INIT_REPORT Init Duration: N\tPhase: ${phase}\tStatus: error\tError Type: ${errorType}`
      assert.deepEqual(reports, when === 'invoke' ? [] : [failed('init'), failed('invoke')])
      assert.equal(env.environment.state, 'ready')
    })
  }

  test('an extension that crashes after the response leaves the caller its answer', async () => {
    await using env = openExtended(driver, { late: { invoke: 'exit-after:200' } })
    const told = await env.invoke({})
    assert.equal(JSON.parse(told.text).count, 1)
    assert.equal(told.replies.length, 1)
    const { reply } = told.outcome
    assert.deepEqual(
      [reply.kind, 'errorType' in reply && reply.errorType],
      ['crashed', 'Extension.Crash'],
    )
    assert.equal(JSON.parse((await env.invoke({})).text).count, 1)
  })

  test('what extensions hold counts as used, and as too much', async () => {
    await using env = openExtended(driver, { holds: { registered: 'hold:100' } })
    const { outcome } = await env.invoke({ do: 'sleep', ms: 150 })
    assert.ok(outcome.measured.maxMemoryUsedMib > 150, `${outcome.measured.maxMemoryUsedMib} MiB`)
    const memoryMib = 128
    await using small = openExtended(
      driver,
      { holds: { invoke: 'hold:120' } },
      { version: { memoryMib } },
    )
    const told = await small.invoke({ do: 'sleep', ms: 4000 })
    assert.equal(told.text, payload('Extension.Crash', 'signal: killed'))
    assert.equal(told.outcome.measured.maxMemoryUsedMib, memoryMib)
  })

  test('an extension that cannot be launched is an error with its reason', async () => {
    using layers = makeLayers({ 'extensions/broken': '#!/no/such/interpreter\n' })
    await using env = openEnvironment(driver, { version: { layersPath: layers.path } })
    const told = await env.invoke({})
    assert.equal(
      told.text,
      payload(
        'Extension.LaunchError',
        'fork/exec /opt/extensions/broken: no such file or directory',
      ),
    )
    assert.ok(
      env.log.includes(
        'EXTENSION\tName: broken\tState: LaunchError\tEvents: []\tError Type: UnknownError',
      ),
      env.log.join('\n'),
    )
  })

  test('an extension that dies while idle is started anew, with the runtime and the others', async () => {
    await using env = openExtended(driver, { dies: { invoke: 'exit-later:50' }, other: {} })
    await env.invoke({ do: 'file' })
    const isOver = () => env.log.some((line) => line.includes('SHUTDOWN failure'))
    for (let turn = 0; turn < 300 && !isOver(); turn += 1) await setTimeout(10)
    assert.equal(env.environment.state, 'ready')
    const told = await env.invoke({ do: 'file' })
    const { count, kept } = JSON.parse(told.text)
    assert.deepEqual([count, kept], [1, 1], env.log.join('\n'))
    const log = env.log.join('\n')
    assert.match(log, /other SHUTDOWN failure/)
    assert.equal(log.match(/dies starts/g)?.length, 2)
  })

  test('a runtime that exits takes its extensions with it, which are told of a failure', async () => {
    await using env = openExtended(driver, { one: {} })
    const crashed = await env.invoke({ do: 'exit', code: 1 })
    assert.equal(
      crashed.text,
      payload('Runtime.ExitError', 'Runtime exited with error: exit status 1'),
    )
    assert.match(env.log.join('\n'), /one SHUTDOWN failure/)
    assert.equal(JSON.parse((await env.invoke({})).text).count, 1)
  })

  test('more than ten extensions are refused', async () => {
    const plans = Object.fromEntries(Array.from({ length: 11 }, (_, index) => [`e${index}`, {}]))
    await using env = openExtended(driver, plans)
    const told = await env.invoke({})
    assert.equal(told.text, payload('Extension.LaunchError', 'ErrTooManyExtensions'))
    assert.match(env.log.join('\n'), /State: LaunchError\tEvents: \[\]\tError Type: TooManyExt/)
  })

  test('an extension that registers under another name leaves its place empty', async () => {
    await using env = openExtended(
      driver,
      { one: { as: 'other', events: ['INVOKE'] } },
      { initTimeoutMs: 400, version: { timeoutMs: 1000 } },
    )
    const told = await env.invoke({})
    assert.equal(told.outcome.reply.kind, 'timeout')
    const log = env.log.join('\n')
    assert.match(log, /EXTENSION\tName: one\tState: Started\tEvents: \[\]\n/)
    assert.match(log, /EXTENSION\tName: other\tState: Ready\tEvents: \[INVOKE\]\n/)
    assert.doesNotMatch(log, /^init 1/m)
  })

  test('a file beside the folder switches extensions off', async () => {
    using layers = makeLayers({
      'extensions/one': '#!/bin/sh\nexit 1\n',
      'disable-extensions-jwigqn8j': '',
    })
    await using env = openEnvironment(driver, { version: { layersPath: layers.path } })
    assert.equal(JSON.parse((await env.invoke({})).text).count, 1)
  })

  test('extensions get the variables of the function, not those of the runtime', async () => {
    using layers = makeLayers({ 'extensions/env': '#!/bin/sh\nenv; exit 1\n' })
    await using env = openEnvironment(driver, {
      version: { layersPath: layers.path, environment: { MINE: '1' } },
      credentials: () => ({ accessKeyId: 'A', secretAccessKey: 'S', sessionToken: 'T' }),
    })
    await env.invoke({})
    const seen = new Map(
      env.log.map((line) => [line.split('=')[0], line.slice(line.indexOf('=') + 1)]),
    )
    for (const [name, value] of Object.entries({
      MINE: '1',
      AWS_ACCESS_KEY_ID: 'A',
      AWS_LAMBDA_FUNCTION_NAME: 'fn',
      AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
    })) {
      assert.equal(seen.get(name), value, name)
    }
    assert.match(seen.get('AWS_LAMBDA_RUNTIME_API') ?? '', /^127\.0\.0\.1:\d+$/)
    for (const name of ['_HANDLER', 'LAMBDA_TASK_ROOT', 'AWS_EXECUTION_ENV', 'SHLVL_']) {
      assert.equal(seen.get(name), undefined, name)
    }
  })
})
