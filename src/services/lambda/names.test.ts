import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { functionArn } from '../../lib/arn.ts'
import { AwsError } from '../../lib/errors/aws-error.ts'
import { locate } from './names.ts'

const asker = { accountId: '123456789012', region: 'eu-west-1' }
const nameText = fc.stringMatching(/^[a-zA-Z0-9-_]{1,64}$/)
const qualifierText = fc.stringMatching(/^(\$LATEST|[a-zA-Z0-9-_]{1,20})$/)

test('locate() finds the same function by every form of its name', () => {
  fc.assert(
    fc.property(nameText, qualifierText, (functionName, qualifier) => {
      const arn = functionArn(asker, functionName)
      for (const text of [functionName, `123456789012:function:${functionName}`, arn]) {
        const place = asker
        assert.deepEqual(locate(asker, { FunctionName: text }, 'X'), { place, functionName })
        const expected = { place, functionName, qualifier }
        const within = { FunctionName: `${text}:${qualifier}` }
        assert.deepEqual(locate(asker, within, 'X'), expected)
        assert.deepEqual(locate(asker, { ...within, Qualifier: qualifier }, 'X'), expected)
        assert.deepEqual(locate(asker, { FunctionName: text, Qualifier: qualifier }, 'X'), expected)
      }
    }),
    { numRuns: 50 },
  )
})

test('locate() takes the longest names and the qualifiers that the service model allows', () => {
  const functionName = 'f'.repeat(64)
  for (const qualifier of ['a'.repeat(128), '$LATEST.PUBLISHED']) {
    const expected = { place: asker, functionName, qualifier }
    const FunctionName = functionArn(asker, functionName, qualifier)
    assert.deepEqual(locate(asker, { FunctionName }, 'X'), expected)
    const beside = { FunctionName: functionName, Qualifier: qualifier }
    assert.deepEqual(locate(asker, beside, 'X'), expected)
  }
})

test('locate() answers any text with a function or with our error', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 200 }), fc.string({ maxLength: 150 }), (name, qualifier) => {
      try {
        const { functionName } = locate(asker, { FunctionName: name, Qualifier: qualifier }, 'X')
        assert.match(functionName, /^[a-zA-Z0-9-_.]+$/)
      } catch (error) {
        assert.ok(error instanceof AwsError)
      }
    }),
  )
})

test('locate() words what is wrong with a name or a qualifier', () => {
  const failure = (FunctionName: string, Qualifier?: string): string => {
    try {
      locate(asker, { FunctionName, Qualifier }, 'X')
    } catch (error) {
      return error instanceof AwsError ? `${error.code} ${error.message}` : ''
    }
    return ''
  }
  const prefix = 'ValidationException 1 validation error detected: Value'
  assert.equal(
    failure('x'.repeat(257)),
    `${prefix} '${'x'.repeat(257)}' at 'functionName' failed to satisfy constraint: Member must have length less than or equal to 256`,
  )
  assert.ok(failure('a b').startsWith(`${prefix} 'a b' at 'functionName' failed to satisfy`))
  assert.equal(
    failure('a', 'b c'),
    `${prefix} 'b c' at 'qualifier' failed to satisfy constraint: Member must satisfy regular expression pattern: \\$(LATEST(\\.PUBLISHED)?)|[a-zA-Z0-9-_$]+`,
  )
})
