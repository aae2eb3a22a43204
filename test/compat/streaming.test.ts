/** Streamed responses through real clients: curl on a function URL, the JavaScript SDK and boto3 on InvokeWithResponseStream. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import {
  AddPermissionCommand,
  CreateFunctionCommand,
  CreateFunctionUrlConfigCommand,
  InvalidRequestContentException,
  InvokeWithResponseStreamCommand,
  PutFunctionConcurrencyCommand,
  ResourceNotFoundException,
  TooManyRequestsException,
  DeleteFunctionConcurrencyCommand,
} from '@aws-sdk/client-lambda'
import type {
  InvokeWithResponseStreamCommandInput,
  InvokeWithResponseStreamCompleteEvent,
  LambdaClient,
} from '@aws-sdk/client-lambda'
import { lambdaClient, roleArn, toolEnvironment, waitUntilActive } from '../support/clients.ts'
import { runCommand } from '../support/command.ts'
import { boto3Folder, requireProgram, sourceFolder } from '../support/programs.ts'
import { deploy } from '../support/functions.ts'
import { startServer } from '../support/server.ts'
import type { LairServer } from '../support/server.ts'
import { requireTool, skipOrFail } from '../support/tools.ts'
import { zipOfFolder } from '../support/zip.ts'

const FunctionName = 'streaming'
const nowMs = () => performance.timeOrigin + performance.now()

suite('streamed responses', () => {
  let server: LairServer
  let client: LambdaClient
  let url: string
  before(async () => {
    server = await startServer()
    client = lambdaClient(server)
    const source = readFileSync(join(sourceFolder, 'url-node/index.mjs'), 'utf8')
    await deploy(client, FunctionName, source, { Handler: 'index.stream', Timeout: 60 })
    const created = await client.send(
      new CreateFunctionUrlConfigCommand({
        FunctionName,
        AuthType: 'NONE',
        InvokeMode: 'RESPONSE_STREAM',
      }),
    )
    url = created.FunctionUrl ?? ''
    for (const Action of ['lambda:InvokeFunctionUrl', 'lambda:InvokeFunction']) {
      const StatementId = Action.replace(':', '-')
      await client.send(
        new AddPermissionCommand({ FunctionName, StatementId, Action, Principal: '*' }),
      )
    }
  })
  after(async () => {
    client.destroy()
    await server[Symbol.asyncDispose]()
  })

  /** Everything of one response. */
  async function stream(input: object, more: Partial<InvokeWithResponseStreamCommandInput> = {}) {
    const output = await client.send(
      new InvokeWithResponseStreamCommand({
        FunctionName,
        Payload: Buffer.from(JSON.stringify(input)),
        ...more,
      }),
    )
    const chunks: string[] = []
    const delays: number[] = []
    let complete: InvokeWithResponseStreamCompleteEvent | undefined
    for await (const event of output.EventStream ?? []) {
      const bytes = event.PayloadChunk?.Payload
      if (bytes) {
        const text = Buffer.from(bytes).toString()
        chunks.push(text)
        delays.push(nowMs() - Number(text))
      }
      complete = event.InvokeComplete ?? complete
    }
    return { output, chunks, delays, complete }
  }

  test("the first byte is at curl within 20 ms of the handler's first write, the last is not written yet", async (t) => {
    const curl = requireTool(t, 'curl')
    if (curl === undefined) return
    const delays: number[] = []
    // The machine may be busy: the best of some is what Lair adds.
    for (let turn = 0; turn < 8; turn += 1) {
      const child = spawn(curl, ['-sSN', `${url}?count=3&pause=100`], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      const arrivals: { text: string; atMs: number }[] = []
      for await (const chunk of child.stdout) arrivals.push({ text: String(chunk), atMs: nowMs() })
      const written = arrivals.map(({ text }) => Number(text.split('\n')[0]))
      const [first] = arrivals
      assert.ok(first && arrivals.length === 3, JSON.stringify(arrivals))
      assert.ok(first.atMs < (written[2] ?? 0), 'the first came before the last was written')
      delays.push(first.atMs - (written[0] ?? 0))
    }
    t.diagnostic(`first byte after ${delays.map((delay) => delay.toFixed(1)).join(', ')} ms`)
    assert.ok(Math.min(...delays) < 20)
  })

  test('200 MB pass with flat memory', async (t) => {
    const curl = requireTool(t, 'curl')
    if (curl === undefined) return
    const download = async (mib: number) => {
      const answer = await runCommand(
        [curl, '-sS', '-o', '/dev/null', '-w', '%{size_download}', `${url}?count=0&mib=${mib}`],
        { environment: {}, timeoutMs: 60_000 },
      )
      assert.equal(answer.exitCode, 0, answer.stderr)
      return Number(answer.stdout)
    }
    await download(1)
    const beforeMib = server.residentMib()
    const got = await download(199)
    const peakMib = peakResidentMib(server.pid)
    t.diagnostic(`resident ${beforeMib.toFixed(0)} MiB before, at most ${peakMib.toFixed(0)} MiB`)
    assert.equal(got, 199 * 1024 * 1024)
    assert.ok(peakMib - beforeMib < 64, `${beforeMib} -> ${peakMib} MiB`)
  })

  test('the JavaScript SDK gets chunks as they are written, then the end', async () => {
    const { output, chunks, delays, complete } = await stream(
      { count: 3, pause: 100, plain: 1 },
      { LogType: 'Tail' },
    )
    assert.deepEqual([output.StatusCode, output.ExecutedVersion], [200, '$LATEST'])
    assert.equal(output.ResponseStreamContentType, 'application/vnd.amazon.eventstream')
    assert.equal(chunks.length, 3)
    assert.ok(Math.min(...delays) < 20, delays.join(', '))
    assert.deepEqual(Object.keys(complete ?? {}), ['LogResult'])
    assert.match(
      Buffer.from(complete?.LogResult ?? '', 'base64').toString(),
      /^START [^]*\nEND [^]*\nREPORT [^]*$/,
    )
  })

  test('200 MB pass as an event stream, too', async (t) => {
    const beforeMib = server.residentMib()
    const output = await client.send(
      new InvokeWithResponseStreamCommand({
        FunctionName,
        Payload: '{"count":0,"mib":199,"plain":1}',
      }),
    )
    let bytes = 0
    for await (const event of output.EventStream ?? []) {
      bytes += event.PayloadChunk?.Payload?.length ?? 0
    }
    const peakMib = peakResidentMib(server.pid)
    t.diagnostic(`resident ${beforeMib.toFixed(0)} MiB before, at most ${peakMib.toFixed(0)} MiB`)
    assert.equal(bytes, 199 * 1024 * 1024)
    assert.ok(peakMib - beforeMib < 64, `${beforeMib} -> ${peakMib} MiB`)
  })

  for (const name of ['node3', 'node4'] as const) {
    test(`the official Node runtime client streams, unmodified: ${name}`, async (t) => {
      const program = requireProgram(t, name)
      if (!program) return
      const folder = mkdtempSync(join(tmpdir(), 'lair-stream-'))
      t.after(() => rmSync(folder, { recursive: true, force: true }))
      cpSync(program.folder, folder, { recursive: true })
      cpSync(join(sourceFolder, 'url-node/index.mjs'), join(folder, 'index.mjs'))
      await client.send(
        new CreateFunctionCommand({
          FunctionName: name,
          Runtime: 'provided.al2023',
          Handler: 'index.stream',
          Role: roleArn,
          Timeout: 10,
          Code: { ZipFile: await zipOfFolder(folder) },
        }),
      )
      await waitUntilActive(client, name)
      const plain = await stream({ count: 2, plain: 1 }, { FunctionName: name })
      assert.deepEqual([plain.chunks.length, plain.complete], [2, {}])
      const http = await stream({ count: 1 }, { FunctionName: name })
      assert.match(http.chunks.join(''), /^\{"statusCode":201,.*\}\0{8}[\d.]+\n$/)
      const late = await stream({ count: 1, plain: 1, fail: 1 }, { FunctionName: name })
      assert.deepEqual([late.chunks.length, late.complete?.ErrorCode], [1, 'Unhandled'])
      const early = await stream({ early: 1 }, { FunctionName: name })
      assert.deepEqual([early.chunks.length, early.complete?.ErrorCode], [0, 'Unhandled'])
    })
  }

  test('the prelude of an HTTP response passes through as it is', async () => {
    const { chunks } = await stream({ count: 1 })
    assert.match(chunks.join(''), /^\{"statusCode":201,.*\}\0{8}[\d.]+\n$/)
  })

  test('errors on the way are told by InvokeComplete', async () => {
    const late = await stream({ count: 2, plain: 1, fail: 1 })
    assert.equal(late.chunks.length, 2)
    assert.equal(late.complete?.ErrorCode, 'Unhandled')
    assert.partialDeepStrictEqual(JSON.parse(late.complete.ErrorDetails ?? ''), {
      errorType: 'TypeError',
      errorMessage: 'late',
    })
    const early = await stream({ early: 1 })
    assert.deepEqual([early.chunks.length, early.complete?.ErrorCode], [0, 'Unhandled'])
  })

  test('what is wrong before the first byte is an ordinary error', async () => {
    await assert.rejects(stream({}, { FunctionName: 'nobody' }), ResourceNotFoundException)
    await assert.rejects(
      stream({}, { Payload: Buffer.from('{oops') }),
      InvalidRequestContentException,
    )
    await client.send(
      new PutFunctionConcurrencyCommand({ FunctionName, ReservedConcurrentExecutions: 0 }),
    )
    await assert.rejects(stream({}), TooManyRequestsException)
    await client.send(new DeleteFunctionConcurrencyCommand({ FunctionName }))
    const dry = await client.send(
      new InvokeWithResponseStreamCommand({ FunctionName, InvocationType: 'DryRun' }),
    )
    assert.equal(dry.$metadata.httpStatusCode, 204)
  })

  test('boto3 reads the same events', async (t) => {
    const found = await findBoto3()
    if (!found) {
      return skipOrFail(t, 'boto3 is not prepared: run "node scripts/prepare-compat.ts"')
    }
    const ran = await runCommand(
      [found.python, join(sourceFolder, 'boto3-stream.py'), server.endpoint, FunctionName],
      { environment: { ...toolEnvironment(server), ...found.environment }, timeoutMs: 60_000 },
    )
    assert.equal(ran.exitCode, 0, ran.stdout + ran.stderr)
    const events = ran.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
    const kinds = events.map((event) => Object.keys(event)[0])
    const one = (count: number) => ['status', ...Array(count).fill('chunk'), 'InvokeComplete']
    assert.deepEqual(kinds, [...one(2), ...one(1)])
    assert.partialDeepStrictEqual(events.at(-1), { InvokeComplete: { ErrorCode: 'Unhandled' } })
  })

  test('a client that leaves does not stop the function', async () => {
    const abort = new AbortController()
    const response = await fetch(
      `${server.endpoint}/_lair/url/${new URL(url).hostname.split('.')[0]}/?count=4&pause=50`,
      {
        signal: abort.signal,
      },
    )
    const reader = response.body?.getReader()
    await reader?.read()
    abort.abort()
    const { chunks } = await stream({ count: 1, plain: 1 })
    assert.equal(chunks.length, 1)
  })
})

test('with --stream-bandwidth aws a response is as slow as on AWS', async (t) => {
  const curl = requireTool(t, 'curl')
  if (curl === undefined) return
  await using server = await startServer({ arguments: ['--stream-bandwidth', 'aws'] })
  const client = lambdaClient(server)
  t.after(() => client.destroy())
  const source = readFileSync(join(sourceFolder, 'url-node/index.mjs'), 'utf8')
  await deploy(client, FunctionName, source, { Handler: 'index.stream', Timeout: 30 })
  const startedMs = performance.now()
  const output = await client.send(
    new InvokeWithResponseStreamCommand({ FunctionName, Payload: '{"count":0,"mib":9,"plain":1}' }),
  )
  let bytes = 0
  for await (const event of output.EventStream ?? []) {
    bytes += event.PayloadChunk?.Payload?.length ?? 0
  }
  assert.equal(bytes, 9 * 1024 * 1024)
  // 6 MiB at once, the rest at 2 MiB/s: 1.5 s, but for what buffers take.
  assert.ok(performance.now() - startedMs > 1000)
})

/** A Python and the environment in which its boto3 knows response streams: the one that was prepared, or the machine's own. */
async function findBoto3() {
  const probe =
    "import sys, boto3; boto3.client('lambda', region_name='x').invoke_with_response_stream; print(sys.executable)"
  const path = process.env['PATH'] ?? ''
  for (const environment of [{ PATH: '/usr/bin:/bin', PYTHONPATH: boto3Folder }, { PATH: path }]) {
    const found = await runCommand(['/usr/bin/env', 'python3', '-c', probe], {
      environment,
      timeoutMs: 20_000,
    })
    if (found.exitCode === 0) return { python: found.stdout.trim(), environment }
  }
  return undefined
}

/** The most memory a process ever had resident, MiB. */
function peakResidentMib(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  return Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1]) / 1024
}
