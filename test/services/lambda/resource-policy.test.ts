/** The policy of a function as one document: PutResourcePolicy, GetResourcePolicy, DeleteResourcePolicy, beside AddPermission. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import {
  AddPermissionCommand,
  CreateFunctionCommand,
  DeleteResourcePolicyCommand,
  GetPolicyCommand,
  GetResourcePolicyCommand,
  PutResourcePolicyCommand,
  RemovePermissionCommand,
} from '@aws-sdk/client-lambda'
import { openServer, owner } from '../../support/in-process.ts'
import { newFunction } from './harness.ts'

const { client, close } = await openServer({}, owner)
const FunctionName = 'guarded'
const ResourceArn = `arn:aws:lambda:eu-west-1:123456789012:function:${FunctionName}`

before(async () => {
  await client.send(new CreateFunctionCommand(newFunction(FunctionName)))
})

after(close)

const statement = {
  Sid: 'both',
  Effect: 'Allow',
  Principal: { AWS: ['arn:aws:iam::210987654321:root'], Service: 's3.amazonaws.com' },
  Action: ['lambda:InvokeFunction', 'lambda:GetFunction'],
  Resource: ResourceArn,
  Condition: { StringEquals: { 'aws:PrincipalOrgID': ['o-1', 'o-2'] } },
}

const document = (...statements: readonly object[]) =>
  JSON.stringify({ Version: '2012-10-17', Id: 'mine', Statement: statements })

const put = (Policy: string, RevisionId?: string) =>
  client.send(new PutResourcePolicyCommand({ ResourceArn, Policy, RevisionId }))
const get = () => client.send(new GetResourcePolicyCommand({ ResourceArn }))

test('a policy is put whole over what was there, read by both operations, and changed by statement', async () => {
  const absent = {
    name: 'ResourceNotFoundException',
    message: 'The resource you requested does not exist.',
  }
  await assert.rejects(get(), absent)
  const permission = { FunctionName, StatementId: 'one', Action: 'lambda:InvokeFunction' }
  await client.send(new AddPermissionCommand({ ...permission, Principal: 's3.amazonaws.com' }))
  const before = await get()
  assert.deepEqual(JSON.parse(before.Policy ?? '').Statement[0].Sid, 'one')

  const written = await put(document(statement), before.RevisionId)
  assert.equal(written.Policy, document(statement))
  assert.notEqual(written.RevisionId, before.RevisionId)
  const read = await get()
  assert.deepEqual([read.Policy, read.RevisionId], [written.Policy, written.RevisionId])
  const old = await client.send(new GetPolicyCommand({ FunctionName }))
  assert.deepEqual([old.Policy, old.RevisionId], [written.Policy, written.RevisionId])

  await client.send(new AddPermissionCommand({ ...permission, Principal: 'sns.amazonaws.com' }))
  const both = JSON.parse((await get()).Policy ?? '')
  assert.equal(both.Id, 'mine')
  assert.deepEqual(
    both.Statement.map(({ Sid }: { Sid: string }) => Sid),
    ['both', 'one'],
  )
  await client.send(new RemovePermissionCommand({ FunctionName, StatementId: 'both' }))

  const stale = { name: 'PreconditionFailedException' }
  await assert.rejects(put(document(statement), before.RevisionId), stale)
  const remove = (RevisionId?: string) =>
    client.send(new DeleteResourcePolicyCommand({ ResourceArn, RevisionId }))
  await assert.rejects(remove(before.RevisionId), stale)
  const { $metadata } = await remove((await get()).RevisionId)
  assert.equal($metadata.httpStatusCode, 204)
  await assert.rejects(get(), absent)
  await assert.rejects(remove(), absent)
  await assert.rejects(put(document(statement), written.RevisionId), stale)
})

test('a policy that would not be understood is refused, and says what is wrong', async () => {
  const { Resource: _, ...withoutResource } = statement
  const wrong: [policy: string, reason: RegExp][] = [
    ['{', /not valid JSON/],
    ['[]', /must be a JSON object/],
    ['{"Version":"2012-10-17","Statement":[]}', /no Statement/],
    ['{"Version":"2020-01-01","Statement":[{}]}', /Version must be/],
    [document({ ...statement, Effect: 'Maybe' }), /Effect of Statement 1/],
    [document({ ...statement, Principal: {} }), /Principal of Statement 1/],
    [document({ ...statement, Action: 's3:GetObject' }), /Action of Statement 1/],
    [document({ ...withoutResource, NotResource: 'x' }), /not supported: NotResource/],
    [document({ ...statement, Resource: `${ResourceArn}:1` }), /Resource of Statement 1/],
    [document({ ...statement, Condition: { StringEquals: 1 } }), /Condition of Statement 1/],
    [document({ ...statement, Effect: 'Deny' }, statement), /same Sid/],
  ]
  for (const [policy, message] of wrong) {
    await assert.rejects(put(policy), { name: 'InvalidParameterValueException', message }, policy)
  }
  await assert.rejects(put(document(statement).padEnd(20_481)), { name: 'ValidationException' })
  for (const name of ['nobody', `${FunctionName}:9`, `${FunctionName}:live`]) {
    const arn = ResourceArn.replace(FunctionName, name)
    const Policy = document({ ...statement, Resource: arn })
    await assert.rejects(client.send(new PutResourcePolicyCommand({ ResourceArn: arn, Policy })), {
      name: 'ResourceNotFoundException',
    })
  }
})
