import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { nodeFiles } from './fixtures/nodejs.ts'
import { makeFolder } from './support/folder.ts'
import type { Folder } from './support/folder.ts'
import { runGuest } from './support/guest.ts'
import type { Run } from './support/guest.ts'
import { answers, lines, nodeRuntime, specOf, utf8 } from './support/node-guest.ts'
import { requestIdOf } from './support/runtime-api.ts'

const id = requestIdOf(0)
let folder: Folder

before(async () => {
  folder = await makeFolder(nodeFiles)
})
after(() => folder[Symbol.asyncDispose]())

function run(handler: string, runtime = 'nodejs24.x', events = ['{"a":1}']): Promise<Run> {
  return runGuest(specOf(folder.path, handler, runtime), events)
}

describe('Node.js bootstrap', { concurrency: 3 }, () => {
  test('state outlives an invocation', async () => {
    assert.deepEqual(answers(await run('index.count', 'nodejs24.x', ['{}', '{}', '{}'])), [
      ['response', 1],
      ['response', 2],
      ['response', 3],
    ])
  })

  test('the context has every member of the managed runtime', async () => {
    const result = await runGuest(specOf(folder.path, 'index.context', 'nodejs22.x'), [
      {
        payload: '{}',
        headers: {
          'Lambda-Runtime-Client-Context': utf8('{"custom":{"a":"é"}}'),
          'Lambda-Runtime-Cognito-Identity':
            '{"cognitoIdentityId":"i","cognitoIdentityPoolId":"p"}',
          'Lambda-Runtime-Aws-Tenant-Id': 'tenant',
        },
      },
    ])
    assert.deepEqual(answers(result), [
      [
        'response',
        {
          callbackWaitsForEmptyEventLoop: true,
          functionVersion: '$LATEST',
          functionName: 'fixture',
          memoryLimitInMB: '128',
          logGroupName: '/aws/lambda/fixture',
          logStreamName: '2026/11/20/[$LATEST]0123456789abcdef0123456789abcdef',
          clientContext: { custom: { a: 'é' } },
          identity: { cognitoIdentityId: 'i', cognitoIdentityPoolId: 'p' },
          invokedFunctionArn: 'arn:aws:lambda:us-east-1:000000000000:function:fixture',
          awsRequestId: id,
          tenantId: 'tenant',
          remaining: true,
        },
      ],
    ])
  })

  test('the trace id is in the environment', async () => {
    const [post] = (await run('index.traceId')).posts
    assert.match(post?.body ?? '', /^"Root=1-5e1b4151-5ac6c58f3c5b2b3b0f2b4d4e;Parent=/)
  })

  test('console lines have time, request id and level; other output is raw', async () => {
    const result = await run('index.logs')
    assert.deepEqual(lines(result.stdout), [
      `TIME\t${id}\tINFO\ttwo\rlines { a: 1 }`,
      `TIME\t${id}\tINFO\tone is 1`,
      `TIME\t${id}\tWARN\tcareful`,
      `TIME\t${id}\tERROR\tshown`,
      `TIME\t${id}\tDEBUG\tdetails`,
      `TIME\t${id}\tTRACE\tway`,
      'raw',
    ])
    assert.equal(result.stderr, 'also raw\n')
  })

  test('runtimes before nodejs10.x write lines as they are, without a level', async () => {
    const result = await run('index.logs', 'nodejs6.10')
    assert.deepEqual(lines(result.stdout).slice(0, 4), [
      `TIME\t${id}\ttwo`,
      'lines { a: 1 }',
      `TIME\t${id}\tone is 1`,
      `TIME\t${id}\tcareful`,
    ])
  })

  test('JSON log format: one object a line, filtered by level, errors taken apart', async () => {
    const environment = { AWS_LAMBDA_LOG_FORMAT: 'JSON', AWS_LAMBDA_LOG_LEVEL: 'INFO' }
    const spec = { ...specOf(folder.path, 'index.logs', 'nodejs24.x'), environment }
    const logged = lines((await runGuest(spec, ['{}'])).stdout)
    assert.equal(
      logged[0],
      `{"timestamp":"TIME","level":"INFO","requestId":"${id}","message":"two\\nlines { a: 1 }"}`,
    )
    assert.equal(logged.length, 5)
    const failing = await runGuest({ ...spec, handler: 'index.logError' }, ['{}'])
    const line = JSON.parse(failing.stdout) as Record<string, unknown>
    assert.deepEqual([line['errorType'], line['errorMessage']], ['TypeError', 'wrong'])
    assert.match(String(line['message']), /^it was TypeError: wrong\n/)
  })

  test('an error of the handler is logged with its own properties', async () => {
    assert.deepEqual(lines((await run('index.boom')).stdout), [
      `TIME\t${id}\tERROR\tInvoke Error \t{"errorType":"TypeError","errorMessage":"boom\u007f","code":"ECODE","extra":{"a":1},"stack":["TypeError: boom\u007f"]}`,
    ])
  })

  test('a stack names the function, not the runtime', async () => {
    const [post] = (await run('index.boom')).posts
    const { trace } = JSON.parse(post?.body ?? '') as { trace: string[] }
    assert.match(trace[1] ?? '', /^ {4}at exports\.boom \[as handler\] \(.*\/index\.js:\d+:\d+\)$/)
    assert.ok(trace.every((line) => !line.includes('src/runtimes')))
  })

  test('an uncaught exception is posted, logged, and ends the process with 129', async () => {
    const result = await run('index.lateException')
    assert.deepEqual(answers(result), [
      ['error', { errorType: 'Error', errorMessage: 'late', trace: ['Error: late'] }],
    ])
    assert.equal(result.exitCode, 129)
    assert.ok(
      lines(result.stdout)[0]?.startsWith(
        `TIME\t${id}\tERROR\tUncaught Exception \t{"errorType":"Error"`,
      ),
    )
  })

  test('an unhandled rejection ends the process with 128; up to nodejs22.x the answer came first', async () => {
    const old = await run('index.rejection', 'nodejs22.x')
    assert.deepEqual(answers(old), [['response', 'answered']])
    const result = await run('index.rejection')
    assert.deepEqual(answers(result), [
      [
        'error',
        {
          errorType: 'Runtime.UnhandledPromiseRejection',
          errorMessage: 'Error: nobody waits',
          trace: ['Runtime.UnhandledPromiseRejection: Error: nobody waits'],
        },
      ],
    ])
    for (const { exitCode, stdout } of [old, result]) {
      assert.equal(exitCode, 128)
      assert.ok(
        lines(stdout)[0]?.includes(
          'ERROR\tUnhandled Promise Rejection \t{"errorType":"Runtime.Unhandled',
        ),
      )
    }
  })

  test('process.exit ends the process without an answer', async () => {
    const result = await run('index.exit')
    assert.deepEqual([result.posts, result.exitCode], [[], 3])
  })

  test('up to nodejs22.x an answer given before process.exit is sent', async () => {
    const result = await run('index.exitAfterAnswer', 'nodejs22.x')
    assert.deepEqual([answers(result), result.exitCode], [[['response', 'sent']], 0])
  })

  test('a promise that never settles ends the process as soon as nothing is left to run', async () => {
    const result = await run('index.never')
    const [post] = result.posts
    const body = JSON.parse(post?.body ?? '') as Record<string, string>
    assert.equal(body['errorType'], 'Runtime.NodeJsExit')
    assert.match(body['errorMessage'] ?? '', /a Promise that was never settled/)
    assert.equal(result.exitCode, 13)
  })

  test('a callback waits for the event loop unless told not to', async () => {
    const waiting = await run('index.waits', 'nodejs22.x')
    assert.deepEqual(lines(waiting.stdout), [`TIME\t${id}\tINFO\tstill working`])
    const notWaiting = await run('index.doesNotWait', 'nodejs22.x')
    assert.deepEqual(lines(notWaiting.stdout), [])
  })

  test('a streamed response leaves in chunks with its content type', async () => {
    const [post] = (await run('index.stream')).posts
    assert.equal(post?.body, 'one two three')
    assert.equal(post?.headers['content-type'], 'text/plain')
    assert.equal(post?.headers['lambda-runtime-function-response-mode'], 'streaming')
    assert.equal(post?.headers['transfer-encoding'], 'chunked')
  })

  test('an HTTP stream begins with its prelude', async () => {
    const [post] = (await run('index.httpStream')).posts
    assert.equal(
      post?.headers['content-type'],
      'application/vnd.awslambda.http-integration-response',
    )
    assert.equal(post?.body, `{"statusCode":201}${'\0'.repeat(8)}body`)
  })

  test('a stream that breaks tells so in trailers, and the next invocation works', async () => {
    const { posts } = await run('index.brokenStream', 'nodejs24.x', ['{}', '{}'])
    assert.deepEqual(
      posts.map((post) => [post.body, post.trailers['lambda-runtime-function-error-type']]),
      [
        ['begun', 'Error'],
        ['begun', 'Error'],
      ],
    )
    const body = String(posts[0]?.trailers['lambda-runtime-function-error-body'])
    const error = JSON.parse(Buffer.from(body, 'base64').toString()) as { errorMessage: string }
    assert.equal(error.errorMessage, 'broken')
  })

  test('what was written before an error leaves before it, however much', async () => {
    const [post] = (await run('index.fullStream')).posts
    assert.equal(post?.body.length, 2_000_000)
    assert.equal(post?.trailers['lambda-runtime-function-error-type'], 'Error')
  })

  test('a prelude goes with the first write, even of nothing', async () => {
    const { posts } = await run('index.emptyHttpStream', 'nodejs24.x', ['{}', '{"writes":true}'])
    assert.deepEqual(
      posts.map(({ body }) => body),
      ['', `{"statusCode":204}${'\0'.repeat(8)}`],
    )
  })

  test('a write after the end does not take the end away', async () => {
    const [post] = (await run('index.lateWrite')).posts
    assert.deepEqual([post?.body, post?.trailers], ['whole', {}])
  })

  test('a pipeline whose source fails ends the stream with that error', async () => {
    const [post] = (await run('index.brokenPipe')).posts
    const body = String(post?.trailers['lambda-runtime-function-error-body'])
    assert.match(Buffer.from(body, 'base64').toString(), /"errorMessage":"source"/)
  })

  test('6 MB in and out', async () => {
    const text = 'x'.repeat(6 * 1024 * 1024 - 100)
    assert.deepEqual(answers(await run('index.size', 'nodejs24.x', [JSON.stringify({ text })])), [
      ['response', text.length],
    ])
    const count = 3_000_000
    const [post] = (await run('index.grow', 'nodejs24.x', [JSON.stringify({ count })])).posts
    assert.equal(post?.body.length, count + '{"text":""}'.length)
    assert.ok(post?.body.endsWith('éé"}'))
  })

  test('a prepared process becomes the function it is told to be', async () => {
    const spec = {
      ...specOf(folder.path, 'index.environment', 'nodejs24.x'),
      isPrepared: true,
      environment: { TZ: 'Asia/Tokyo' },
    }
    const result = await runGuest(spec, ['{}', '{}'])
    const value = { argv: 2, folder: folder.path, zone: 9, input: '/dev/null' }
    assert.deepEqual(answers(result), [
      ['response', value],
      ['response', value],
    ])
  })

  test('modules are found in layers, the one for the version first, cold and prepared', async () => {
    const environment = nodeRuntime().environment({
      codePath: folder.path,
      layersPath: `${folder.path}/layer`,
    })
    for (const isPrepared of [false, true]) {
      const spec = { ...specOf(folder.path, 'index.layer', 'nodejs24.x'), environment, isPrepared }
      assert.deepEqual(answers(await runGuest(spec, ['{}'])), [['response', 'layer for 24']])
    }
  })
})
