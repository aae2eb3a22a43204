/** `lair dev --inspect`: debuggers attach before the first invocation, and nothing times out at a breakpoint. */
import assert from 'node:assert/strict'
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { InvokeCommand, type LambdaClient } from '@aws-sdk/client-lambda'
import { lambdaClient } from '../support/clients.ts'
import { debugpyFolder } from '../support/programs.ts'
import { requireTool, skipOrFail } from '../support/tools.ts'
import { connectAdapter } from './dap.ts'
import { attach } from './inspector.ts'
import { running, temporaryFolder } from './lair.ts'

const source = (name: string) => `export const handler = async (event) => {
  const sum = event.a + event.b
  await new Promise((resolve) => setTimeout(resolve, event.waitMs))
  return { name: '${name}', sum }
}
`

type Ready = { endpoint: string; functions: { name: string; inspectPort: number }[] }

async function invoke(client: LambdaClient, FunctionName: string, event: object): Promise<unknown> {
  const Payload = JSON.stringify(event)
  const answer = await client.send(new InvokeCommand({ FunctionName, Payload }))
  return JSON.parse(answer.Payload?.transformToString() ?? '')
}

test('breakpoints of two functions are met, longer than the timeout, before their first answers', async (t) => {
  const parent = temporaryFolder(t)
  const folders = ['left', 'right'].map((name) => join(parent, name))
  for (const [index, folder] of folders.entries()) {
    mkdirSync(folder)
    writeFileSync(join(folder, 'index.mjs'), source(['left', 'right'][index] ?? ''))
  }
  const flags = ['--port', '0', '--timeout', '1', '--inspect=0', '--json']
  const dev = running(t, ['dev', ...folders, ...flags])
  let ready: (Ready & { event: string }) | undefined
  while (ready?.event !== 'ready') ready = JSON.parse(await dev.line())
  const { endpoint, functions } = ready
  const ports = functions.map(({ inspectPort }) => inspectPort)
  assert.equal(new Set(ports).size, 2)
  const client = lambdaClient({ endpoint })
  t.after(() => client.destroy())

  for (const [index, port] of ports.entries()) {
    const folder = folders[index] ?? ''
    using debuggers = await attach(port)
    await debuggers.call('Debugger.enable')
    const url = pathToFileURL(join(folder, 'index.mjs')).href
    const { locations } = await debuggers.call('Debugger.setBreakpointByUrl', {
      url,
      lineNumber: 2,
    })
    assert.equal((locations as unknown[]).length, 1, 'the handler is loaded already')
    const name = ['left', 'right'][index] ?? ''
    const answered = invoke(client, name, { a: 1, b: 2, waitMs: 0 })
    const { callFrames } = await debuggers.event('Debugger.paused')
    const [frame] = callFrames as { callFrameId: string }[]
    const { callFrameId } = frame ?? {}
    const { result } = await debuggers.call('Debugger.evaluateOnCallFrame', {
      callFrameId,
      expression: 'sum',
    })
    assert.equal((result as { value: unknown }).value, 3)
    const isEarly = await Promise.race([answered.then(() => true), sleep(1500, false)])
    assert.equal(isEarly, false)
    await debuggers.call('Debugger.evaluateOnCallFrame', {
      callFrameId,
      expression: 'event.waitMs',
    })
    await debuggers.call('Debugger.resume')
    assert.deepEqual(await answered, { name, sum: 3 })
  }

  // Nobody is attached any more: time goes on.
  const late = (await invoke(client, 'left', { a: 1, b: 1, waitMs: 5000 })) as object
  assert.match(JSON.stringify(late), /Task timed out after 1\.00 seconds/)
})

test('after a change the debugger finds the new process at the same port', async (t) => {
  const folder = join(temporaryFolder(t), 'again')
  mkdirSync(folder)
  writeFileSync(join(folder, 'index.mjs'), source('one'))
  const dev = running(t, ['dev', folder, '--port', '0', '--inspect=0', '--json'])
  let event: Ready & { event: string } = JSON.parse(await dev.line())
  while (event.event !== 'ready') event = JSON.parse(await dev.line())
  const { endpoint, functions } = event
  const port = functions[0]?.inspectPort ?? 0
  const client = lambdaClient({ endpoint })
  t.after(() => client.destroy())
  using first = await attach(port)
  await first.call('Debugger.enable')
  writeFileSync(join(folder, 'index.mjs'), source('two'))
  while (event.event !== 'swapped') event = JSON.parse(await dev.line())
  using second = await attach(port)
  await second.call('Debugger.enable')
  await second.call('Debugger.pause')
  const answered = invoke(client, 'again', { a: 2, b: 2, waitMs: 0 })
  await second.event('Debugger.paused')
  await second.call('Debugger.resume')
  assert.deepEqual(await answered, { name: 'two', sum: 4 })
  // It is stopped although somebody sits at a breakpoint.
  await second.call('Debugger.pause')
  const unanswered = invoke(client, 'again', { a: 1, b: 1, waitMs: 0 }).catch(() => undefined)
  await second.event('Debugger.paused')
  assert.equal(await dev.stop(), 0)
  await unanswered
})

/** A folder with a Python function. */
function pythonFolder(folder: string): string {
  mkdirSync(folder)
  const path = join(folder, 'app.py')
  writeFileSync(
    path,
    'def handler(event, context):\n    total = event["a"] + 1\n    return total\n',
  )
  return path
}

test('a breakpoint of a Python function is met through debugpy, longer than the timeout', async (t) => {
  if (!requireTool(t, 'python3')) return
  if (!existsSync(join(debugpyFolder, 'debugpy'))) {
    skipOrFail(t, 'debugpy is not there: run "node scripts/prepare-compat.ts"')
    return
  }
  const folder = join(temporaryFolder(t), 'snake')
  const path = pythonFolder(folder)
  symlinkSync(join(debugpyFolder, 'debugpy'), join(folder, 'debugpy'))
  const flags = ['--runtime', 'python3.9', '--timeout', '1', '--port', '0', '--inspect=0', '--json']
  const dev = running(t, ['dev', folder, ...flags])
  let ready: (Ready & { event: string }) | undefined
  while (ready?.event !== 'ready') ready = JSON.parse(await dev.line())
  const client = lambdaClient(ready)
  t.after(() => client.destroy())
  using adapter = await connectAdapter(ready.functions[0]?.inspectPort ?? 0)
  await adapter.call('initialize', { adapterID: 'test', pathFormat: 'path' })
  const attached = adapter.send('attach', { justMyCode: false })
  await adapter.event('initialized')
  await adapter.call('setBreakpoints', { source: { path }, breakpoints: [{ line: 3 }] })
  await adapter.call('configurationDone')
  await adapter.answer(attached)
  const answered = invoke(client, 'snake', { a: 41 })
  const { threadId } = await adapter.event('stopped')
  const isEarly = await Promise.race([answered.then(() => true), sleep(1500, false)])
  assert.equal(isEarly, false)
  await adapter.call('continue', { threadId })
  assert.equal(await answered, 42)
})

test('without debugpy a Python function runs, and its log says what to install', async (t) => {
  if (!requireTool(t, 'python3')) return
  const folder = join(temporaryFolder(t), 'bare')
  pythonFolder(folder)
  const flags = ['--runtime', 'python3.9', '--port', '0', '--inspect=0', '--json']
  const dev = running(t, ['dev', folder, ...flags])
  let event: Ready & { event: string; message?: string } = JSON.parse(await dev.line())
  while (event.event !== 'ready') event = JSON.parse(await dev.line())
  const client = lambdaClient(event)
  t.after(() => client.destroy())
  assert.equal(await invoke(client, 'bare', { a: 1 }), 2)
  while (event.message?.startsWith('No debugger can be attached') !== true) {
    event = JSON.parse(await dev.line())
  }
  assert.match(event.message, /pip install debugpy -t /)
})
