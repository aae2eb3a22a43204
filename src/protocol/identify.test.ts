import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { identify } from './identify.ts'
import type { Scope, WireRequest } from './wire.ts'

const form = { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' }

function request(method: string, target: string, rest: Partial<WireRequest> = {}): WireRequest {
  return { method, target, headers: {}, host: '127.0.0.1:4566', ...rest }
}

function scope(service: string): Scope {
  return { service, region: 'us-east-1' }
}

/** `service operation protocol` of what was identified. */
function named(given: WireRequest, service?: string, body?: string): string {
  const found = identify(
    given,
    body === undefined ? undefined : Buffer.from(body),
    service === undefined ? undefined : scope(service),
  )
  if (found === undefined) return 'nothing'
  return `${found.service} ${found.operation ?? (found.needsBody ? '(body)' : '?')} ${found.protocol}`
}

describe('identify() by headers', () => {
  test('the target header names service and operation', () => {
    const headers = {
      'x-amz-target': 'DynamoDB_20120810.PutItem',
      'content-type': 'application/x-amz-json-1.0',
    }
    assert.equal(
      named(request('POST', '/', { headers }), 'dynamodb'),
      'dynamodb PutItem awsJson1_0',
    )
  })
  test('the content type decides the version of the protocol', () => {
    const headers = {
      'x-amz-target': 'AmazonSQS.SendMessage',
      'content-type': 'application/x-amz-json-1.1',
    }
    assert.equal(named(request('POST', '/', { headers }), 'sqs'), 'sqs SendMessage awsJson1_1')
  })
  test('streams share the signing name of DynamoDB and are told apart by the target', () => {
    const headers = { 'x-amz-target': 'DynamoDBStreams_20120810.GetRecords' }
    const found = named(request('POST', '/', { headers }), 'dynamodb')
    assert.equal(found, 'dynamodb-streams GetRecords awsJson1_0')
  })
  test('an unknown operation keeps its service', () => {
    const headers = { 'x-amz-target': 'Logs_20140328.Nonsense' }
    const found = named(request('POST', '/', { headers }), 'logs')
    assert.equal(found, 'cloudwatch-logs ? awsJson1_1')
  })
  test('rpcv2Cbor is known by its header and path', () => {
    const headers = { 'smithy-protocol': 'rpc-v2-cbor' }
    const path = '/service/GraniteServiceVersion20100801/operation/PutMetricData'
    const found = named(request('POST', path, { headers }), 'monitoring')
    assert.equal(found, 'cloudwatch PutMetricData rpcv2Cbor')
  })
})

describe('identify() of query requests', () => {
  test('the form body names the operation', () => {
    const given = request('POST', '/', { headers: form })
    const body = 'Action=ListRoles&Version=2010-05-08'
    assert.equal(named(given, 'iam'), 'iam (body) awsQuery')
    assert.equal(named(given, 'iam', body), 'iam ListRoles awsQuery')
  })
  test('the version names the service of unsigned requests', () => {
    const given = request('POST', '/', { headers: form })
    const body = 'Action=AssumeRoleWithWebIdentity&Version=2011-06-15'
    const found = identify(given, Buffer.from(body), undefined)
    assert.equal(found?.operation, 'AssumeRoleWithWebIdentity')
    assert.equal(found.isUnsigned, true)
  })
  test('a presigned URL carries the action', () => {
    const target = '/?Action=GetCallerIdentity&Version=2011-06-15&X-Amz-Signature=0'
    assert.equal(named(request('GET', target), 'sts'), 'sts GetCallerIdentity awsQuery')
  })
  test('old clients speak query with services that now speak JSON', () => {
    const given = request('POST', '/000000000000/q', { headers: form })
    const body = 'Action=SendMessage&Version=2012-11-05&MessageBody=x'
    assert.equal(named(given, 'sqs', body), 'sqs SendMessage awsQuery')
    const alarms = 'Action=DescribeAlarms&Version=2010-08-01'
    assert.equal(named(given, 'monitoring', alarms), 'cloudwatch DescribeAlarms awsQuery')
  })
  test('an unknown action keeps its service', () => {
    const given = request('POST', '/', { headers: form })
    assert.equal(named(given, 'iam', 'Action=No&Version=2010-05-08'), 'iam ? awsQuery')
  })
})

describe('identify() of REST requests', () => {
  const lambda: readonly (readonly [string, string, string])[] = [
    ['POST', '/2015-03-31/functions', 'CreateFunction'],
    ['POST', '/2015-03-31/functions/', 'CreateFunction'],
    ['GET', '/2015-03-31/functions/?MaxItems=5', 'ListFunctions'],
    ['POST', '/2015-03-31/functions/f/invocations?Qualifier=1', 'Invoke'],
    ['GET', '/2018-10-31/layers?find=LayerVersion&Arn=a', 'GetLayerVersionByArn'],
    ['GET', '/2018-10-31/layers', 'ListLayers'],
    [
      'GET',
      '/2019-09-30/functions/f/provisioned-concurrency?List=ALL',
      'ListProvisionedConcurrencyConfigs',
    ],
    [
      'GET',
      '/2019-09-30/functions/f/provisioned-concurrency?Qualifier=1',
      'GetProvisionedConcurrencyConfig',
    ],
    ['DELETE', '/2015-03-31/functions/f/policy/s', 'RemovePermission'],
  ]
  for (const [method, target, operation] of lambda) {
    test(`${method} ${target}`, () => {
      const found = named(request(method, target), 'lambda')
      assert.equal(found, `lambda ${operation} restJson1`)
    })
  }
  test('labels are split before they are decoded', () => {
    const arn = 'arn%3Aaws%3Alambda%3Aus-east-1%3A000000000000%3Afunction%3Af%2F1'
    const found = identify(request('GET', `/2017-03-31/tags/${arn}`), undefined, scope('lambda'))
    assert.equal(found?.labels['Resource'], 'arn:aws:lambda:us-east-1:000000000000:function:f/1')
  })
  test('a path that no operation has keeps its service', () => {
    assert.equal(named(request('GET', '/nothing/here'), 'lambda'), 'lambda ? restJson1')
  })
  test('the only operation of a path is meant, though a parameter that it requires is absent', () => {
    assert.equal(
      named(request('DELETE', '/2017-03-31/tags/x'), 'lambda'),
      'lambda UntagResource restJson1',
    )
    assert.equal(named(request('PATCH', '/2017-03-31/tags/x'), 'lambda'), 'lambda ? restJson1')
  })
  test('API Gateway is told apart from its version 2 by the path', () => {
    assert.equal(
      named(request('GET', '/restapis'), 'apigateway'),
      'api-gateway GetRestApis restJson1',
    )
    assert.equal(named(request('GET', '/v2/apis'), 'apigateway'), 'apigatewayv2 GetApis restJson1')
  })
  test('unsigned requests are known by path and host', () => {
    const path = '/2015-03-31/functions/f/invocations'
    assert.equal(named(request('POST', path, { headers: form })), 'lambda Invoke restJson1')
    assert.equal(named(request('GET', '/bucket/key')), 's3 GetObject restXml')
    const host = 'scheduler.us-east-1.amazonaws.com'
    assert.equal(named(request('GET', '/schedules', { host })), 'scheduler ListSchedules restJson1')
    assert.equal(named(request('GET', '/')), 'nothing')
  })
  test('a service that is not ours is nothing', () => {
    assert.equal(named(request('GET', '/x'), 'ec2'), 'nothing')
  })
})

describe('identify() of S3 requests', () => {
  const cases: readonly (readonly [string, string, string])[] = [
    ['GET', '/', 'ListBuckets'],
    ['GET', '/b', 'ListObjects'],
    ['GET', '/b/?list-type=2&prefix=x', 'ListObjectsV2'],
    ['PUT', '/b/k', 'PutObject'],
    ['PUT', '/b/k?partNumber=1&uploadId=u', 'UploadPart'],
    ['POST', '/b/k?uploads', 'CreateMultipartUpload'],
    ['POST', '/b/k?uploadId=u', 'CompleteMultipartUpload'],
    ['GET', '/b?location', 'GetBucketLocation'],
    ['HEAD', '/b', 'HeadBucket'],
    ['DELETE', '/b/a//b', 'DeleteObject'],
    ['POST', '/b?delete', 'DeleteObjects'],
    ['GET', '/b/k?x-id=GetObject', 'GetObject'],
  ]
  for (const [method, target, operation] of cases) {
    test(`${method} ${target}`, () => {
      assert.equal(named(request(method, target), 's3'), `s3 ${operation} restXml`)
    })
  }
  test('a copy is told by its header', () => {
    const headers = { 'x-amz-copy-source': '/a/b' }
    assert.equal(named(request('PUT', '/b/k', { headers }), 's3'), 's3 CopyObject restXml')
  })
  test('the bucket comes from the path or the host, the key keeps its slashes', () => {
    const byPath = identify(request('GET', '/b/x/../y//%41/'), undefined, scope('s3'))
    assert.deepEqual(byPath?.labels, { Bucket: 'b', Key: 'x/../y//A/' })
    const host = 'my.bucket.s3.us-east-1.amazonaws.com'
    const byHost = identify(request('GET', '/k', { host }), undefined, scope('s3'))
    assert.deepEqual(byHost?.labels, { Bucket: 'my.bucket', Key: 'k' })
    const local = identify(
      request('GET', '/k', { host: 'b.localhost:4566' }),
      undefined,
      scope('s3'),
    )
    assert.deepEqual(local?.labels, { Bucket: 'b', Key: 'k' })
  })
  test('streaming bodies are known before they are read', () => {
    const put = identify(request('PUT', '/b/k'), undefined, scope('s3'))
    const get = identify(request('GET', '/b/k'), undefined, scope('s3'))
    assert.deepEqual([put?.streamsInput, get?.streamsInput], [true, false])
  })
  test('a broken escape is an error of the caller', () => {
    assert.throws(() => identify(request('GET', '/b/%zz'), undefined, scope('s3')), {
      code: 'InvalidURI',
    })
  })
})
