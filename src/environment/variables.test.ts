import assert from 'node:assert/strict'
import { test } from 'node:test'
import { versionOf } from '../../test/support/version.ts'
import type { FunctionVersion } from '../model.ts'
import type { Runtime } from '../runtimes/runtime.ts'
import { logStreamName, runtimeVariables } from './variables.ts'

const version = versionOf({
  accountId: '123456789012',
  region: 'eu-west-1',
  functionName: 'fn',
  version: '3',
  runtime: 'nodejs24.x',
  memoryMib: 512,
  architecture: 'x86_64',
  environment: { PATH: '/mine', AWS_LAMBDA_RUNTIME_API: 'mine', NODE_PATH: '/n', _HANDLER: 'x' },
  codePath: '/code',
  layersPath: '/layers',
})
const managed: Runtime = {
  name: 'nodejs24.x',
  family: 'nodejs',
  servedBy: 'nodejs24.x',
  argv: ['/lang/bin/node', '/house/bootstrap.mjs'],
  runtimeVersion: 'nodejs:24.v21',
  runtimeVersionArn: () => '',
  environment: ({ codePath, layersPath }) => ({ NODE_PATH: `${layersPath}:${codePath}` }),
  startupVariables: [],
}
const provided: Runtime = { ...managed, family: 'provided', argv: [], environment: () => ({}) }
const source = { version, runtime: managed, logStream: 's', runtimeApi: '127.0.0.1:9001' }

test('runtimeVariables() has what AWS documents, with real folders', () => {
  const plain = { ...version, environment: {} }
  assert.deepEqual(runtimeVariables({ ...source, version: plain }), {
    LANG: 'en_US.UTF-8',
    TZ: ':UTC',
    PATH: '/lang/bin:/usr/local/bin:/usr/bin:/bin:/layers/bin',
    LD_LIBRARY_PATH: '/lib64:/usr/lib64:/code:/code/lib:/layers/lib',
    NODE_PATH: '/layers:/code',
    AWS_XRAY_CONTEXT_MISSING: 'LOG_ERROR',
    AWS_XRAY_DAEMON_ADDRESS: '127.0.0.1:2000',
    _AWS_XRAY_DAEMON_ADDRESS: '127.0.0.1',
    _AWS_XRAY_DAEMON_PORT: '2000',
    _HANDLER: 'index.handler',
    AWS_REGION: 'eu-west-1',
    AWS_DEFAULT_REGION: 'eu-west-1',
    AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x',
    AWS_LAMBDA_FUNCTION_NAME: 'fn',
    AWS_LAMBDA_FUNCTION_VERSION: '3',
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '512',
    AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
    AWS_LAMBDA_LOG_GROUP_NAME: '/aws/lambda/fn',
    AWS_LAMBDA_LOG_STREAM_NAME: 's',
    AWS_LAMBDA_RUNTIME_API: '127.0.0.1:9001',
    LAMBDA_TASK_ROOT: '/code',
    LAMBDA_RUNTIME_DIR: '/house',
    PWD: '/code',
    SHLVL: '0',
  })
})

test('runtimeVariables() lets the customer override what is not reserved', () => {
  const variables = runtimeVariables(source)
  assert.deepEqual(
    [variables['PATH'], variables['NODE_PATH'], variables['_HANDLER']],
    ['/mine', '/n', 'index.handler'],
  )
  assert.equal(variables['AWS_LAMBDA_RUNTIME_API'], '127.0.0.1:9001')
})

test('runtimeVariables() of provided runtimes and of the JSON format', () => {
  const json: FunctionVersion = { ...version, logFormat: 'JSON' }
  const variables = runtimeVariables({ ...source, runtime: provided, version: json })
  for (const name of ['AWS_EXECUTION_ENV', 'PWD', 'SHLVL']) assert.ok(!(name in variables), name)
  assert.equal(variables['AWS_LAMBDA_LOG_FORMAT'], 'JSON')
  assert.equal(variables['AWS_LAMBDA_LOG_LEVEL'], 'INFO')
  const loud = { ...source, version: { ...json, applicationLogLevel: 'WARN' } }
  assert.equal(runtimeVariables(loud)['AWS_LAMBDA_LOG_LEVEL'], 'WARN')
})

test('logStreamName() names the function only in a shared group', () => {
  const nowMs = Date.UTC(2026, 0, 2)
  assert.equal(logStreamName(version, nowMs, 'ab'), '2026/01/02/[3]ab')
  const shared = { ...version, logGroup: 'all' }
  assert.equal(logStreamName(shared, nowMs, 'ab'), '2026/01/02/fn[3]ab')
})
