/** Environments that are frozen: whatever they are wanted for, they thaw. */
import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { openExtended } from './extension-support.ts'
import { ends, openDriver, openEnvironment } from './support.ts'

const driver = await openDriver()
after(() => driver[Symbol.asyncDispose]())

describe('freezing', { concurrency: 3 }, () => {
  test('a frozen environment serves the next invocation, extensions and all', async () => {
    await using env = openExtended(driver, { one: {} })
    for (let count = 1; count <= 3; count += 1) {
      const { text } = await env.invoke({})
      assert.equal(JSON.parse(text).count, count)
      env.environment.freeze()
      assert.equal(env.environment.state, 'frozen')
    }
  })

  test('a frozen environment is told of its end, and has time for it', async () => {
    await using env = openExtended(driver, { told: {} })
    await env.invoke({})
    env.environment.freeze()
    const startedAt = performance.now()
    await env.environment.stop('spindown')
    const ms = performance.now() - startedAt
    assert.ok(ms < 1500, `${ms} ms`)
    assert.match(env.log.join('\n'), /told SHUTDOWN spindown/)
  })

  test('one whose process was killed while frozen starts anew', async () => {
    await using env = openEnvironment(driver)
    const { pid } = JSON.parse((await env.invoke({ do: 'file' })).text) as { pid: number }
    env.environment.freeze()
    process.kill(pid, 'SIGKILL')
    await ends(pid)
    const first = await env.invoke({})
    // Whose end is told only after the event was handed over fails that invocation, and no further one.
    const { text } = first.replies[0]?.kind === 'crashed' ? await env.invoke({}) : first
    assert.equal(JSON.parse(text).count, 1)
  })

  test('only what is ready is frozen, and nothing that must not be', async () => {
    await using busy = openEnvironment(driver)
    busy.environment.freeze()
    assert.equal(busy.environment.state, 'starting')
    const running = busy.invoke({ do: 'sleep', ms: 50 })
    busy.environment.freeze()
    assert.equal(busy.environment.state, 'busy')
    await running
    await using debugged = openEnvironment(driver, { isFreezable: false })
    await debugged.invoke({})
    debugged.environment.freeze()
    assert.equal(debugged.environment.state, 'ready')
  })
})
