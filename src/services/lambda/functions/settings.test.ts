import assert from 'node:assert/strict'
import { test } from 'node:test'
import { changeSettings, checkSnapStart, checkTotalSize, defaultSettings } from './settings.ts'

const role = 'arn:aws:iam::123456789012:role/r'
const base = defaultSettings('hello', { runtime: 'python3.13', handler: 'a.b', role })
const mib = 1024 * 1024

test('changeSettings() without members changes nothing', () => {
  assert.deepEqual(changeSettings(base, {}, undefined), base)
})

test('changeSettings() keeps the log group and levels that were set', () => {
  const json = changeSettings(
    base,
    { LoggingConfig: { LogFormat: 'JSON', ApplicationLogLevel: 'DEBUG', LogGroup: '/own' } },
    undefined,
  )
  const again = changeSettings(json, { LoggingConfig: { SystemLogLevel: 'WARN' } }, undefined)
  assert.deepEqual(again.logging, {
    logFormat: 'JSON',
    applicationLogLevel: 'DEBUG',
    systemLogLevel: 'WARN',
    logGroup: '/own',
  })
  assert.throws(() => changeSettings(base, { LoggingConfig: { SystemLogLevel: 'WARN' } }, []), {
    name: 'InvalidParameterValueException',
    message:
      'LogLevel is not supported when LogFormat is set to "Text". ' +
      'Remove LogLevel from your request or change the LogFormat to "JSON" and try again.',
  })
  const text = changeSettings(json, { LoggingConfig: { LogFormat: 'Text' } }, undefined)
  assert.deepEqual(text.logging, { logFormat: 'Text', logGroup: '/own' })
})

test('changeSettings() gives a capacity provider more memory, and JSON logs only', () => {
  const CapacityProviderConfig = {
    LambdaManagedInstancesCapacityProviderConfig: { CapacityProviderArn: 'arn:p' },
  }
  const created = changeSettings(base, { CapacityProviderConfig }, undefined)
  assert.deepEqual([created.memoryMib, created.logging.logFormat], [2048, 'JSON'])
  const more = changeSettings(base, { CapacityProviderConfig, MemorySize: 4096 }, undefined)
  assert.equal(changeSettings(more, { Description: 'x' }, undefined).memoryMib, 4096)
  const debug = { ApplicationLogLevel: 'DEBUG' } as const
  const changed = changeSettings(created, { LoggingConfig: debug }, undefined)
  assert.equal(changed.logging.applicationLogLevel, 'DEBUG')
  assert.deepEqual(changeSettings(changed, {}, undefined), changed)
  assert.throws(
    () => changeSettings(created, { LoggingConfig: { LogFormat: 'Text' } }, undefined),
    /^InvalidParameterValueException: LogLevel is not supported/,
  )
})

test('checkSnapStart() knows the runtimes that can', () => {
  const snapStart = 'PublishedVersions' as const
  for (const runtime of ['java11', 'java21', 'python3.12', 'python3.14', 'dotnet8', 'dotnet10']) {
    checkSnapStart({ ...base, runtime, snapStart })
  }
  for (const runtime of ['java8.al2', 'python3.11', 'python3.9', 'dotnet6', 'nodejs24.x']) {
    assert.throws(() => checkSnapStart({ ...base, runtime, snapStart }), {
      message: `${runtime} is not supported for SnapStart enabled functions.`,
    })
  }
})

test('checkTotalSize() counts code and layers together', () => {
  const layer = { arn: 'a', id: 'b', codeSha256: 'c', zippedBytes: 1, unzippedBytes: 125 * mib }
  checkTotalSize(0, [layer, layer])
  assert.throws(() => checkTotalSize(1, [layer, layer]), {
    name: 'InvalidParameterValueException',
    message:
      'Function code combined with layers exceeds the maximum allowed size of 262144000 bytes. The actual size is 262144001 bytes.',
  })
})
