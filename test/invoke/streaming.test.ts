/** Streamed responses through the trunk, from a custom runtime that speaks chunks and trailers. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import type { ResponseSink } from '../../src/environment/contract.ts'
import { ResponseStream } from '../../src/invoke/response-stream.ts'
import type { RunResult } from '../../src/invoke/run.ts'
import type { FunctionVersion } from '../../src/model.ts'
import { until } from '../support/until.ts'
import { openRunner, scripted, scriptedCode, textOf } from './runner.ts'

type Runner = Awaited<ReturnType<typeof openRunner>>

const streaming = (differing: Partial<FunctionVersion> = {}): FunctionVersion =>
  scripted({ codePath: join(scriptedCode, 'streaming'), ...differing })

/** Everything of one response, read as fast as it comes. */
async function read(
  runner: Runner,
  version: FunctionVersion,
  event: object,
): Promise<{ text: string; result: RunResult; chunkCount: number }> {
  const stream = new ResponseStream()
  const running = runner.invoke(version, event, { sink: stream }).finally(() => stream.end())
  const chunks = await Array.fromAsync(stream)
  return {
    text: Buffer.concat(chunks).toString(),
    result: await running,
    chunkCount: chunks.length,
  }
}

test('chunks come one by one while later ones are still being made', async () => {
  await using runner = await openRunner()
  const stream = new ResponseStream()
  const event = { chunks: 3, pause: 0.1, type: 'text/plain' }
  const running = runner.invoke(streaming(), event, { sink: stream }).finally(() => stream.end())
  assert.equal(await stream.begun, 'text/plain')
  const delays: number[] = []
  for await (const chunk of stream) {
    const at = Number(/at (\S+);/.exec(Buffer.from(chunk).toString())?.[1]) * 1000
    delays.push(performance.timeOrigin + performance.now() - at)
  }
  const { reply } = await running
  assert.deepEqual([reply.kind, textOf({ reply, executedVersion: '' })], ['ok', ''])
  assert.equal(delays.length, 3)
  assert.ok(Math.min(...delays) < 20, `delays were ${delays.join(', ')} ms`)
})

test('a stream that fails on its way tells its error, and all bytes before it have come', async () => {
  await using runner = await openRunner()
  const { text, result } = await read(runner, streaming(), { chunks: 2, trailer: 'Test.Late' })
  assert.match(text, /^chunk 0 at \S+;chunk 1 at \S+;$/)
  assert.equal(result.reply.kind, 'function-error')
  assert.equal(textOf(result), '{"errorMessage":"late","errorType":"Test.Late"}')
  const early = await read(runner, streaming(), { trailer: 'Test.Early' })
  assert.deepEqual([early.text, early.result.reply.kind], ['', 'function-error'])
})

test('a stream that is cut and one that takes too long are ended, and the next invocation works', async () => {
  await using runner = await openRunner()
  const version = streaming({ timeoutMs: 1000 })
  const cut = await read(runner, version, { chunks: 1, cut: 1 })
  assert.match(cut.text, /^chunk 0/)
  assert.match(textOf(cut.result), /"errorType":"Runtime.(TruncatedResponse|ExitError)"/)
  const late = await read(runner, version, { chunks: 1, hang: 1 })
  assert.match(late.text, /^chunk 0/)
  assert.equal(late.result.reply.kind, 'timeout')
  const { text } = await read(runner, version, { chunks: 1 })
  assert.match(text, /^chunk 0/)
})

test('beyond 200 MB the client gets no more and the runtime gets 413', async () => {
  await using runner = await openRunner()
  const version = streaming({ timeoutMs: 60_000 })
  const stream = new ResponseStream()
  const running = runner.invoke(version, { mib: 201 }, { sink: stream }).finally(() => stream.end())
  let bytes = 0
  for await (const chunk of stream) bytes += chunk.byteLength
  assert.equal(bytes, 200 * 1024 * 1024)
  assert.match(
    textOf(await running),
    /exceeded maximum allowed payload size \(209715200 bytes\)\.","errorType":"Function.ResponseSizeTooLarge"/,
  )
  assert.equal((await read(runner, version, { status: 1 })).text.trim(), '413')
  assert.equal((await read(runner, version, { status: 1 })).text.trim(), '202')
})

test('a reader that waits makes the runtime wait; one that leaves does not', async () => {
  await using runner = await openRunner()
  const version = streaming({ timeoutMs: 60_000 })
  let bytes = 0
  const resumes: (() => void)[] = []
  const sink: ResponseSink = {
    begin: () => {},
    write: (chunk) => {
      bytes += chunk.byteLength
      return false
    },
    onDrain: (resume) => resumes.push(resume),
  }
  const held = runner.invoke(version, { mib: 20 }, { sink })
  await until(() => resumes.length === 1)
  await setTimeout(100)
  assert.ok(bytes < 1024 * 1024, `${bytes} bytes were read ahead`)
  const go = setInterval.bind(undefined, () => resumes.splice(0).forEach((resume) => resume()), 0)
  const timer = go()
  assert.equal((await held).reply.kind, 'ok')
  clearInterval(timer)
  assert.equal(bytes, 20 * 1024 * 1024)
  const gone = new ResponseStream()
  const running = runner.invoke(version, { mib: 20 }, { sink: gone })
  await gone.begun
  gone.abandon()
  assert.equal((await running).reply.kind, 'ok')
})

test('a response that is no stream comes in one piece', async () => {
  await using runner = await openRunner()
  const { text, result, chunkCount } = await read(runner, scripted(), {})
  assert.match(text, /^\{"count":1,/)
  assert.deepEqual([chunkCount, result.reply.kind, textOf(result)], [1, 'ok', ''])
})

test('without a sink a stream is collected like any response', async () => {
  await using runner = await openRunner()
  assert.match(textOf(await runner.invoke(streaming(), { chunks: 2 })), /^chunk 0.*chunk 1/)
})
