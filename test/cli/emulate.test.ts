/** `lair emulate`: unsigned invocations on one port, as AWS's Runtime Interface Emulator takes them. */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { refusal, running, temporaryFolder } from './lair.ts'

const source = `export const handler = async (event, context) => {
  console.log('seen')
  if (event.fail) throw new RangeError('asked to')
  if (event.tell) return [context.awsRequestId, context.memoryLimitInMB]
  if (event.hang) for (;;);
  return { event, custom: context.clientContext?.custom }
}`

test('emulate answers unsigned invocations until it is told to stop', async (t) => {
  const folder = temporaryFolder(t)
  writeFileSync(join(folder, 'index.mjs'), source)
  const emulator = running(t, ['emulate', folder, '--port', '0', '--json'])
  const { endpoint } = JSON.parse(await emulator.line())
  const url = `${endpoint}/2015-03-31/functions/function/invocations`
  const post = (body: string, headers: Record<string, string> = {}) =>
    fetch(url, { method: 'POST', body, headers })

  const clientContext = Buffer.from('{"custom":{"a":1}}').toString('base64')
  const answer = await post('{"n":1}', {
    'x-amz-client-context': clientContext,
    'x-amz-log-type': 'Tail',
  })
  assert.equal(answer.status, 200)
  assert.deepEqual(await answer.json(), { event: { n: 1 }, custom: { a: 1 } })
  const tail = Buffer.from(answer.headers.get('x-amz-log-result') ?? '', 'base64').toString()
  assert.match(tail, /^START RequestId[^]*seen[^]*END RequestId/)

  const failed = await post('{"fail":true}')
  assert.equal(failed.status, 200)
  assert.equal(failed.headers.get('x-amz-function-error'), 'Unhandled')
  assert.match(await failed.text(), /"errorType":"RangeError"/)

  assert.equal((await post('{}', { origin: 'https://evil.example' })).status, 403)
  assert.equal((await post('{}', { origin: 'http://localhost:3000' })).status, 200)
  const empty = await post('')
  assert.deepEqual(await empty.json(), { event: {} })
  const told = await post('{"tell":true}')
  assert.deepEqual(await told.json(), [told.headers.get('x-amzn-requestid'), '3008'])

  assert.equal((await fetch(url)).status, 404)
  assert.equal((await fetch(`${endpoint}/elsewhere`, { method: 'POST' })).status, 404)
  assert.equal(await emulator.stop(), 0)
})

test('emulate takes memory and timeout from the variables of the emulator it stands for', async (t) => {
  const folder = temporaryFolder(t)
  writeFileSync(join(folder, 'index.mjs'), source)
  const env = {
    AWS_LAMBDA_FUNCTION_TIMEOUT: '1',
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '512',
  }
  const emulator = running(t, ['emulate', folder, '--port', '0', '--json'], { env })
  const { endpoint } = JSON.parse(await emulator.line())
  const url = `${endpoint}/2015-03-31/functions/function/invocations`
  const post = (body: string) => fetch(url, { method: 'POST', body })
  assert.equal(((await (await post('{"tell":true}')).json()) as string[])[1], '512')
  const late = await post('{"hang":true}')
  assert.deepEqual([late.status, late.headers.get('x-amz-function-error')], [200, 'Unhandled'])
  assert.match(await late.text(), /Task timed out after 1\.00 seconds/)
  assert.equal(await emulator.stop(), 0)
})

test('emulate keeps no event above the limit, however its length is told', async (t) => {
  const folder = temporaryFolder(t)
  writeFileSync(join(folder, 'index.mjs'), source)
  const emulator = running(t, ['emulate', folder, '--port', '0', '--json'])
  const { endpoint } = JSON.parse(await emulator.line())
  const url = `${endpoint}/2015-03-31/functions/function/invocations`
  const bytes = Buffer.from(`"${'x'.repeat(7 * 1024 * 1024)}"`)
  async function* chunks() {
    for (let at = 0; at < bytes.length; at += 65_536) yield bytes.subarray(at, at + 65_536)
  }
  const counted = await fetch(url, { method: 'POST', body: bytes })
  assert.equal(counted.status, 413)
  const chunked = await fetch(url, { method: 'POST', body: chunks(), duplex: 'half' })
  assert.equal(chunked.status, 413)
})

test('emulate refuses a port that is none', async (t) => {
  const folder = temporaryFolder(t)
  writeFileSync(join(folder, 'index.mjs'), source)
  assert.match(await refusal(['emulate', folder, '--port', 'abc']), /--port takes a number/)
})
