/** Functions that log in JSON: which of their lines and of the platform's the log shows. */
import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { openDriver, openEnvironment } from './support.ts'

const driver = await openDriver()
after(() => driver[Symbol.asyncDispose]())

describe('logs in JSON', { concurrency: 2 }, () => {
  test('show the lines of the function that are as loud as its application log level', async () => {
    await using env = openEnvironment(driver, {
      version: { logFormat: 'JSON', applicationLogLevel: 'WARN' },
    })
    const line = (level: string) => JSON.stringify({ level, timestamp: '2026-11-20T01:02:03Z' })
    const text = [line('INFO'), line('WARN'), 'plain', line('fatal'), '{"level":"ERROR"}', '']
    const { lines } = await env.invoke({ do: 'print', text: text.join('\n') })
    const shown = [line('WARN'), line('fatal')]
    assert.deepEqual(lines, shown)
    assert.deepEqual(env.log.slice(-2), shown)
  })

  test('show the events of the platform that are as loud as its system log level', async () => {
    await using quiet = openEnvironment(driver, {
      version: { logFormat: 'JSON', systemLogLevel: 'WARN' },
    })
    await quiet.invoke({})
    assert.deepEqual(quiet.log, ['init 1', 'START'])
    await using usual = openEnvironment(driver, { version: { logFormat: 'JSON' } })
    const { initializationType, functionName } = JSON.parse(usual.log[0] ?? '').record
    assert.deepEqual([initializationType, functionName], ['on-demand', 'fn'])
  })
})
