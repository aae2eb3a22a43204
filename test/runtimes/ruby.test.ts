/** The Ruby bootstrap as a process: what handlers answer, how they fail, what their log events look like. */
import assert from 'node:assert/strict'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { createCatalogue } from '../../src/runtimes/catalogue.ts'
import type { Runtime } from '../../src/runtimes/runtime.ts'
import { LineSplitter } from '../../src/environment/output.ts'
import { findTool, isCi } from '../support/tools.ts'
import { rubyFiles } from './fixtures/ruby.ts'
import { makeFolder } from './support/folder.ts'
import type { Folder } from './support/folder.ts'
import { runGuest } from './support/guest.ts'
import type { GuestSpec, Run } from './support/guest.ts'
import { requestIdOf } from './support/runtime-api.ts'

const id = requestIdOf(0)
const ruby = createCatalogue({ directory: '/nonexistent' }).find('ruby3.4')
const skip =
  !('argv' in ruby) && !isCi && findTool('ruby') === undefined
    ? 'Ruby is not installed on this machine'
    : false
let folder: Folder

before(async () => {
  folder = await makeFolder(rubyFiles)
})
after(() => folder[Symbol.asyncDispose]())

function runtime(): Runtime {
  assert.ok('argv' in ruby, 'These tests need Ruby 3.0 or newer')
  return ruby
}

function specOf(handler: string, environment: Record<string, string> = {}): GuestSpec {
  const own = runtime().environment({ codePath: folder.path })
  return {
    argv: runtime().argv,
    taskRoot: folder.path,
    handler,
    runtime: 'ruby3.4',
    environment: { ...own, ...environment },
  }
}

function run(handler: string, events = ['{"a":1}']): Promise<Run> {
  return runGuest(specOf(handler), events)
}

function bodies(run: Run): string[][] {
  return run.posts.map((post) => [post.kind, post.body])
}

/** The log events of an output, times taken out. */
function eventsOf({ stdoutBytes }: Run): string[] {
  const events: string[] = []
  const splitter = new LineSplitter((line) => events.push(line), 100_000)
  splitter.feed(stdoutBytes)
  splitter.flush()
  return events.map((each) =>
    each
      .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}/g, 'TIME')
      .replaceAll(/#\d+\]/g, '#PID]'),
  )
}

const answerTable: readonly [handler: string, body: string][] = [
  ['app.echo', '{"a":1}'],
  ['app.nothing', 'null'],
  ['app.Deep::Handler.process', '{"deep":{"a":1}}'],
  ['lib/nested.handler', '"nested"'],
  ['app.log_elsewhere', 'true'],
]

/** Those that end the process answer with their error first. */
const errorTable: readonly [handler: string, type: string, named: string, status?: number][] = [
  ['app.boom', 'Function<RuntimeError>', 'Function<UserException>'],
  ['app.own_error', 'Function<Own>', 'Function<UserException>'],
  ['app.unserialisable', 'Function<JSON::GeneratorError>', 'Function<UserException>'],
  ['app.missing_name', 'Function<NameError>', 'Function<NameError>', 255],
  ['app.absent', 'Function<NoMethodError>', 'Function<NoMethodError>', 255],
  ['app.Absent.handler', 'Function<NameError>', 'Function<NameError>', 255],
  ['app.leave', 'Function<SystemExit>', 'Function<SystemExit>', 255],
]

const initTable: readonly [handler: string, type: string, message: RegExp][] = [
  ['absent.handler', 'Init<LoadError>', /^cannot load such file -- absent$/],
  ['missing.handler', 'Init<LoadError>', /^cannot load such file -- not_there$/],
  ['throws.handler', 'Init<KeyError>', /^while loading$/],
  ['leaves.handler', 'Init<SystemExit>', /^exit$/],
  ['syntax.handler', 'Init<SyntaxError>', /syntax error/],
  ['app', 'Init<ArgumentError>', /^Invalid handler \["app"\], must be of form FILENAME\.METHOD /],
]

describe('Ruby bootstrap', { concurrency: 3, skip }, () => {
  for (const [handler, body] of answerTable) {
    test(`${handler} answers`, async () => {
      const result = await run(handler)
      assert.deepEqual(bodies(result), [['response', body]])
      assert.equal(result.posts[0]?.headers['content-type'], 'application/json')
    })
  }

  for (const [handler, type, named, status] of errorTable) {
    test(`${handler} fails: ${type}${status === undefined ? ', and the next event is answered' : ''}`, async () => {
      const result = await run(handler, status === undefined ? ['{}', '{}'] : ['{}'])
      for (const post of result.posts) {
        const error = JSON.parse(post.body) as Record<string, unknown>
        assert.deepEqual(Object.keys(error), ['errorMessage', 'errorType', 'stackTrace'])
        assert.deepEqual([post.kind, error['errorType']], ['error', type])
        assert.equal(post.headers['lambda-runtime-function-error-type'], named)
      }
      assert.equal(result.posts.length, status === undefined ? 2 : 1)
      assert.equal(result.exitCode, status)
    })
  }

  for (const [handler, type, message] of initTable) {
    test(`${handler} fails to initialise: ${type}`, async () => {
      const result = await run(handler)
      const [post] = result.posts
      const error = JSON.parse(post?.body ?? '') as Record<string, string>
      assert.deepEqual([post?.kind, error['errorType']], ['init/error', type])
      assert.match(error['errorMessage'] ?? '', message)
      assert.equal(result.exitCode, 252)
      assert.equal(eventsOf(result)[0], 'Init error when loading handler ')
    })
  }

  test('state outlives an invocation; exit! ends the process', async () => {
    const expected = [
      ['response', '1'],
      ['response', '2'],
    ]
    assert.deepEqual(bodies(await run('app.counter', ['{}', '{}'])), expected)
    const left = await run('app.hard_leave')
    assert.deepEqual([left.posts, left.exitCode], [[], 5])
  })

  test('a StringIO is the answer as it is, and the marshaller may be replaced', async () => {
    const [raw] = (await run('app.raw')).posts
    assert.deepEqual([raw?.body, raw?.headers['content-type']], ['raw \0', 'application/unknown'])
    assert.equal((await run('marshaller.handler')).posts[0]?.body, 'own 1')
  })

  test('the context has every member of the managed runtime', async () => {
    const headers = {
      'Lambda-Runtime-Client-Context': '{"custom":{"a":1}}',
      'Lambda-Runtime-Cognito-Identity': '{"cognitoIdentityId":"i","cognitoIdentityPoolId":"p"}',
      'Lambda-Runtime-Aws-Tenant-Id': 'tenant',
    }
    const result = await runGuest(specOf('app.describe'), [{ payload: '{}', headers }])
    assert.deepEqual(JSON.parse(result.posts[0]?.body ?? ''), {
      id,
      arn: 'arn:aws:lambda:us-east-1:000000000000:function:fixture',
      name: 'fixture',
      version: '$LATEST',
      memory: '128',
      group: '/aws/lambda/fixture',
      stream: '2026/11/20/[$LATEST]0123456789abcdef0123456789abcdef',
      custom: { a: 1 },
      identity: 'p',
      tenant: 'tenant',
      remaining: true,
      deadline: true,
      trace: 'Root=',
    })
  })

  test('an error is two events, and its stack begins and ends in the function', async () => {
    const result = await run('app.boom')
    const [title, text = '', ...more] = eventsOf(result)
    assert.deepEqual([title, more], ['Error raised from handler method', []])
    const error = JSON.parse(text) as { errorMessage: string; stackTrace: string[] }
    assert.deepEqual(error, JSON.parse(result.posts[0]?.body ?? ''))
    assert.equal(error.errorMessage, 'boom é')
    assert.equal(error.stackTrace.length, 2)
    for (const frame of error.stackTrace) {
      assert.ok(frame.startsWith(`${folder.path}/app.rb:`), frame)
    }
  })

  test('what a logger or puts writes is one event; other output goes by lines', async () => {
    assert.deepEqual(eventsOf(await run('app.logs')), [
      `I, [TIME #PID]  INFO ${id} -- : shown`,
      `W, [TIME #PID]  WARN ${id} -- : two\nlines`,
      'printed\nand\n1',
      'with\nnewline',
      '',
      'by the',
      'stream',
      'no newline',
    ])
  })

  test('JSON log format: one object a line, errors taken apart, level from the environment', async () => {
    const environment = { AWS_LAMBDA_LOG_FORMAT: 'JSON', AWS_LAMBDA_LOG_LEVEL: 'INFO' }
    const { stdout } = await runGuest(specOf('app.log_json', environment), ['{}'])
    const [error, object, ...more] = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
    assert.equal(more.length, 0)
    assert.match(String(error?.['timestamp']), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/)
    const { timestamp: _, ...rest } = error ?? {}
    assert.deepEqual(rest, {
      level: 'ERROR',
      message: 'caught it',
      requestId: id,
      logger: 'mine',
      errorType: 'RuntimeError',
      errorMessage: 'caught it',
      stackTrace: [],
    })
    assert.match(String(object?.['message']), /an.*object/)
    const failing = await runGuest(specOf('app.boom', environment), ['{}'])
    const line = JSON.parse(failing.stdout) as Record<string, unknown>
    assert.deepEqual(
      [line['level'], line['errorType'], line['requestId']],
      ['ERROR', 'Function<RuntimeError>', id],
    )
  })

  test('6 MB in and out', async () => {
    const text = 'x'.repeat(6 * 1024 * 1024 - 100)
    assert.deepEqual(bodies(await run('app.size', [JSON.stringify({ text })])), [
      ['response', String(text.length)],
    ])
    const [post] = (await run('app.grow', ['{"count": 6000000}'])).posts
    assert.equal(post?.body.length, 6_000_000 + '{"text":""}'.length)
  })

  test('a prepared process becomes the function it is told to be', async () => {
    const spec = specOf('app.environment', { TZ: 'Asia/Tokyo' })
    const result = await runGuest({ ...spec, isPrepared: true }, ['{}', '{}'])
    const value = { leftover: null, arguments: [], folder: folder.path, zone: 'JST', input: '' }
    assert.deepEqual(
      result.posts.map((post) => JSON.parse(post.body) as unknown),
      [value, value],
    )
  })

  test('gems are found in the code and in layers, libraries in layers, cold and prepared', async () => {
    const series = runtime().servedBy.slice('ruby'.length)
    const gems = join(folder.path, `layer/ruby/gems/${series}.0`)
    await mkdir(join(gems, 'gems/bundled-1.0/lib'), { recursive: true })
    await mkdir(join(gems, 'specifications'), { recursive: true })
    await writeFile(join(gems, 'gems/bundled-1.0/lib/bundled.rb'), "BUNDLED = 'a gem'\n")
    const specification =
      "Gem::Specification.new { |s| s.name = 'bundled'; s.version = '1.0'; s.summary = 's'; s.authors = ['a'] }\n"
    await writeFile(join(gems, 'specifications/bundled-1.0.gemspec'), specification)
    const layersPath = join(folder.path, 'layer')
    const environment = runtime().environment({ codePath: folder.path, layersPath })
    for (const isPrepared of [false, true]) {
      const result = await runGuest({ ...specOf('app.gems', environment), isPrepared }, ['{}'])
      assert.equal(result.posts[0]?.body, '["of the layer","a gem",true]', result.stdout)
    }
  })
})
