/** How often the supervisor looks at its processes: real processes, on a clock that the test moves. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { samplerFor } from '../../src/sandbox/process/memory.ts'
import { Supervisor } from '../../src/sandbox/process/supervisor.ts'
import { createVirtualClock } from '../support/virtual-clock.ts'

const isLinux = process.platform === 'linux'
const minuteMs = 60_000
/** shorter than any interval */
const stepMs = 24

test(
  'a process that is frozen, or waits for work, is hardly looked at, and at once when it goes on',
  { skip: !isLinux },
  async () => {
    const clock = createVirtualClock()
    const { promise: ended, resolve } = Promise.withResolvers<void>()
    const real = samplerFor('linux')
    let sampleCount = 0
    const supervisor = new Supervisor(
      clock,
      (event) => event.event === 'exited' && resolve(),
      async (pids) => {
        sampleCount += 1
        return (await real?.(pids)) ?? new Map()
      },
    )
    const samplesIn = async (ms: number, step = () => {}): Promise<number> => {
      const before = sampleCount
      for (let passedMs = 0; passedMs < ms; passedMs += stepMs) {
        step()
        clock.advance(stepMs)
        for (let turn = 0; turn < 4; turn += 1) await setImmediate()
      }
      return sampleCount - before
    }
    const environment = { PATH: process.env['PATH'] ?? '' }
    const request = { argv: ['sleep', '1000'] as const, environment, workingDirectory: '/' }
    supervisor.start(1, { ...request, hasInput: false })
    const waitingCount = await samplesIn(minuteMs)
    const temporaryDirectory = '/nonexistent'
    supervisor.limit(1, { memoryMib: 128, ephemeralStorageMib: 512, temporaryDirectory })
    const idleCount = await samplesIn(minuteMs)
    supervisor.rest(1, true)
    const frozenCount = await samplesIn(minuteMs)
    supervisor.rest(1, false)
    const thawedCount = await samplesIn(2 * stepMs)
    const busyCount = await samplesIn(minuteMs, () => {
      supervisor.rest(1, false)
      supervisor.rest(1, true)
    })
    supervisor.killAll()
    await ended
    assert.equal(clock.timerCount <= 1, true)
    assert.ok(waitingCount < 50, `waiting: ${waitingCount}`)
    assert.ok(idleCount > 100, `idle: ${idleCount}`)
    assert.ok(frozenCount <= 7, `frozen: ${frozenCount}`)
    assert.ok(busyCount > 100, `frozen and thawed all the time: ${busyCount}`)
    assert.ok(thawedCount >= 1, `thawed: ${thawedCount}`)
  },
)
