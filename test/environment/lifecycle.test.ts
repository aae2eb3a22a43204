/** Environments with real processes: reuse, and every way a runtime can fail. */
import assert from 'node:assert/strict'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import {
  isAlive,
  makeCode,
  makeFolder,
  openDriver,
  openEnvironment,
  programs,
  providedRuntime,
} from './support.ts'

const driver = await openDriver()
after(() => driver[Symbol.asyncDispose]())

const id = 'c0ffee00-0000-4000-8000-000000000001'
const exitText = (text: string) =>
  JSON.stringify({
    errorType: 'Runtime.ExitError',
    errorMessage: `RequestId: ${id} Error: Runtime exited with ${text}`,
  })

describe('environment', { concurrency: 3 }, () => {
  test('a warm environment keeps its process, its memory and its files', async () => {
    await using env = openEnvironment(driver)
    const first = await env.invoke({ do: 'file' })
    const second = await env.invoke({ do: 'file' })
    assert.equal(first.outcome.reply.kind, 'ok')
    assert.ok((first.outcome.measured.initDurationMs ?? 0) > 1)
    assert.equal(second.outcome.measured.initDurationMs, undefined)
    const [one, two] = [JSON.parse(first.text), JSON.parse(second.text)]
    assert.deepEqual([one.count, two.count], [1, 2])
    assert.deepEqual([one.kept, two.kept], [0, 1])
    assert.equal(one.pid, two.pid)
    assert.equal(env.environment.state, 'ready')
    assert.ok(second.outcome.measured.maxMemoryUsedMib > 25)
    assert.deepEqual(env.log.slice(0, 3), [
      `INIT_START Runtime Version: nodejs:24.v21\tRuntime Version ARN: arn:aws:lambda:eu-west-1::runtime:${'0'.repeat(64)}`,
      'init 1',
      'START',
    ])
  })

  test('the variables are those of the function and nothing of the host', async () => {
    process.env['LAIR_TEST_SECRET'] = 'x'
    await using env = openEnvironment(driver, {
      version: { environment: { MINE: '1', AWS_REGION: 'mine', TZ: 'Europe/Berlin', _x: '1' } },
      endpointUrl: 'http://127.0.0.1:4566',
      credentials: () => ({ accessKeyId: 'A', secretAccessKey: 'S', sessionToken: 'T' }),
    })
    const { text } = await env.invoke({ do: 'environment' })
    const variables = JSON.parse(text)
    assert.equal(variables.LAIR_TEST_SECRET, undefined)
    assert.equal(variables.HOME, undefined)
    assert.equal(variables._x, undefined)
    assert.equal(variables.cwd, variables.LAMBDA_TASK_ROOT)
    assert.ok(existsSync(variables.TMPDIR))
    const { MINE, AWS_REGION, TZ, AWS_SESSION_TOKEN, AWS_ENDPOINT_URL, _HANDLER } = variables
    assert.deepEqual(
      [MINE, AWS_REGION, TZ, AWS_SESSION_TOKEN, AWS_ENDPOINT_URL, _HANDLER],
      ['1', 'eu-west-1', 'Europe/Berlin', 'T', 'http://127.0.0.1:4566', 'index.handler'],
    )
  })

  test('all lines written before the answer are in the tail, in order', async () => {
    await using env = openEnvironment(driver)
    const { lines } = await env.invoke({ do: 'log', lines: 2000 })
    assert.deepEqual([lines.length, lines[0], lines[1]], [2001, 'init 1', 'line 1'])
    assert.equal(lines.at(-1), 'line 2000')
    const partial = await env.invoke({ do: 'print', text: 'no newline' })
    assert.deepEqual(partial.lines, ['no newline'])
  })

  test('a handler error leaves the environment as it is', async () => {
    await using env = openEnvironment(driver)
    const failed = await env.invoke({ do: 'fail' })
    assert.deepEqual(failed.outcome.reply, {
      kind: 'function-error',
      payload: failed.outcome.reply.payload,
      contentType: 'application/json',
      errorType: 'Runtime.Unknown',
    })
    assert.equal(failed.text, '{"errorMessage":"no","errorType":"Nope"}')
    assert.equal(JSON.parse((await env.invoke({})).text).count, 2)
  })

  const crashes = [
    ['exit 1', { do: 'exit', code: 1 }, exitText('error: exit status 1')],
    ['exit 129', { do: 'exit', code: 129 }, exitText('error: exit status 129')],
    [
      'exit 0',
      { do: 'exit', code: 0 },
      JSON.stringify({
        errorType: 'Runtime.ExitError',
        errorMessage: `RequestId: ${id} Error: Runtime exited without providing a reason`,
      }),
    ],
    ['SIGKILL', { do: 'signal', signal: 'SIGKILL' }, exitText('error: signal: killed')],
    ['SIGSEGV', { do: 'signal', signal: 'SIGSEGV' }, exitText('error: signal: segmentation fault')],
  ] as const

  test('a crash has AWS payloads, and the next invocation works with the same files', async () => {
    await using env = openEnvironment(driver)
    await env.invoke({ do: 'file' })
    for (const [name, event, payload] of crashes) {
      const crashed = await env.invoke(event)
      assert.equal(crashed.text, payload, name)
      assert.equal(crashed.outcome.reply.kind, 'crashed', name)
      assert.equal(crashed.startCount, 1)
      assert.equal(env.environment.state, 'ready')
    }
    const again = await env.invoke({ do: 'file' })
    const { count, kept } = JSON.parse(again.text)
    assert.deepEqual([count, kept], [1, 1])
    assert.equal(again.outcome.measured.initDurationMs, undefined)
  })

  test('a timeout ends the process and leaves nothing of it', async () => {
    await using env = openEnvironment(driver, { version: { timeoutMs: 1000 } })
    const child = JSON.parse((await env.invoke({ do: 'child' })).text).child
    assert.ok(isAlive(child))
    const timedOut = await env.invoke({ do: 'sleep', ms: 60_000 })
    assert.equal(
      timedOut.text,
      `{"errorType":"Sandbox.Timedout","errorMessage":"RequestId: ${id} Error: Task timed out after 1.00 seconds"}`,
    )
    assert.equal(timedOut.outcome.reply.kind, 'timeout')
    assert.equal(timedOut.outcome.measured.durationMs, 1000)
    assert.ok(!isAlive(child))
    assert.equal(JSON.parse((await env.invoke({})).text).count, 1)
    assert.equal(env.log.filter((line) => line.startsWith('INIT_START')).length, 2)
  })

  test('an infinite loop is a timeout too', async () => {
    await using env = openEnvironment(driver, { version: { timeoutMs: 1000 } })
    const told = await env.invoke({ do: 'spin' })
    assert.equal(told.outcome.reply.kind, 'timeout')
  })

  test('memory above the limit ends the process', async () => {
    await using env = openEnvironment(driver, { version: { memoryMib: 128 } })
    const { outcome, text } = await env.invoke({ do: 'eat' })
    assert.equal(text, exitText('error: signal: killed'))
    assert.deepEqual(
      [outcome.reply.kind, 'errorType' in outcome.reply && outcome.reply.errorType],
      ['crashed', 'Runtime.OutOfMemory'],
    )
    assert.equal(outcome.measured.maxMemoryUsedMib, 128)
    assert.equal(JSON.parse((await env.invoke({})).text).count, 1)
  })

  test('storage above the limit ends the process with a line that says so', async () => {
    await using env = openEnvironment(driver, { version: { ephemeralStorageMib: 4 } })
    const { outcome, lines } = await env.invoke({ do: 'fill', mib: 16 })
    assert.equal(outcome.reply.kind, 'crashed')
    assert.match(lines.join('\n'), /ephemeral storage is exceeded/)
  })

  test('a response too large is an error, and the environment stays', async () => {
    await using env = openEnvironment(driver)
    const large = await env.invoke({ do: 'big', bytes: 6 * 1024 * 1024 + 200 })
    assert.equal(
      large.text,
      '{"errorMessage":"Response payload size exceeded maximum allowed payload size (6291556 bytes).","errorType":"Function.ResponseSizeTooLarge"}',
    )
    const fits = await env.invoke({ do: 'big', bytes: 6 * 1024 * 1024 })
    assert.equal(fits.text.length, 6 * 1024 * 1024 + 2)
    assert.equal(JSON.parse((await env.invoke({})).text).count, 3)
  })

  test('an event of 6 MB arrives whole', async () => {
    await using env = openEnvironment(driver)
    const chunks = Array.from({ length: 96 }, () => Buffer.alloc(64 * 1024, 'x'))
    const payload = [Buffer.from('{"long":"'), ...chunks, Buffer.from('"}')]
    const { text } = await env.invoke({}, { payload })
    assert.equal(JSON.parse(text).event.long.length, 6 * 1024 * 1024)
  })

  test('a process that ends in the middle of its response gives a truncated one', async () => {
    await using env = openEnvironment(driver)
    const { text, outcome } = await env.invoke({ do: 'die-in-body' })
    assert.match(text, /"errorType":"Runtime.TruncatedResponse"/)
    assert.equal(outcome.reply.kind, 'crashed')
    assert.equal(JSON.parse((await env.invoke({})).text).count, 1)
  })

  test('the caller keeps its answer when the process ends or hangs afterwards', async () => {
    await using env = openEnvironment(driver, { version: { timeoutMs: 1000 } })
    for (const [event, kind] of [
      ['respond-then-exit', 'crashed'],
      ['respond-then-hang', 'timeout'],
    ] as const) {
      const told = await env.invoke({ do: event })
      assert.equal(told.replies.length, 1)
      assert.equal(told.text, '"done"')
      assert.equal(told.outcome.reply.kind, kind)
    }
  })

  test('a process that ends while idle is started anew by the next invocation', async () => {
    await using env = openEnvironment(driver)
    await env.invoke({ do: 'exit-later', ms: 20 })
    await setTimeout(150)
    assert.equal(env.environment.state, 'ready')
    assert.equal(JSON.parse((await env.invoke({})).text).count, 1)
  })

  test('a posted init error is repeated inside the invocation, whose caller gets its body', async () => {
    await using env = openEnvironment(driver, { version: { environment: { INIT: 'post' } } })
    const { text, outcome, startCount, lines } = await env.invoke({})
    assert.equal(text, '{"errorMessage":"attempt 2","errorType":"Runtime.ImportModuleError"}')
    assert.equal(outcome.reply.kind, 'crashed')
    assert.equal(startCount, 1)
    const kinds = env.log.map((line) => line.replace(/\d+\.\d\d ms/, 'N'))
    assert.deepEqual(kinds.slice(1), [
      'init 1',
      'INIT_REPORT Init Duration: N\tPhase: init\tStatus: error\tError Type: Runtime.ImportModuleError',
      'init 2',
      'INIT_REPORT Init Duration: N\tPhase: invoke\tStatus: error\tError Type: Runtime.ImportModuleError',
      'START',
    ])
    // Whoever invoked it sees in the tail why it did not start.
    assert.deepEqual(lines, env.log.slice(1, -1))
    const usedMib = outcome.measured.maxMemoryUsedMib
    assert.ok(usedMib > 10 && usedMib < 256, String(usedMib))
    const next = await env.invoke({})
    assert.match(next.text, /attempt 3/)
  })

  test('an init that fails once only costs time', async () => {
    await using env = openEnvironment(driver, { version: { environment: { INIT: 'exit:1' } } })
    const { text, outcome } = await env.invoke({})
    assert.equal(JSON.parse(text).count, 1)
    assert.equal(outcome.measured.initDurationMs, undefined)
    assert.match(env.log.join('\n'), /Phase: init\tStatus: error\tError Type: Runtime.ExitError/)
  })

  test('each start is traced part by part', async () => {
    const parts: string[] = []
    await using env = openEnvironment(driver, {
      version: { environment: { INIT: 'exit:1' } },
      onPart: (id, part, atMs, tookMs) => {
        assert.ok(env.environment.id === id && tookMs >= 0 && atMs >= tookMs)
        parts.push(part)
      },
    })
    await env.invoke({})
    await env.invoke({})
    assert.deepEqual(parts, ['listen', 'spawn', 'listen', 'spawn', 'first next', 'init'])
  })

  test('an init that takes too long is ended and repeated on the time of the invocation', async () => {
    const changes = { version: { timeoutMs: 2000 }, initTimeoutMs: 600 }
    await using once = openEnvironment(driver, {
      ...changes,
      version: { ...changes.version, environment: { INIT: 'slow:1' } },
    })
    await using always = openEnvironment(driver, {
      ...changes,
      version: { ...changes.version, environment: { INIT: 'slow' } },
    })
    const [good, bad] = await Promise.all([once.invoke({}), always.invoke({})])
    assert.equal(good.outcome.reply.kind, 'ok')
    assert.match(once.log.join('\n'), /Phase: init\tStatus: timeout/)
    assert.equal(bad.outcome.reply.kind, 'timeout')
    assert.equal(bad.outcome.measured.durationMs, 2000)
    assert.match(always.log.join('\n'), /Phase: invoke\tStatus: timeout\nSTART$/)
  })

  test('an environment that nobody waits for is gone when its init fails', async () => {
    const env = openEnvironment(driver, { version: { environment: { INIT: 'exit' } } })
    for (let turn = 0; turn < 500 && env.environment.state !== 'gone'; turn += 1) {
      await setTimeout(10)
    }
    assert.equal(env.environment.state, 'gone')
    await env.environment.stop('failure')
  })

  test('without a bootstrap there is AWS’s error; one in a layer is found', async () => {
    using empty = makeFolder()
    using layers = makeCode('#!/bin/sh\nexit 7\n')
    const runtime = providedRuntime
    await using none = openEnvironment(driver, { runtime, version: { codePath: empty.path } })
    assert.equal(
      (await none.invoke({})).text,
      `{"errorType":"Runtime.InvalidEntrypoint","errorMessage":"RequestId: ${id} Error: Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]"}`,
    )
    await using layered = openEnvironment(driver, {
      runtime,
      version: { codePath: empty.path, layersPath: layers.path },
    })
    assert.equal((await layered.invoke({})).text, exitText('error: exit status 7'))
  })

  test('a bootstrap that cannot be executed is an invalid entrypoint', async () => {
    using code = makeCode('#!/no/such/interpreter\n')
    const env = openEnvironment(driver, {
      runtime: providedRuntime,
      version: { codePath: code.path },
    })
    const { text } = await env.invoke({})
    const message = `fork/exec ${join(code.path, 'bootstrap')}: no such file or directory`
    assert.match(text, /"Runtime.InvalidEntrypoint"/)
    assert.ok(text.includes(message), text)
    await env.environment.stop('failure')
  })

  test('a wrapper starts the managed runtime; one that is missing or no program says so', async () => {
    using code = makeCode('#!/bin/sh\nWRAPPED=yes exec "$@"\n')
    writeFileSync(join(code.path, 'text'), '')
    const wrapped = (wrapper: string) =>
      openEnvironment(driver, {
        version: { codePath: code.path, environment: { AWS_LAMBDA_EXEC_WRAPPER: wrapper } },
      })
    await using good = wrapped('/var/task/bootstrap')
    assert.equal(JSON.parse((await good.invoke({ do: 'environment' })).text).WRAPPED, 'yes')
    await using bad = wrapped('/opt/missing')
    assert.equal((await bad.invoke({})).text, exitText('error: exit status 127'))
    assert.ok(bad.log.includes('/opt/missing: does not exist'), bad.log.join('\n'))
    await using text = wrapped('/var/task/text')
    assert.equal((await text.invoke({})).text, exitText('error: exit status 126'))
    assert.ok(text.log.includes('/var/task/text: is not an executable'))
  })

  test('a bootstrap that waits is used, unless a variable must be there from the start', async () => {
    const prepare = () =>
      driver.prepare({
        id: 'unused',
        argv: [process.execPath, join(programs, 'waiting.mjs')],
        environment: { LEFT: 'over' },
      })
    await using used = openEnvironment(driver, { prepared: prepare() })
    const { WAITED, LEFT, cwd } = JSON.parse((await used.invoke({ do: 'environment' })).text)
    assert.deepEqual([WAITED, LEFT, cwd], ['yes', undefined, programs])
    await used.invoke({ do: 'exit', code: 1 })
    const anew = JSON.parse((await used.invoke({ do: 'environment' })).text)
    assert.equal(anew.WAITED, undefined)
    const refused = prepare()
    await using plain = openEnvironment(driver, {
      prepared: refused,
      version: { environment: { NODE_OPTIONS: '--no-warnings' } },
    })
    const started = JSON.parse((await plain.invoke({ do: 'environment' })).text)
    assert.equal(started.WAITED, undefined)
    assert.equal((await refused.exited).signal, 'SIGKILL')
  })

  test('stop() drains when asked to, and otherwise ends the invocation', async () => {
    const draining = openEnvironment(driver)
    const drained = draining.invoke({ do: 'sleep', ms: 200 })
    await setTimeout(150)
    await draining.environment.stop('spindown', { drain: true })
    assert.equal((await drained).outcome.reply.kind, 'ok')
    assert.equal(draining.environment.state, 'gone')
    const hasty = openEnvironment(driver)
    const ended = hasty.invoke({ do: 'sleep', ms: 60_000 })
    await setTimeout(150)
    await hasty.environment.stop('spindown')
    assert.equal((await ended).outcome.reply.kind, 'crashed')
    assert.match((await ended).text, /"Sandbox.Failure"/)
  })

  test('a bash bootstrap with curl answers', async () => {
    using code = makeCode(`#!/bin/bash
api="http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime"
head=$(mktemp)
while true; do
  event=$(curl -sS -D "$head" "$api/invocation/next")
  id=$(grep -i '^lambda-runtime-aws-request-id:' "$head" | tr -d '\\r' | cut -d ' ' -f 2)
  echo "to stderr" > /dev/stderr
  curl -sS -o /dev/null --data-binary "{\\"got\\":$event}" "$api/invocation/$id/response"
done
`)
    await using env = openEnvironment(driver, {
      runtime: providedRuntime,
      version: { codePath: code.path },
    })
    for (let round = 0; round < 3; round += 1) {
      const { text, lines } = await env.invoke({ round })
      assert.equal(text, `{"got":{"round":${round}}}`)
      assert.deepEqual(lines, ['to stderr'])
    }
  })
})
