import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { systemClock } from '../../src/lib/clock.ts'
import { createCatalogue } from '../../src/runtimes/catalogue.ts'
import type { Runtime } from '../../src/runtimes/runtime.ts'
import { pythonFiles } from './fixtures/python.ts'
import { makeFolder } from './support/folder.ts'
import type { Folder } from './support/folder.ts'
import { runGuest } from './support/guest.ts'
import type { GuestSpec, Run } from './support/guest.ts'
import { requestIdOf } from './support/runtime-api.ts'

const id = requestIdOf(0)
const catalogue = createCatalogue({ directory: '/nonexistent', clock: systemClock })
/** Any Python that is there: the bootstrap behaves alike on all; what differs by name is told by the name. */
const python = catalogue
  .list()
  .filter((entry): entry is Runtime => 'argv' in entry && entry.family === 'python')
  .find((entry) => entry.name === 'python3.11' || entry.servedBy === entry.name)
let folder: Folder

before(async () => {
  folder = await makeFolder(pythonFiles)
})
after(() => folder[Symbol.asyncDispose]())

function specOf(handler: string, runtime: string): GuestSpec {
  assert.ok(python !== undefined, 'These tests need Python 3.9 or newer')
  return { argv: python.argv, taskRoot: folder.path, handler, runtime }
}

function run(handler: string, runtime = 'python3.13', events = ['{"a": 1}']): Promise<Run> {
  return runGuest(specOf(handler, runtime), events)
}

function bodies(run: Run): string[][] {
  return run.posts.map((post) => [post.kind, post.body])
}

function withoutTimes(text: string): string {
  return text.replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z/g, 'TIME')
}

const answerTable: readonly [handler: string, runtime: string, body: string][] = [
  ['app.echo', 'python3.13', '{"a": 1}'],
  ['app.nothing', 'python3.13', 'null'],
  ['app.instance', 'python3.13', '"called"'],
  ['package.module.handler', 'python3.13', '"package.module"'],
  ['package/module.handler', 'python3.13', '"package.module"'],
  ['bootstrap.handler', 'python3.13', '"mine"'],
  ['app.encoded', 'python3.13', '{"bytes": "as text"}'],
  ['app.named', 'python3.13', '[{"x": 1, "y": 2}]'],
  ['app.nan', 'python3.13', '[NaN, NaN]'],
  [
    'app.numbers',
    'python3.12',
    '{"decimal": 1.10, "exponent": 1E+5, "big": 100000000000000000000, "text": "é", "tuple": [1, 2]}',
  ],
  [
    'app.numbers',
    'python3.11',
    '{"decimal": 1.10, "exponent": 1E+5, "big": 100000000000000000000, "text": "\\u00e9", "tuple": [1, 2]}',
  ],
]

const errorTable: readonly [handler: string, type: string, message: string][] = [
  ['app.boom', 'ValueError', 'boom é'],
  ['app.no_text', 'KeyError', ''],
  ['app.two_lines', 'RuntimeError', 'one\ntwo'],
  [
    'app.unmarshalable',
    'Runtime.MarshalError',
    'Unable to marshal response: Object of type set is not JSON serializable',
  ],
  ['app.circle', 'Runtime.MarshalError', 'Unable to marshal response: Circular reference detected'],
]

const initTable: readonly [handler: string, type: string, message: string][] = [
  ['app.absent', 'Runtime.HandlerNotFound', "Handler 'absent' missing on module 'app'"],
  [
    'absent.handler',
    'Runtime.ImportModuleError',
    "Unable to import module 'absent': No module named 'absent'",
  ],
  [
    'missing_import.handler',
    'Runtime.ImportModuleError',
    "Unable to import module 'missing_import': No module named 'not_there'",
  ],
  [
    'app',
    'Runtime.MalformedHandlerName',
    "Bad handler 'app': not enough values to unpack (expected 2, got 1)",
  ],
  [
    'sys.exit',
    'Runtime.BuiltInModuleConflict',
    'Cannot use built-in module sys as a handler module',
  ],
  [
    'syntax.handler',
    'Runtime.UserCodeSyntaxError',
    "Syntax error in module 'syntax': invalid syntax (syntax.py, line 1)",
  ],
  ['throws.handler', 'KeyError', "'while loading'"],
]

describe('Python bootstrap', { concurrency: 3 }, () => {
  for (const [handler, runtime, body] of answerTable) {
    test(`${runtime} ${handler} answers`, async () => {
      const result = await run(handler, runtime)
      assert.deepEqual(bodies(result), [['response', body]])
      assert.equal(result.posts[0]?.headers['content-type'], 'application/json')
    })
  }

  for (const [handler, type, message] of errorTable) {
    test(`${handler} fails, and the next invocation works`, async () => {
      const result = await run(handler, 'python3.13', ['{}', '{}'])
      assert.deepEqual(
        result.posts.map((post) => post.kind),
        ['error', 'error'],
      )
      const error = JSON.parse(result.posts[0]?.body ?? '') as Record<string, unknown>
      assert.deepEqual(Object.keys(error), ['errorMessage', 'errorType', 'requestId', 'stackTrace'])
      assert.deepEqual(
        [error['errorType'], error['errorMessage'], error['requestId']],
        [type, message, id],
      )
      assert.equal(result.exitCode, undefined)
    })
  }

  for (const [handler, type, message] of initTable) {
    test(`${handler} fails to initialise: ${type}`, async () => {
      const result = await run(handler)
      const [post] = result.posts
      const error = JSON.parse(post?.body ?? '') as Record<string, unknown>
      assert.deepEqual(
        [post?.kind, error['errorType'], error['errorMessage']],
        ['init/error', type, message],
      )
      assert.equal(error['requestId'], '')
      assert.equal(post?.headers['lambda-runtime-function-error-type'], type)
      assert.equal(result.exitCode, 1)
      const [warning = '', line = ''] = withoutTimes(result.stdout).split('\n')
      assert.ok(warning.startsWith('[WARNING]\tTIME\t\tLAMBDA_WARNING: Unhandled exception. '))
      assert.ok(line.startsWith(`[ERROR] ${type}: ${message}\rTraceback (most recent call last):`))
    })
  }

  test('state outlives an invocation', async () => {
    assert.deepEqual(bodies(await run('app.counter', 'python3.13', ['{}', '{}'])), [
      ['response', '1'],
      ['response', '2'],
    ])
  })

  test('bytes are the answer as they are', async () => {
    const [post] = (await run('app.raw')).posts
    assert.equal(post?.body, 'raw \0')
    assert.equal(post?.headers['content-type'], 'application/unknown')
  })

  test('the context has every member of the managed runtime', async () => {
    const headers = {
      'Lambda-Runtime-Client-Context': '{"custom":{"a":1},"client":{"installation_id":"i"}}',
      'Lambda-Runtime-Cognito-Identity': '{"cognitoIdentityId":"i","cognitoIdentityPoolId":"p"}',
      'Lambda-Runtime-Aws-Tenant-Id': 'tenant',
    }
    const result = await runGuest(specOf('app.describe', 'python3.13'), [
      { payload: '{}', headers },
    ])
    const { repr, ...rest } = JSON.parse(result.posts[0]?.body ?? '') as Record<string, unknown>
    assert.deepEqual(rest, {
      custom: { a: 1 },
      installation: 'i',
      identity: 'p',
      tenant: 'tenant',
      remaining: true,
      trace: 'Root=',
    })
    assert.ok(
      String(repr).startsWith(
        `LambdaContext([aws_request_id=${id},log_group_name=/aws/lambda/fixture,log_stream_name=2026/11/20/[$LATEST]0123456789abcdef0123456789abcdef,function_name=fixture,memory_limit_in_mb=128,function_version=$LATEST,invoked_function_arn=arn:aws:lambda:us-east-1:000000000000:function:fixture,client_context=ClientContext([custom=`,
      ),
    )
  })

  test('an error is one line, with carriage returns and no-break spaces inside', async () => {
    const result = await run('app.boom')
    const [line, ...more] = result.stdout.split('\n')
    assert.deepEqual(more, [''])
    const parts = (line ?? '').split('\r')
    assert.deepEqual(parts.slice(0, 2), [
      '[ERROR] ValueError: boom é',
      'Traceback (most recent call last):',
    ])
    assert.match(parts[2] ?? '', /^\u00a0\u00a0File ".*\/app\.py", line \d+, in boom$/)
    assert.equal(parts[3], '\u00a0\u00a0\u00a0\u00a0inner()')
  })

  test('a stack begins with the function, not with the runtime', async () => {
    const [post] = (await run('app.boom')).posts
    const { stackTrace } = JSON.parse(post?.body ?? '') as { stackTrace: string[] }
    assert.equal(stackTrace.length, 2)
    assert.match(
      stackTrace[0] ?? '',
      /^ {2}File ".*\/app\.py", line \d+, in boom\n {4}inner\(\)\n$/,
    )
  })

  test('log records have level, time and request id; print is raw; a rest without newline is not lost', async () => {
    const result = await run('app.logs')
    assert.deepEqual(withoutTimes(result.stdout).split('\n'), [
      "printed {'a': 1}",
      `[WARNING]\tTIME\t${id}\tcareful 1`,
      `[INFO]\tTIME\t${id}\tshown`,
      'through the context',
      'no newline',
    ])
    assert.equal(result.stderr, 'on the other stream\n')
  })

  test('JSON log format: one object a line, errors taken apart, level from the environment', async () => {
    const environment = { AWS_LAMBDA_LOG_FORMAT: 'JSON', AWS_LAMBDA_LOG_LEVEL: 'DEBUG' }
    const result = await runGuest({ ...specOf('app.log_exception', 'python3.13'), environment }, [
      '{}',
    ])
    const records = withoutTimes(result.stdout)
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
    assert.deepEqual(
      records.map((record) => [
        record['level'],
        record['message'],
        record['requestId'],
        record['logger'],
      ]),
      [
        ['ERROR', 'caught it', id, 'root'],
        ['ERROR', { an: 'object' }, id, 'root'],
        ['DEBUG', 'details', id, 'root'],
      ],
    )
    assert.deepEqual([records[0]?.['errorType'], records[0]?.['errorMessage']], ['KeyError', "'k'"])
    assert.match(String(records[0]?.['location']), /\/app\.py:log_exception:\d+$/)
    assert.equal(records[1]?.['more'], 1)
    const failing = await runGuest({ ...specOf('app.no_text', 'python3.13'), environment }, ['{}'])
    const error = JSON.parse(failing.stdout) as Record<string, unknown>
    assert.deepEqual(
      [error['level'], error['errorType'], error['requestId']],
      ['ERROR', 'KeyError', id],
    )
  })

  test('sys.exit ends the process, in the handler and while loading', async () => {
    const left = await run('app.leave')
    assert.deepEqual([left.posts, left.exitCode], [[], 4])
    const well = await run('app.leave_well')
    assert.deepEqual([well.stdout, well.exitCode], ['bye\n', 0])
    assert.equal((await run('leaves.handler')).exitCode, 5)
  })

  test('an event that is not JSON is an error of its own', async () => {
    const [post] = (await run('app.echo', 'python3.13', ['{"a'])).posts
    const error = JSON.parse(post?.body ?? '') as Record<string, string>
    assert.equal(error['errorType'], 'Runtime.UnmarshalError')
    assert.match(error['errorMessage'] ?? '', /^Unable to unmarshal input: /)
  })

  test('6 MB in and out', async () => {
    const text = 'x'.repeat(6 * 1024 * 1024 - 100)
    assert.deepEqual(bodies(await run('app.size', 'python3.13', [JSON.stringify({ text })])), [
      ['response', String(text.length)],
    ])
    const [post] = (await run('app.grow', 'python3.13', ['{"count": 3000000}'])).posts
    assert.equal(post?.body.length, 3_000_000 + '{"text": ""}'.length)
  })

  test('a prepared process becomes the function it is told to be', async () => {
    const environment = { TZ: 'Asia/Tokyo' }
    const spec = { ...specOf('app.environment', 'python3.13'), isPrepared: true, environment }
    const result = await runGuest(spec, ['{}', '{}'])
    const value = { leftover: null, argv: 1, folder: folder.path, zone: 'JST', input: '/dev/null' }
    assert.deepEqual(
      result.posts.map((post) => JSON.parse(post.body) as unknown),
      [value, value],
    )
  })

  test('modules are found in the code first, then in layers', async () => {
    assert.ok(python !== undefined)
    const layer = `${folder.path}/layer`
    const environment = python.environment({ codePath: folder.path, layersPath: layer })
    for (const isPrepared of [false, true]) {
      const result = await runGuest(
        { ...specOf('app.layers', 'python3.13'), environment, isPrepared },
        ['{}'],
      )
      const version: string = /python3\.\d+/.exec(python.servedBy)?.[0] ?? ''
      assert.deepEqual(JSON.parse(result.posts[0]?.body ?? ''), [
        version === 'python3.11' ? 'layer for 3.11' : 'layer',
        [folder.path, `${layer}/python/lib/${version}/site-packages`, `${layer}/python`],
        [],
      ])
    }
  })
})
