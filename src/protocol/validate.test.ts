import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { AwsError } from '../lib/errors/aws-error.ts'
import { loadModel } from './load-model.ts'
import type { ServiceName } from './services.ts'
import { validateInput } from './validate.ts'

function failureOf(service: ServiceName, name: string, input: object): AwsError | undefined {
  const operation = loadModel(service).operations.get(name)
  assert.ok(operation)
  try {
    validateInput(operation, input)
    return undefined
  } catch (error) {
    assert.ok(error instanceof AwsError)
    return error
  }
}

const create = {
  FunctionName: 'f',
  Role: 'arn:aws:iam::000000000000:role/r',
  Code: { ZipFile: new Uint8Array(3) },
}

describe("validateInput() in AWS's own words", () => {
  test('a valid input passes', () => {
    assert.equal(failureOf('lambda', 'CreateFunction', create), undefined)
  })
  test('one violation', () => {
    const failure = failureOf('lambda', 'CreateFunction', { ...create, MemorySize: 1 })
    assert.equal(failure?.code, 'ValidationException')
    assert.equal(failure.status, 400)
    const message =
      "1 validation error detected: Value '1' at 'memorySize' failed to satisfy constraint: Member must have value greater than or equal to 128"
    assert.equal(failure.message, message)
  })
  test('several violations, and what is absent', () => {
    const { Role: _, ...rest } = create
    const failure = failureOf('lambda', 'CreateFunction', { ...rest, FunctionName: 'a b' })
    assert.match(
      failure?.message ?? '',
      /^2 validation errors detected: Value 'a b' at 'functionName'/,
    )
    assert.match(
      failure?.message ?? '',
      /; Value null at 'role' failed to satisfy constraint: Member must not be null$/,
    )
  })
  test('a list of texts is reported as a whole, with all constraints of an item', () => {
    const input = {
      FunctionName: 'f',
      AuthType: 'NONE',
      Cors: { AllowMethods: ['GET', 'OPTIONS'] },
    }
    const message =
      "1 validation error detected: Value '[GET, OPTIONS]' at 'cors.allowMethods' failed to satisfy constraint: Member must satisfy constraint: [Member must have length less than or equal to 6, Member must have length greater than or equal to 0, Member must satisfy regular expression pattern: .*, Member must not be null]"
    assert.equal(failureOf('lambda', 'CreateFunctionUrlConfig', input)?.message, message)
  })
  test('sensitive values are not told', () => {
    const input = { ...create, Environment: { Variables: { '1': 'x' } } }
    const message =
      "1 validation error detected: Value at 'environment.variables' failed to satisfy constraint: Map keys must satisfy constraint: [Member must satisfy regular expression pattern: [a-zA-Z]([a-zA-Z0-9_])+]"
    assert.equal(failureOf('lambda', 'CreateFunction', input)?.message, message)
  })
  test('a map is reported as a whole, with real numbers as Java writes them', () => {
    const weights = (AdditionalVersionWeights: object) => ({
      FunctionName: 'f',
      Name: 'prod',
      FunctionVersion: '1',
      RoutingConfig: { AdditionalVersionWeights },
    })
    const failed = (value: string) =>
      `1 validation error detected: Value '${value}' at 'routingConfig.additionalVersionWeights' failed to satisfy constraint: `
    assert.equal(
      failureOf('lambda', 'CreateAlias', weights({ 2: 2 }))?.message,
      failed('{2=2.0}') +
        'Map value must satisfy constraint: [Member must have value less than or equal to 1.0, Member must have value greater than or equal to 0.0, Member must not be null]',
    )
    assert.equal(
      failureOf('lambda', 'CreateAlias', weights({ $LATEST: 0.5 }))?.message,
      failed('{$LATEST=0.5}') +
        'Map keys must satisfy constraint: [Member must have length less than or equal to 1024, Member must have length greater than or equal to 1, Member must satisfy regular expression pattern: [0-9]+, Member must not be null]',
    )
  })
  test('items that are structures are reported at their place', () => {
    const input = {
      RoleName: 'r',
      Tags: [
        { Key: 'a', Value: 'b' },
        { Key: '', Value: 'b' },
      ],
    }
    const failure = failureOf('iam', 'TagRole', input)
    assert.equal(failure?.code, 'ValidationError')
    assert.match(failure.message, /^1 validation error detected: Value '' at 'tags.2.member.key' /)
  })
  test('ECR and CloudWatch Logs use names of their own', () => {
    const failure = failureOf('ecr', 'CreateRepository', { repositoryName: 'X' })
    assert.equal(failure?.code, 'InvalidParameterException')
    assert.match(
      failure.message,
      /^Invalid parameter at 'repositoryName' failed to satisfy constraint: 'Member/,
    )
    const logs = failureOf('cloudwatch-logs', 'CreateLogGroup', {})
    assert.equal(logs?.code, 'InvalidParameterException')
  })
  test('every runtime is for the service to judge', () => {
    assert.equal(failureOf('lambda', 'CreateFunction', { ...create, Runtime: 'cobol' }), undefined)
  })
  test('a token that the server makes may be absent', () => {
    const operation = loadModel('scheduler').operations.get('CreateScheduleGroup')
    assert.equal(operation?.inputShape.members['ClientToken']?.token, 1)
    assert.equal(failureOf('scheduler', 'CreateScheduleGroup', { Name: 'g' }), undefined)
  })
  test('lengths count code points', () => {
    const tags = (value: string) => ({ RoleName: 'r', Tags: [{ Key: 'k', Value: value }] })
    assert.equal(failureOf('iam', 'TagRole', tags('\u{20000}'.repeat(256))), undefined)
    assert.ok(failureOf('iam', 'TagRole', tags('a'.repeat(257))))
  })
})
