import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { AwsError } from '../../../lib/errors/aws-error.ts'
import { parsePolicy } from './parse-policy.ts'

const arn = 'arn:aws:lambda:us-east-1:123456789012:function:guarded'

/** Values that are near to what a statement may hold. */
const near = fc.oneof(
  fc.constantFrom('Allow', 'Deny', '*', 'lambda:InvokeFunction', arn, '2012-10-17', ''),
  fc.record({ AWS: fc.constantFrom<unknown>('*', ['a', 'b'], [], 1) }),
  fc.record({ StringEquals: fc.dictionary(fc.string(), fc.jsonValue()) }),
  fc.jsonValue(),
)
const members = ['Sid', 'Effect', 'Principal', 'Action', 'Resource', 'Condition', 'NotAction']
const statement = fc.record(Object.fromEntries(members.map((name) => [name, near])), {
  requiredKeys: [],
})
const document = fc.record(
  { Version: near, Id: near, Statement: fc.oneof(statement, fc.array(statement), near) },
  { requiredKeys: [] },
)

test('parsePolicy() understands a text whole or refuses it in a sentence', () => {
  const text = fc.oneof(
    document.map((value) => JSON.stringify(value)),
    fc.json(),
    fc.string(),
  )
  fc.assert(
    fc.property(text, (policy) => {
      try {
        const { statements } = parsePolicy(policy, arn)
        assert.ok(statements.length > 0)
        for (const { Resource } of statements)
          assert.deepEqual(new Set([Resource].flat()), new Set([arn]))
      } catch (error) {
        assert.ok(error instanceof AwsError && error.status === 400, String(error))
        assert.match(error.message, /^The policy is not valid: .+\.$/)
      }
    }),
    { numRuns: 2000 },
  )
})

test('parsePolicy() takes one statement as it takes a list of one', () => {
  const Statement = { Effect: 'Deny', Principal: '*', Action: 'lambda:*', Resource: [arn] }
  const parse = (value: unknown) =>
    parsePolicy(JSON.stringify({ Version: '2008-10-17', Statement: value }), arn)
  assert.deepEqual(parse(Statement), parse([Statement]))
  assert.deepEqual(parse(Statement), { version: '2008-10-17', statements: [Statement] })
})
