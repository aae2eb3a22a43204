/** Waiting for what comes soon: looked at every few milliseconds, and not for ever. */
import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'

const limitMs = 10_000
const stepMs = 5

/** Wait until `condition` holds. @throws AssertionError after 10 s, with the text of the condition */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const endMs = performance.now() + limitMs
  while (!(await condition())) {
    assert.ok(performance.now() < endMs, `not within 10 s: ${condition.toString()}`)
    await sleep(stepMs)
  }
}
