/** The end of environments with extensions: who is told what, and how long all of it may take. */
import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { makeLayers, openExtended } from './extension-support.ts'
import { ends, openDriver, openEnvironment } from './support.ts'

const driver = await openDriver()
after(() => driver[Symbol.asyncDispose]())

/** Stop an environment. @returns ms it took */
async function stopped(env: {
  environment: { stop(reason: 'spindown'): Promise<void> }
}): Promise<number> {
  const startedAt = performance.now()
  await env.environment.stop('spindown')
  return performance.now() - startedAt
}

describe('shutdown', { concurrency: 3 }, () => {
  test('SHUTDOWN says spindown and leaves two seconds; who did not subscribe is killed', async () => {
    await using env = openExtended(driver, { told: {}, untold: { events: ['INVOKE'] } })
    await env.invoke({})
    const ms = await stopped(env)
    const line = env.log.find((each) => each.startsWith('told SHUTDOWN')) ?? env.log.join('\n')
    const [, , reason, leftMs] = line.split(' ')
    assert.equal(reason, 'spindown')
    assert.ok(Number(leftMs) > 1200 && Number(leftMs) <= 2000, line)
    assert.ok(ms < 1500, `${ms} ms`)
    assert.doesNotMatch(env.log.join('\n'), /untold SHUTDOWN/)
  })

  test('an extension that does not end is killed after two seconds', async () => {
    await using env = openExtended(driver, { stays: { shutdown: 'hang' } })
    await env.invoke({})
    const ms = await stopped(env)
    assert.ok(ms >= 1900 && ms < 2900, `${ms} ms`)
  })

  test('a timeout and a crash are the reasons of a reset', async () => {
    await using env = openExtended(driver, { one: {} }, { version: { timeoutMs: 1000 } })
    await env.invoke({ do: 'sleep', ms: 5000 })
    await env.invoke({ do: 'exit', code: 1 })
    await env.invoke({})
    await env.environment.stop('spindown')
    const reasons = env.log
      .filter((line) => line.includes('SHUTDOWN '))
      .map((line) => line.split(' ')[2])
    assert.deepEqual(reasons, ['timeout', 'failure', 'spindown'])
  })

  test('an internal extension without events brings the runtime SIGTERM', async () => {
    const changes = { version: { environment: { INTERNAL: 'true', ON_SIGTERM: 'exit' } } }
    await using env = openEnvironment(driver, changes)
    const told = await env.invoke({})
    assert.equal(JSON.parse(told.text).count, 1)
    const ms = await stopped(env)
    assert.ok(env.log.includes('got SIGTERM'), env.log.join('\n'))
    assert.ok(ms < 290, `${ms} ms`)
  })

  test('a runtime that ignores SIGTERM has 300 ms, or 500 with external extensions', async () => {
    const environment = { INTERNAL: 'true', ON_SIGTERM: 'stay' }
    await using internal = openEnvironment(driver, { version: { environment } })
    await internal.invoke({})
    const internalMs = await stopped(internal)
    assert.ok(internalMs >= 290 && internalMs < 700, `${internalMs} ms`)
    await using external = openExtended(driver, { one: {} }, { version: { environment } })
    await external.invoke({})
    const externalMs = await stopped(external)
    assert.ok(externalMs >= 490 && externalMs < 1200, `${externalMs} ms`)
  })

  test('without extensions nobody is told, and nobody waits', async () => {
    await using env = openEnvironment(driver, { version: { environment: { ON_SIGTERM: 'stay' } } })
    await env.invoke({})
    const ms = await stopped(env)
    assert.ok(ms < 250, `${ms} ms`)
    assert.ok(!env.log.includes('got SIGTERM'))
  })

  test('a bash extension works with curl, and leaves nothing, nor does what it started', async () => {
    using layers = makeLayers({
      'extensions/bash': `#!/bin/bash
api="http://$AWS_LAMBDA_RUNTIME_API/2020-01-01/extension"
sleep 1000 &
echo "pids $$ $!"
id=$(curl -sS -D - -o /dev/null -H 'Lambda-Extension-Name: bash' -d '{"events":["INVOKE","SHUTDOWN"]}' "$api/register" | grep -i '^lambda-extension-identifier:' | tr -d '\r' | cut -d ' ' -f 2)
while true; do
  event=$(curl -sS -H "Lambda-Extension-Identifier: $id" "$api/event/next")
  echo "event $event"
  case "$event" in *SHUTDOWN*) exit 0 ;; esac
done
`,
    })
    await using env = openEnvironment(driver, { version: { layersPath: layers.path } })
    for (let count = 1; count <= 3; count += 1) {
      assert.equal(JSON.parse((await env.invoke({})).text).count, count)
    }
    await stopped(env)
    const log = env.log.join('\n')
    assert.equal(log.match(/^event \{"eventType":"INVOKE"/gm)?.length, 3)
    assert.match(log, /^event \{"eventType":"SHUTDOWN".*"shutdownReason":"spindown"\}$/m)
    const pids = /^pids (\d+) (\d+)$/m.exec(log)?.slice(1).map(Number) ?? []
    assert.equal(pids.length, 2)
    for (const pid of pids) await ends(pid)
  })

  test('a busy environment finishes first when it drains', async () => {
    await using env = openExtended(driver, { one: {} })
    const running = env.invoke({ do: 'sleep', ms: 300 })
    while (!env.log.some((line) => line.includes('INVOKE'))) await new Promise(setImmediate)
    await env.environment.stop('spindown', { drain: true })
    assert.equal((await running).outcome.reply.kind, 'ok')
    assert.match(env.log.join('\n'), /one SHUTDOWN spindown/)
  })
})
