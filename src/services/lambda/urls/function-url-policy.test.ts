import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { missingAction } from './function-url-policy.ts'
import type { Statement } from '../records.ts'

const statement = (changes: Partial<Statement>): Statement => ({
  Sid: 's',
  Effect: 'Allow',
  Principal: '*',
  Action: 'lambda:InvokeFunctionUrl',
  Resource: 'arn',
  ...changes,
})
const url = statement({ Condition: { StringEquals: { 'lambda:FunctionUrlAuthType': 'NONE' } } })
const run = statement({
  Action: 'lambda:InvokeFunction',
  Condition: { Bool: { 'lambda:InvokedViaFunctionUrl': 'true' } },
})
const everybody = { authType: 'NONE' } as const
const caller = { accountId: '111111111111', arn: 'arn:aws:iam::111111111111:user/u' }

test('missingAction() wants both actions', () => {
  assert.equal(missingAction([], everybody), 'lambda:InvokeFunctionUrl')
  assert.equal(missingAction([url], everybody), 'lambda:InvokeFunction')
  assert.equal(missingAction([url, run], everybody), undefined)
  assert.equal(missingAction([statement({ Action: 'lambda:*' })], everybody), undefined)
  assert.equal(
    missingAction([url, run], { authType: 'AWS_IAM', caller }),
    'lambda:InvokeFunctionUrl',
  )
})

test('missingAction() knows who is meant', () => {
  const meant = (Principal: unknown) =>
    missingAction([statement({ Action: '*', Principal })], { authType: 'AWS_IAM', caller }) ===
    undefined
  assert.ok(meant({ AWS: caller.arn }))
  assert.ok(meant({ AWS: ['x', 'arn:aws:iam::111111111111:root'] }))
  assert.ok(meant('*'))
  assert.ok(!meant({ AWS: 'arn:aws:iam::222222222222:root' }))
  assert.ok(!meant({ Service: 'lambda.amazonaws.com' }))
  assert.ok(missingAction([statement({ Action: '*', Principal: { AWS: caller.arn } })], everybody))
})

test('missingAction(): a denial wins, and what is not understood lets nobody in', () => {
  const unclear = { StringEquals: { 'aws:SourceVpc': 'vpc-1' } }
  const all = statement({ Action: '*' })
  assert.ok(missingAction([all, statement({ Effect: 'Deny' })], everybody))
  assert.ok(missingAction([all, statement({ Effect: 'Deny', Condition: unclear })], everybody))
  assert.ok(missingAction([statement({ Action: '*', Condition: unclear })], everybody))
  assert.ok(
    missingAction(
      [statement({ Action: '*', Condition: { Odd: { 'lambda:FunctionUrlAuthType': 'NONE' } } })],
      everybody,
    ),
  )
  const iamOnly = { StringEquals: { 'lambda:FunctionUrlAuthType': 'AWS_IAM' } }
  assert.equal(
    missingAction([all, statement({ Effect: 'Deny', Condition: iamOnly })], everybody),
    undefined,
  )
})

test('missingAction() lets the own account in, unless that is denied', () => {
  const owner = { authType: 'AWS_IAM', caller, isOwner: true } as const
  assert.equal(missingAction([], owner), undefined)
  const denial = statement({ Effect: 'Deny' })
  assert.equal(missingAction([denial], owner), 'lambda:InvokeFunctionUrl')
  const others = statement({ Effect: 'Deny', Principal: { AWS: '222222222222' } })
  assert.equal(missingAction([others], owner), undefined)
})

test('missingAction() matches patterns of actions as IAM does, however they are made', () => {
  const action = 'lambda:InvokeFunctionUrl'
  const pattern = fc
    .array(fc.constantFrom('*', '?', 'lambda', ':', 'Invoke', 'Function', 'Url', 'x'), {
      maxLength: 8,
    })
    .map((parts) => parts.join(''))
  fc.assert(
    fc.property(pattern, (text) => {
      const expected = new RegExp(
        `^${RegExp.escape(text).replaceAll('\\*', '.*').replaceAll('\\?', '.')}$`,
      )
      const statements = [statement({ Action: text }), run]
      assert.equal(missingAction(statements, everybody) === undefined, expected.test(action))
    }),
  )
})
