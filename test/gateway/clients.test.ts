/** The SDK's own clients against a gateway: they sign, encode and read errors as every real client does. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import {
  CloudWatchLogsClient,
  DescribeLogGroupsCommand,
  PutRetentionPolicyCommand,
} from '@aws-sdk/client-cloudwatch-logs'
import {
  CreateFunctionCommand,
  GetAccountSettingsCommand,
  GetFunctionCommand,
  InvokeCommand,
  LambdaClient,
  ListFunctionsCommand,
  ListLayersCommand,
} from '@aws-sdk/client-lambda'
import {
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import { CreateQueueCommand, ListQueuesCommand, SQSClient } from '@aws-sdk/client-sqs'
import {
  AssumeRoleCommand,
  AssumeRoleWithWebIdentityCommand,
  GetCallerIdentityCommand,
  STSClient,
} from '@aws-sdk/client-sts'
import { startTestServer, testCredentials } from './support/server.ts'
import type { TestServer } from './support/server.ts'

let server: TestServer
type Keys = { accessKeyId: string; secretAccessKey: string; sessionToken?: string }
const config = (credentials: Keys = testCredentials) => ({
  endpoint: server.gateway.endpoint,
  region: 'eu-west-1',
  credentials,
  maxAttempts: 1,
})
const strangers = { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'x' }
const forgers = { accessKeyId: 'test', secretAccessKey: 'wrong' }

before(async () => {
  server = await startTestServer()
})
after(() => server[Symbol.asyncDispose]())

async function failureOf(
  promise: Promise<unknown>,
): Promise<{ name: string; status: number; message: string; requestId: string | undefined }> {
  const error = await promise.then(
    () => assert.fail('it succeeded'),
    (failure: unknown) => failure,
  )
  assert.ok(error instanceof Error)
  const { $metadata } = error as Error & {
    $metadata: { httpStatusCode: number; requestId?: string }
  }
  return {
    name: error.name,
    status: $metadata.httpStatusCode,
    message: error.message,
    requestId: $metadata.requestId,
  }
}

test('Lambda: an invocation passes bytes, account and region', async () => {
  const lambda = new LambdaClient(config())
  const echo = await lambda.send(
    new InvokeCommand({ FunctionName: 'echo', Payload: Buffer.from('{"a":"é"}') }),
  )
  assert.equal(Buffer.from(echo.Payload ?? []).toString(), '{"a":"é"}')
  const answer = await lambda.send(new InvokeCommand({ FunctionName: 'whoami' }))
  const who = JSON.parse(Buffer.from(answer.Payload ?? []).toString())
  assert.deepEqual(who, {
    accountId: '000000000000',
    region: 'eu-west-1',
    caller: {
      accountId: '000000000000',
      accessKeyId: 'test',
      arn: 'arn:aws:iam::000000000000:root',
    },
    endpoint: server.gateway.endpoint,
    requestId: answer.$metadata.requestId,
  })
})

test('Lambda: names that need escapes keep their signature', async () => {
  const lambda = new LambdaClient(config())
  const arn = 'arn:aws:lambda:eu-west-1:000000000000:function:echo'
  const failure = await failureOf(
    lambda.send(new InvokeCommand({ FunctionName: arn, Qualifier: '$LATEST' })),
  )
  assert.equal(failure.message, `Function not found: ${arn}`)
})

test('Lambda: decoded operations, modelled errors, 501 and 500', async () => {
  const lambda = new LambdaClient(config())
  assert.equal((await lambda.send(new ListFunctionsCommand({}))).Functions?.length, 1)
  const created = await lambda.send(
    new CreateFunctionCommand({
      FunctionName: 'f',
      Role: 'arn:aws:iam::000000000000:role/r',
      Code: { ZipFile: Buffer.alloc(500_000, 7) },
    }),
  )
  assert.equal(created.CodeSize, 500_000)
  const missing = await failureOf(lambda.send(new GetFunctionCommand({ FunctionName: 'nope' })))
  assert.equal(missing.name, 'ResourceNotFoundException')
  assert.equal(missing.status, 404)
  const absent = await failureOf(lambda.send(new ListLayersCommand({})))
  assert.equal(absent.status, 501)
  assert.match(absent.message, /ListLayers/)
  const errorCount = server.seen.errors.length
  for (const command of [
    new GetAccountSettingsCommand({}),
    new InvokeCommand({ FunctionName: 'broken' }),
  ]) {
    const broken = await failureOf(lambda.send(command as GetAccountSettingsCommand))
    assert.equal(broken.name, 'ServiceException')
    assert.equal(broken.status, 500)
    assert.ok(!broken.message.includes('secret'))
    assert.match(broken.requestId ?? '', /^[0-9a-f-]{36}$/)
  }
  assert.equal(server.seen.errors.length, errorCount + 2)
})

test('Lambda: both lanes refuse who is unknown or forges, as Lambda does', async () => {
  for (const command of [
    new InvokeCommand({ FunctionName: 'echo' }),
    new ListFunctionsCommand({}),
  ] as ListFunctionsCommand[]) {
    const unknown = await failureOf(new LambdaClient(config(strangers)).send(command))
    assert.equal(unknown.name, 'UnrecognizedClientException')
    assert.equal(unknown.status, 403)
    assert.equal(unknown.message, 'The security token included in the request is invalid.')
    const forged = await failureOf(new LambdaClient(config(forgers)).send(command))
    assert.equal(forged.name, 'InvalidSignatureException')
    assert.equal(forged.status, 403)
    assert.match(forged.message, /^The request signature we calculated does not match/)
  }
})

test('Lambda: a twelve-digit key names its account, with the secret test', async () => {
  const sts = new STSClient(config({ accessKeyId: '123456789012', secretAccessKey: 'test' }))
  const { Account, Arn } = await sts.send(new GetCallerIdentityCommand({}))
  assert.deepEqual(
    { Account, Arn },
    { Account: '123456789012', Arn: 'arn:aws:iam::123456789012:root' },
  )
})

test('STS: session credentials work until they expire', async () => {
  const request = {
    accountId: '000000000000',
    roleArn: 'arn:aws:iam::000000000000:role/a/r',
    sessionName: 's',
  }
  const session = server.credentials.issueSession({ ...request, durationMs: 60_000 })
  const identity = await new STSClient(config(session)).send(new GetCallerIdentityCommand({}))
  assert.equal(identity.Arn, 'arn:aws:sts::000000000000:assumed-role/r/s')
  const expired = server.credentials.issueSession({ ...request, durationMs: -1 })
  const late = await failureOf(
    new STSClient(config(expired)).send(new GetCallerIdentityCommand({})),
  )
  assert.equal(late.name, 'ExpiredToken')
  assert.equal(late.status, 403)
  const lateInvoke = await failureOf(
    new LambdaClient(config(expired)).send(new InvokeCommand({ FunctionName: 'echo' })),
  )
  assert.equal(lateInvoke.name, 'ExpiredTokenException')
})

test('STS: some operations are open to unsigned callers, others are not', async () => {
  const sts = new STSClient(config())
  const open = await sts.send(
    new AssumeRoleWithWebIdentityCommand({
      RoleArn: 'arn:aws:iam::000000000000:role/reader',
      RoleSessionName: 'me',
      WebIdentityToken: 'token',
    }),
  )
  assert.equal(open.SubjectFromWebIdentityToken, 'me true')
  const unsigned = await fetch(server.gateway.endpoint, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: 'Action=GetCallerIdentity&Version=2011-06-15',
  })
  assert.equal(unsigned.status, 403)
  assert.match(await unsigned.text(), /<Code>MissingAuthenticationToken<\/Code>/)
  const absent = await failureOf(
    sts.send(
      new AssumeRoleCommand({
        RoleArn: 'arn:aws:iam::000000000000:role/reader',
        RoleSessionName: 'me',
      }),
    ),
  )
  assert.equal(absent.status, 501)
  const unknown = await failureOf(
    new STSClient(config(strangers)).send(new GetCallerIdentityCommand({})),
  )
  assert.equal(unknown.name, 'InvalidClientTokenId')
})

test('SQS and Logs: awsJson, with its own statuses', async () => {
  const sqs = new SQSClient(config())
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: 'q' }))
  assert.equal(QueueUrl, `${server.gateway.endpoint}/000000000000/q`)
  assert.equal((await failureOf(sqs.send(new ListQueuesCommand({})))).status, 501)
  const logs = new CloudWatchLogsClient(config())
  const { logGroups } = await logs.send(
    new DescribeLogGroupsCommand({ logGroupNamePrefix: '/aws/lambda/f' }),
  )
  assert.equal(logGroups?.[0]?.logGroupName, '/aws/lambda/f')
  const forged = await failureOf(
    new CloudWatchLogsClient(config(forgers)).send(
      new PutRetentionPolicyCommand({ logGroupName: 'g', retentionInDays: 1 }),
    ),
  )
  assert.equal(forged.name, 'InvalidSignatureException')
  assert.equal(forged.status, 400)
})

test('S3: odd keys, streams, trailing checksums, HEAD and errors', async () => {
  const s3 = new S3Client(config())
  for (const Key of ['plain', 'a b/ü+&=?.txt', "it's (!*)", 'x/../y', 'a//b', '%41']) {
    const put = await s3.send(new PutObjectCommand({ Bucket: 'b', Key, Body: 'hello' }))
    assert.match(put.ETag ?? '', /^".* 5 [A-Za-z0-9+/=]+ hello"$/s, Key)
    const got = await s3.send(new GetObjectCommand({ Bucket: 'b', Key }))
    assert.equal(await got.Body?.transformToString(), `object ${Key}`)
    assert.equal(got.ContentLength, Buffer.byteLength(`object ${Key}`))
  }
  const head = await s3.send(new HeadObjectCommand({ Bucket: 'b', Key: 'k' }))
  assert.equal(head.ETag, '"k"')
  const absent = await failureOf(s3.send(new ListObjectsV2Command({ Bucket: 'b' })))
  assert.equal(absent.status, 501)
  assert.match(absent.requestId ?? '', /^[0-9A-F]{16}$/)
  const unknown = await failureOf(
    new S3Client(config(strangers)).send(new ListObjectsV2Command({ Bucket: 'b' })),
  )
  assert.equal(unknown.name, 'InvalidAccessKeyId')
})

test('S3: a stream is uploaded in chunks with a trailing checksum', async () => {
  const s3 = new S3Client(config())
  const { Readable } = await import('node:stream')
  const pieces = Array.from({ length: 40 }, (_, index) => Buffer.alloc(10_000, index))
  const put = await s3.send(
    new PutObjectCommand({
      Bucket: 'b',
      Key: 'k',
      Body: Readable.from(pieces),
      ContentLength: 400_000,
      ChecksumAlgorithm: 'CRC32',
    }),
  )
  assert.match(put.ETag ?? '', /^"k 400000 [A-Za-z0-9+/]{6}==/)
})
