import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { AwsError } from '../lib/errors/aws-error.ts'
import {
  decodeInput,
  encodeError,
  encodeOutput,
  identify,
  notImplemented,
  unknownOperation,
} from './codec.ts'
import type { Identified, WireRequest, WireResponse } from './codec.ts'

function request(
  method: string,
  target: string,
  headers: Record<string, string> = {},
): WireRequest {
  return { method, target, headers, host: '127.0.0.1:4566' }
}

function identified(given: WireRequest, service: string, body?: string): Identified {
  const bytes = body === undefined ? undefined : Buffer.from(body)
  const found = identify(given, bytes, { service, region: 'us-east-1' })
  assert.ok(found)
  return found
}

function decode(given: WireRequest, service: string, body: string | Buffer): unknown {
  const found = identified(given, service, body.toString())
  return decodeInput(found, given, Buffer.from(body))
}

function text(response: WireResponse): string {
  assert.ok(response.body instanceof Uint8Array)
  return Buffer.from(response.body).toString('utf8')
}

function target(name: string, version = '1.0'): WireRequest {
  return request('POST', '/', {
    'x-amz-target': name,
    'content-type': `application/x-amz-json-${version}`,
  })
}

const form = { 'content-type': 'application/x-www-form-urlencoded' }
const invoke = request('POST', '/2015-03-31/functions/f%3A1/invocations?Qualifier=1', {
  'x-amz-invocation-type': 'Event',
})

describe('restJson1', () => {
  test('labels, headers, query and payload become one input', () => {
    const input = decode(invoke, 'lambda', '{"a":1}')
    assert.deepEqual(input, {
      FunctionName: 'f:1',
      InvocationType: 'Event',
      Qualifier: '1',
      Payload: Buffer.from('{"a":1}'),
    })
  })
  test('null is absent, unknown members are ignored, numbers and bytes are typed', () => {
    const body = '{"ZipFile":"AQID","S3Bucket":null,"Nonsense":1,"Publish":true}'
    const input = decode(request('PUT', '/2015-03-31/functions/f/code'), 'lambda', body)
    assert.deepEqual(input, { ZipFile: Buffer.from([1, 2, 3]), Publish: true, FunctionName: 'f' })
  })
  const wrong: readonly (readonly [string, string])[] = [
    ['{', 'Could not parse request body into json'],
    ['[]', 'Start of list found where not expected'],
    ['{"Description":1}', 'NUMBER_VALUE can not be converted to a String'],
    ['{"MemorySize":"x"}', 'STRING_VALUE can not be converted to an Integer'],
    ['{"Layers":{}}', 'Expected list or null'],
    ['{"Description":{}}', 'Start of structure or map found where not expected.'],
  ]
  for (const [body, message] of wrong) {
    test(`${body} is a SerializationException`, () => {
      const given = request('PUT', '/2015-03-31/functions/f/configuration')
      assert.throws(() => decode(given, 'lambda', body), {
        code: 'SerializationException',
        status: 400,
        message,
      })
    })
  }
  test('bytes that are no base64 are refused', () => {
    const given = request('PUT', '/2015-03-31/functions/f/code')
    const failure = { code: 'SerializationException' }
    assert.throws(() => decode(given, 'lambda', '{"ZipFile":"!!!!"}'), failure)
  })
  test('an output is JSON with the status of the model; a 204 has no body', () => {
    const created = identified(request('POST', '/2015-03-31/functions/f/aliases'), 'lambda')
    const response = encodeOutput(created, { Name: 'a', Secret: 1, Description: undefined }, 'r')
    assert.equal(response.status, 201)
    assert.equal(text(response), '{"Name":"a"}')
    assert.deepEqual(response.headers, { 'content-type': 'application/json' })
    const removed = identified(request('DELETE', '/2015-03-31/functions/f/aliases/a'), 'lambda')
    const empty = encodeOutput(removed, {}, 'r')
    assert.deepEqual([empty.status, text(empty), empty.headers], [204, '', {}])
  })
  test('headers and payload of an output', () => {
    const output = {
      StatusCode: 202,
      FunctionError: 'Unhandled\r\nX: y',
      Payload: Buffer.from('1'),
    }
    const response = encodeOutput(identified(invoke, 'lambda'), output, 'r')
    assert.equal(response.status, 202)
    assert.equal(response.headers['x-amz-function-error'], 'Unhandled  X: y')
    assert.equal(text(response), '1')
  })
  test('errors: the name in a header, members in the body, Retry-After in a header', () => {
    const fields = {
      Type: 'User',
      Reason: 'ConcurrentInvocationLimitExceeded',
      retryAfterSeconds: '1',
    }
    const error = new AwsError({
      code: 'TooManyRequestsException',
      status: 429,
      message: 'Rate Exceeded.',
      fields,
    })
    const response = encodeError(identified(invoke, 'lambda'), error, 'r')
    assert.equal(response.status, 429)
    assert.equal(response.headers['x-amzn-errortype'], 'TooManyRequestsException')
    assert.equal(response.headers['retry-after'], '1')
    assert.deepEqual(JSON.parse(text(response)), {
      Type: 'User',
      message: 'Rate Exceeded.',
      Reason: 'ConcurrentInvocationLimitExceeded',
    })
  })
  test("the message stands under the model's own name", () => {
    const error = new AwsError({
      code: 'ResourceNotFoundException',
      status: 404,
      message: 'No',
      fields: { Type: 'User' },
    })
    const response = encodeError(identified(invoke, 'lambda'), error, 'r')
    assert.equal(text(response), '{"Type":"User","Message":"No"}')
  })
})

describe('awsJson', () => {
  const error = new AwsError({ code: 'QueueDoesNotExist', status: 400, message: 'No queue' })
  test('1.0 names errors with their namespace; query-compatible services add the query code', () => {
    const response = encodeError(identified(target('AmazonSQS.SendMessage'), 'sqs'), error, 'r')
    assert.deepEqual(JSON.parse(text(response)), {
      __type: 'com.amazonaws.sqs#QueueDoesNotExist',
      message: 'No queue',
    })
    const code = response.headers['x-amzn-query-error']
    assert.equal(code, 'AWS.SimpleQueueService.NonExistentQueue;Sender')
  })
  test('1.1 names errors alone', () => {
    const given = identified(target('Logs_20140328.PutLogEvents', '1.1'), 'logs')
    const own = new AwsError({ code: 'ResourceNotFoundException', status: 400, message: 'No' })
    const body = text(encodeError(given, own, 'r'))
    assert.equal(body, '{"__type":"ResourceNotFoundException","message":"No"}')
  })
  test('an error of the front end has its namespace', () => {
    const own = new AwsError({ code: 'SerializationException', status: 400, message: 'No' })
    const body = text(
      encodeError(identified(target('DynamoDB_20120810.PutItem'), 'dynamodb'), own, 'r'),
    )
    assert.match(body, /"com.amazon.coral.service#SerializationException"/)
  })
  test('dates are seconds, both ways', () => {
    const found = identified(target('DynamoDB_20120810.DescribeTable'), 'dynamodb')
    const output = { Table: { CreationDateTime: new Date(1500) } }
    assert.equal(text(encodeOutput(found, output, 'r')), '{"Table":{"CreationDateTime":1.5}}')
  })
  test('a recursive value nested without end is an error of the caller', () => {
    const depth = 20_000
    const value = `${'{"L":['.repeat(depth)}{"S":"x"}${']}'.repeat(depth)}`
    const body = `{"TableName":"ttt","Item":{"k":${value}}}`
    const failure = { code: 'SerializationException' }
    assert.throws(() => decode(target('DynamoDB_20120810.PutItem'), 'dynamodb', body), failure)
  })
  test('the key __proto__ is a key like others', () => {
    const body = '{"TableName":"ttt","Item":{"__proto__":{"S":"x"}}}'
    const input = decode(target('DynamoDB_20120810.PutItem'), 'dynamodb', body) as { Item: object }
    assert.deepEqual(Object.keys(input.Item), ['__proto__'])
    assert.equal(Object.getPrototypeOf(input.Item), Object.prototype)
  })
})

describe('awsQuery', () => {
  const post = request('POST', '/', form)
  test('lists of structures, and the empty list', () => {
    const body =
      'Action=TagRole&Version=2010-05-08&RoleName=r&Tags.member.2.Key=b&Tags.member.2.Value=2&Tags.member.1.Key=a&Tags.member.1.Value=x+y'
    assert.deepEqual(decode(post, 'iam', body), {
      RoleName: 'r',
      Tags: [
        { Key: 'a', Value: 'x y' },
        { Key: 'b', Value: '2' },
      ],
    })
    const empty = 'Action=UntagRole&Version=2010-05-08&RoleName=r&TagKeys='
    assert.deepEqual(decode(post, 'iam', empty), { RoleName: 'r', TagKeys: [] })
  })
  test("SQS's names of old", () => {
    const body =
      'Action=CreateQueue&Version=2012-11-05&QueueName=q&Attribute.1.Name=DelaySeconds&Attribute.1.Value=5&Tag.1.Key=k&Tag.1.Value=v'
    assert.deepEqual(decode(post, 'sqs', body), {
      QueueName: 'q',
      Attributes: { DelaySeconds: '5' },
      tags: { k: 'v' },
    })
    const tags = 'Action=TagQueue&Version=2012-11-05&QueueUrl=u&Tags.1.Key=k&Tags.1.Value=v'
    assert.deepEqual(decode(post, 'sqs', tags), { QueueUrl: 'u', Tags: { k: 'v' } })
  })
  test('an answer has the result and the metadata', () => {
    const found = identified(post, 'sqs', 'Action=ListQueues&Version=2012-11-05')
    const response = encodeOutput(found, { QueueUrls: ['http://a/?x&y'] }, 'id-1')
    assert.equal(
      text(response),
      '<ListQueuesResponse xmlns="http://queue.amazonaws.com/doc/2012-11-05/"><ListQueuesResult><QueueUrl>http://a/?x&amp;y</QueueUrl></ListQueuesResult><ResponseMetadata><RequestId>id-1</RequestId></ResponseMetadata></ListQueuesResponse>',
    )
  })
  test("errors carry the query protocol's code", () => {
    const found = identified(post, 'iam', 'Action=GetRole&Version=2010-05-08')
    const error = new AwsError({ code: 'NoSuchEntityException', status: 404, message: 'No <role>' })
    const response = encodeError(found, error, 'id-1')
    assert.equal(response.status, 404)
    assert.equal(
      text(response),
      '<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><Error><Type>Sender</Type><Code>NoSuchEntity</Code><Message>No &lt;role&gt;</Message></Error><RequestId>id-1</RequestId></ErrorResponse>',
    )
  })
  test('a wrong number is a MalformedInput', () => {
    const body = 'Action=ListRoles&Version=2010-05-08&MaxItems=x'
    assert.throws(() => decode(post, 'iam', body), { code: 'MalformedInput', status: 400 })
  })
})

describe('restXml', () => {
  test('an XML body becomes typed values', () => {
    const body =
      '<?xml version="1.0"?><Delete xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Object><Key>a&amp;b</Key></Object><Object><Key>c</Key></Object><Quiet>true</Quiet></Delete>'
    assert.deepEqual(decode(request('POST', '/b?delete'), 's3', body), {
      Bucket: 'b',
      Delete: { Objects: [{ Key: 'a&b' }, { Key: 'c' }], Quiet: true },
    })
  })
  test('what is no XML is a MalformedXML', () => {
    const failure = { code: 'MalformedXML', status: 400 }
    assert.throws(() => decode(request('POST', '/b?delete'), 's3', '<Delete>'), failure)
  })
  test('a streamed body is handed on as it is', () => {
    const given = request('PUT', '/b/k')
    const body = (async function* () {})()
    const input = decodeInput(identified(given, 's3'), given, body) as { Body: unknown }
    assert.equal(input.Body, body)
  })
  test('a root with the name of its only member is that member', () => {
    const found = identified(request('GET', '/b?location'), 's3')
    const body = text(encodeOutput(found, { LocationConstraint: 'eu-west-1' }, 'r'))
    assert.match(body, /<LocationConstraint xmlns="[^"]+">eu-west-1<\/LocationConstraint>$/)
  })
  test('errors; those of HEAD have no body', () => {
    const error = new AwsError({
      code: 'NoSuchKey',
      status: 404,
      message: 'No',
      fields: { Key: 'k' },
    })
    const response = encodeError(identified(request('GET', '/b/k'), 's3'), error, 'r')
    assert.equal(
      text(response),
      '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>NoSuchKey</Code><Message>No</Message><Key>k</Key><RequestId>r</RequestId><HostId>r</HostId></Error>',
    )
    const head = encodeError(identified(request('HEAD', '/b/k'), 's3'), error, 'r')
    assert.deepEqual([head.status, text(head)], [404, ''])
  })
})

describe('operations that are not there', () => {
  test('notImplemented() names the operation, in the form of the protocol', () => {
    const found = identified(
      request('POST', '/', form),
      'iam',
      'Action=ListRoles&Version=2010-05-08',
    )
    const response = encodeError(found, notImplemented(found), 'r')
    assert.equal(response.status, 501)
    assert.match(text(response), /<Code>NotImplemented<\/Code><Message>[^<]*iam ListRoles/)
  })
  test('unknownOperation() is worded by protocol', () => {
    const nowhere = request('GET', '/nowhere')
    const lambda = unknownOperation(identified(nowhere, 'lambda'), nowhere)
    assert.deepEqual([lambda.code, lambda.status], ['UnknownOperationException', 404])
    const given = target('DynamoDB_20120810.No')
    assert.equal(unknownOperation(identified(given, 'dynamodb'), given).status, 400)
    const post = request('POST', '/', form)
    const iam = unknownOperation(identified(post, 'iam', 'Action=No&Version=2010-05-08'), post)
    assert.equal(iam.code, 'InvalidAction')
  })
  test('an error about no known service is JSON', () => {
    const response = encodeError(
      undefined,
      new AwsError({ code: 'A', status: 403, message: 'm' }),
      'r',
    )
    assert.deepEqual([response.status, text(response)], [403, '{"message":"m"}'])
  })
})
