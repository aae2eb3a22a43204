import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { nodeFiles } from './fixtures/nodejs.ts'
import { makeFolder } from './support/folder.ts'
import type { Folder } from './support/folder.ts'
import { runGuest } from './support/guest.ts'
import type { Run } from './support/guest.ts'
import { answers, lines, specOf } from './support/node-guest.ts'
import { requestIdOf } from './support/runtime-api.ts'

let folder: Folder

before(async () => {
  folder = await makeFolder(nodeFiles)
})
after(() => folder[Symbol.asyncDispose]())

function run(handler: string, runtime = 'nodejs24.x', events = ['{"a":1}']): Promise<Run> {
  return runGuest(specOf(folder.path, handler, runtime), events)
}

const answerTable: readonly [handler: string, runtime: string, value: unknown][] = [
  ['index.echo', 'nodejs24.x', { a: 1 }],
  ['index.sync', 'nodejs24.x', { a: 1 }],
  ['index.nothing', 'nodejs24.x', null],
  ['index.nested.deep.handler', 'nodejs24.x', 'nested'],
  ['index.returnFunction', 'nodejs24.x', null],
  ['index.store', 'nodejs24.x', requestIdOf(0)],
  ['package/esm.handler', 'nodejs24.x', 'a module'],
  ['package/esm.inside', 'nodejs24.x', 'the default export'],
  ['typed/index.handler', 'nodejs24.x', 'file:'],
  ['common.handler', 'nodejs24.x', 'function'],
  ['sub/folder/file.handler', 'nodejs24.x', 'folder/file.js'],
  ['stripped.handler', 'nodejs24.x', 'Hello undefined'],
  ['installed.handler', 'nodejs24.x', 'from node_modules'],
  ['ambiguous.handler', 'nodejs24.x', 'by its syntax'],
  ['index.echo', 'nodejs22.x', { a: 1 }],
  ['index.callback', 'nodejs22.x', { called: true }],
  ['index.waits', 'nodejs22.x', 'after the loop'],
  ['index.doesNotWait', 'nodejs22.x', 'at once'],
  ['index.succeed', 'nodejs20.x', 'succeeded'],
  ['index.done', 'nodejs18.x', 'done'],
  ['index.firstCounts', 'nodejs22.x', 1],
  ['index.noAnswer', 'nodejs22.x', null],
  ['index.sync', 'nodejs22.x', null],
  ['package/esm.handler', 'nodejs22.x', 'a module'],
]

const errorTable: readonly [handler: string, runtime: string, error: unknown][] = [
  [
    'index.boom',
    'nodejs24.x',
    { errorType: 'TypeError', errorMessage: 'boom%7F', trace: ['TypeError: boom%7F'] },
  ],
  [
    'index.syncBoom',
    'nodejs24.x',
    { errorType: 'RangeError', errorMessage: 'at once', trace: ['RangeError: at once'] },
  ],
  ['index.throwText', 'nodejs24.x', { errorType: 'string', errorMessage: 'a text', trace: [] }],
  [
    'index.throwNothing',
    'nodejs24.x',
    { errorType: 'undefined', errorMessage: 'undefined', trace: [] },
  ],
  ['index.throwNothing', 'nodejs22.x', { errorType: 'string', errorMessage: 'handled', trace: [] }],
  [
    'index.big',
    'nodejs24.x',
    {
      errorType: 'Runtime.JSONStringifyError',
      errorMessage: 'Unable to stringify response body',
      trace: ['Runtime.JSONStringifyError: Unable to stringify response body'],
    },
  ],
  [
    'index.circle',
    'nodejs22.x',
    {
      errorType: 'Error',
      errorMessage: 'Unable to stringify response body',
      trace: ['Error: Unable to stringify response body'],
    },
  ],
  [
    'index.callbackError',
    'nodejs22.x',
    { errorType: 'Error', errorMessage: 'called', trace: ['Error: called'] },
  ],
  ['index.callbackText', 'nodejs22.x', { errorType: 'string', errorMessage: 'a text', trace: [] }],
  ['index.callbackText', 'nodejs6.10', { errorMessage: 'a text' }],
  [
    'index.fail',
    'nodejs22.x',
    { errorType: 'Error', errorMessage: 'failed', trace: ['Error: failed'] },
  ],
]

const require24 = 'Require stack:\n- /var/runtime/index.mjs'
const initTable: readonly [
  handler: string,
  runtime: string,
  type: string,
  message: string | RegExp,
][] = [
  [
    'index.absent',
    'nodejs24.x',
    'Runtime.HandlerNotFound',
    'index.absent is undefined or not exported',
  ],
  [
    'index.notAFunction',
    'nodejs22.x',
    'Runtime.HandlerNotFound',
    'index.notAFunction is not a function',
  ],
  [
    'package/esm.inside',
    'nodejs22.x',
    'Runtime.HandlerNotFound',
    'package/esm.inside is undefined or not exported',
  ],
  ['index', 'nodejs24.x', 'Runtime.MalformedHandlerName', 'Bad handler'],
  [
    '../index.handler',
    'nodejs24.x',
    'Runtime.MalformedHandlerName',
    "'../index.handler' is not a valid handler name. Use absolute paths when specifying root directories in handler names.",
  ],
  [
    'absent.handler',
    'nodejs24.x',
    'Runtime.ImportModuleError',
    `Error: Cannot find module 'absent'\n${require24}`,
  ],
  [
    'missing-import.handler',
    'nodejs22.x',
    'Runtime.ImportModuleError',
    /^Error: Cannot find module 'not-there'\nRequire stack:\n- .*\/missing-import\.js\n- \/var\/runtime\/index\.mjs$/,
  ],
  [
    'missing-import.handler',
    'nodejs24.x',
    'Runtime.ImportModuleError',
    /^Error: Cannot find module 'not-there'\nRequire stack:\n- .*\/missing-import\.js$/,
  ],
  [
    'missing-module.handler',
    'nodejs24.x',
    'Error',
    /^Cannot find package 'not-there' imported from /,
  ],
  [
    'syntax.handler',
    'nodejs24.x',
    'Runtime.UserCodeSyntaxError',
    'SyntaxError: Unexpected end of input',
  ],
  ['throws.handler', 'nodejs22.x', 'TypeError', 'while loading'],
  [
    'index.callback',
    'nodejs24.x',
    'Runtime.CallbackHandlerDeprecated',
    /^ERROR: AWS Lambda has removed support for callback-based/,
  ],
]

describe('Node.js handlers', { concurrency: 3 }, () => {
  for (const [handler, runtime, value] of answerTable) {
    test(`${runtime} ${handler} answers`, async () => {
      assert.deepEqual(answers(await run(handler, runtime)), [['response', value]])
    })
  }

  for (const [handler, runtime, error] of errorTable) {
    test(`${runtime} ${handler} fails, and the next invocation works`, async () => {
      const result = await run(handler, runtime, ['{}', '{}'])
      assert.deepEqual(answers(result), [
        ['error', error],
        ['error', error],
      ])
      assert.equal(result.exitCode, undefined)
    })
  }

  for (const [handler, runtime, type, message] of initTable) {
    test(`${runtime} ${handler} fails to initialise: ${type}`, async () => {
      const result = await run(handler, runtime)
      assert.equal(result.posts.length, 1)
      const [post] = result.posts
      const body = JSON.parse(post?.body ?? '') as { errorType: string; errorMessage: string }
      assert.deepEqual([post?.kind, body.errorType], ['init/error', type])
      if (typeof message === 'string') assert.equal(body.errorMessage, message)
      else assert.match(body.errorMessage, message)
      assert.equal(post?.headers['lambda-runtime-function-error-type'], type)
      assert.equal(result.exitCode, runtime === 'nodejs24.x' ? 1 : 129)
      const label =
        runtime === 'nodejs24.x'
          ? '-\tERROR\tInit Error \t'
          : 'undefined\tERROR\tUncaught Exception \t'
      assert.ok(lines(result.stdout)[0]?.startsWith(`TIME\t${label}{"errorType":"${type}"`))
    })
  }
})
