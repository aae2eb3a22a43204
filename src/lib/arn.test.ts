import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  functionArn,
  layerVersionArn,
  parseFunctionReference,
  parseLayerArn,
  parseLayerVersionArn,
} from './arn.ts'

const place = { accountId: '123456789012', region: 'eu-west-1' }

test('parseFunctionReference() knows the four forms, each with a qualifier', () => {
  assert.deepEqual(parseFunctionReference('hello'), { functionName: 'hello' })
  assert.deepEqual(parseFunctionReference('hello:prod'), {
    functionName: 'hello',
    qualifier: 'prod',
  })
  assert.deepEqual(parseFunctionReference('function:hello:7'), {
    functionName: 'hello',
    qualifier: '7',
  })
  assert.deepEqual(parseFunctionReference('123456789012:function:hello:$LATEST'), {
    functionName: 'hello',
    qualifier: '$LATEST',
    accountId: '123456789012',
  })
  assert.deepEqual(parseFunctionReference('arn:aws:lambda:eu-west-1:123456789012:function:hello'), {
    functionName: 'hello',
    accountId: '123456789012',
    region: 'eu-west-1',
  })
})

test('parseFunctionReference() refuses what is no name', () => {
  for (const text of ['', ':', 'a b', 'a:b:c', 'a:$latest', 'arn:aws:s3:::bucket', 'a/b', 'a\n']) {
    assert.equal(parseFunctionReference(text), undefined, JSON.stringify(text))
  }
})

test('functionArn() and parseFunctionReference() are inverse', () => {
  const name = fc.stringMatching(/^[a-zA-Z0-9-_]{1,64}$/)
  const qualifier = fc.option(fc.stringMatching(/^(\$LATEST|[a-zA-Z0-9-_]{1,20})$/), {
    nil: undefined,
  })
  fc.assert(
    fc.property(name, qualifier, (functionName, alias) => {
      const parsed = parseFunctionReference(functionArn(place, functionName, alias))
      assert.deepEqual(parsed, {
        ...place,
        functionName,
        ...(alias !== undefined && { qualifier: alias }),
      })
    }),
  )
})

test('parseFunctionReference() never hangs or throws on any text', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 300 }), (text) => {
      parseFunctionReference(text)
      parseLayerArn(text)
    }),
  )
})

test('parseLayerVersionArn() is the inverse of layerVersionArn()', () => {
  assert.deepEqual(parseLayerVersionArn(layerVersionArn(place, 'tools', 12)), {
    ...place,
    layerName: 'tools',
    version: 12,
  })
  assert.equal(parseLayerVersionArn('arn:aws:lambda:eu-west-1:123456789012:layer:tools'), undefined)
  assert.equal(parseLayerVersionArn('tools'), undefined)
  assert.equal(functionArn({ ...place, region: 'cn-north-1' }, 'f').split(':')[1], 'aws-cn')
})
