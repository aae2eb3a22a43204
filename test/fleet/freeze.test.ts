/**
 * Freezing with real processes: between invocations nothing of a function runs.
 * source: AWS Lambda dev guide "Understanding the Lambda execution environment lifecycle"
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { suite, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { lambdaClient } from '../support/clients.ts'
import { startServer } from '../support/server.ts'
import { until } from '../support/until.ts'
import { deploy, invoke } from '../support/functions.ts'

const FunctionName = 'ticker'

/** Leaves a timer running, and work that wants all of a processor. */
const source = `
let tickCount = 0
setInterval(() => {
  tickCount++
  const untilMs = performance.now() + 2
  while (performance.now() < untilMs);
}, 5)
export const handler = async () => ({ pid: process.pid, tickCount })`

type Body = { pid: number; tickCount: number }

suite('freezing', () => {
  test('a timer that is left running shows no tick while frozen, and no CPU is used', async () => {
    await using server = await startServer({ arguments: ['--no-warm-pool'] })
    using client = disposable(lambdaClient(server))
    await deploy(client.value, FunctionName, source)
    const ask = async () => (await invoke(client.value, FunctionName)).body as Body
    const { pid } = await ask()
    await until(() => stateOf(pid) === 'T')
    const before = cpuTicks(pid)
    await setTimeout(1000)
    assert.equal(cpuTicks(pid), before)
    const first = await ask()
    await until(() => stateOf(pid) === 'T')
    await setTimeout(1000)
    const second = await ask()
    assert.equal(second.pid, first.pid)
    // 200 ticks would fit into the second; those there are came before it froze and after it thawed.
    const passed = second.tickCount - first.tickCount
    assert.ok(passed < 100, `${passed} ticks`)
  })

  test('with --no-freeze it goes on between invocations', async () => {
    await using server = await startServer({ arguments: ['--no-warm-pool', '--no-freeze'] })
    using client = disposable(lambdaClient(server))
    await deploy(client.value, FunctionName, source)
    const ask = async () => (await invoke(client.value, FunctionName)).body as Body
    const first = await ask()
    await setTimeout(1000)
    const second = await ask()
    assert.ok(second.tickCount - first.tickCount >= 20)
  })

  test('what froze for long answers as fast as ever, and a stop does not wait for it', async () => {
    await using server = await startServer({ arguments: ['--no-warm-pool'] })
    using client = disposable(lambdaClient(server))
    await deploy(client.value, FunctionName, source)
    const { pid } = (await invoke(client.value, FunctionName)).body as Body
    for (let count = 0; count < 5; count++) {
      await until(() => stateOf(pid) === 'T')
      const again = (await invoke(client.value, FunctionName)).body as Body
      assert.equal(again.pid, pid)
    }
    await until(() => stateOf(pid) === 'T')
    const startedMs = performance.now()
    await server.stop()
    assert.ok(performance.now() - startedMs < 5000)
    await until(() => stateOf(pid) === undefined)
  })
})

function disposable<Value extends { destroy(): void }>(
  value: Value,
): { value: Value } & Disposable {
  return { value, [Symbol.dispose]: () => value.destroy() }
}

/** `T` when it is stopped; undefined when it is gone. source: proc_pid_stat(5) */
function stateOf(pid: number): string | undefined {
  return fieldsOf(pid)?.[0]
}

/** Processor time, user and system, in ticks of 10 ms. */
function cpuTicks(pid: number): number {
  const fields = fieldsOf(pid) ?? []
  return Number(fields[11]) + Number(fields[12])
}

function fieldsOf(pid: number): string[] | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  } catch {
    return undefined
  }
}
