import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { systemClock } from '../../../lib/clock.ts'
import { checkPayload, checkSize } from './invoke-payload.ts'
import { JsonThread } from './json-thread.ts'

const thread = new JsonThread(systemClock)
after(() => thread.close())

test('checkSize() allows what AWS allows', () => {
  checkSize([Buffer.alloc(3 * 1024 * 1024), Buffer.alloc(3 * 1024 * 1024 + 100)], false)
  checkSize([Buffer.alloc(1024 * 1024)], true)
  assert.throws(() => checkSize([Buffer.alloc(6 * 1024 * 1024 + 101)], false), { status: 413 })
  assert.throws(() => checkSize([Buffer.alloc(1024 * 1024), Buffer.alloc(1)], true), {
    status: 413,
  })
})

test('checkPayload() passes a small payload on at once, uncopied', () => {
  const body = [Buffer.from('{"a"'), Buffer.from(':1}')]
  assert.equal(checkPayload(body, thread), body)
  assert.equal(Buffer.concat(checkPayload([], thread) as Uint8Array[]).toString(), '{}')
  assert.throws(() => checkPayload([Buffer.from('{')], thread), {
    code: 'InvalidRequestContentException',
    status: 400,
  })
})

test('checkPayload() checks large payloads on another thread, in any number at once', async () => {
  const good = [Buffer.from(`["${'é'.repeat(200_000)}"`), Buffer.from(']')]
  const bad = [Buffer.from(`["${'é'.repeat(200_000)}"`)]
  const checks = [good, bad, good, bad].map(async (body) => await checkPayload(body, thread))
  const results = await Promise.allSettled(checks)
  assert.deepEqual(
    results.map(({ status }) => status),
    ['fulfilled', 'rejected', 'fulfilled', 'rejected'],
  )
  assert.deepEqual(await checks[0], good)
})

test('checkPayload() goes on when its thread is gone', async () => {
  const own = new JsonThread(systemClock)
  const check = checkPayload([Buffer.from(`"${'x'.repeat(300_000)}`)], own)
  await own.close()
  await assert.rejects(async () => await check, { code: 'InvalidRequestContentException' })
  const body = [Buffer.from(`"${'x'.repeat(300_000)}"`)]
  assert.equal(await checkPayload(body, own), body)
  await own.close()
})
