/** Resource policies: the statements that AddPermission makes, and the documents they form. */
import { lambdaLimits } from '../../../config.ts'
import {
  invalidParameterValue,
  policyLengthExceeded,
  resourceConflict,
  resourceNotFound,
} from '../../../lib/errors/lambda.ts'
import type { PolicyRecord, Statement } from '../records.ts'

/** What a statement says under which conditions; absent members are no condition. */
export type Conditions = {
  readonly sourceArn?: string | undefined
  readonly sourceAccount?: string | undefined
  readonly eventSourceToken?: string | undefined
  readonly principalOrgId?: string | undefined
  readonly functionUrlAuthType?: string | undefined
  readonly isInvokedViaFunctionUrl?: boolean | undefined
}

/** Make a statement.
 *  @throws AwsError InvalidParameterValueException (400) for a principal that is none
 *  @source AWS Lambda dev guide "Working with resource-based IAM policies"; recorded answers */
export function toStatement(
  sid: string,
  principal: string,
  grant: { action: string; resource: string },
  conditions: Conditions,
): Statement {
  const condition = toCondition(conditions)
  return {
    Sid: sid,
    Effect: 'Allow',
    Principal: toPrincipal(principal),
    Action: grant.action,
    Resource: grant.resource,
    ...(Object.keys(condition).length > 0 && { Condition: condition }),
  }
}

/** A policy as one JSON text. */
export function toPolicyText({ version, id, statements }: PolicyRecord): string {
  return JSON.stringify({
    Version: version ?? '2012-10-17',
    Id: id ?? 'default',
    Statement: statements,
  })
}

/** The policy with one more statement.
 *  @throws AwsError ResourceConflictException (409) for an id that is taken, PolicyLengthExceededException (400) */
export function addStatement(policy: PolicyRecord, statement: Statement): PolicyRecord {
  if (policy.statements.some((other) => other.Sid === statement.Sid)) {
    throw resourceConflict(
      `The statement id (${statement.Sid}) provided already exists. ` +
        'Please provide a new statement id, or remove the existing statement.',
    )
  }
  return checkSize({ ...policy, statements: [...policy.statements, statement] })
}

/** @throws AwsError PolicyLengthExceededException (400) */
export function checkSize(policy: PolicyRecord): PolicyRecord {
  const bytes = Buffer.byteLength(toPolicyText(policy))
  if (bytes <= lambdaLimits.maxPolicyBytes) return policy
  throw policyLengthExceeded(
    `The final policy size (${bytes}) is bigger than the limit (${lambdaLimits.maxPolicyBytes}).`,
  )
}

/** The policy without one statement. @throws AwsError ResourceNotFoundException (404) */
export function removeStatement(policy: PolicyRecord, sid: string): PolicyRecord {
  const left = policy.statements.filter((statement) => statement.Sid !== sid)
  if (left.length < policy.statements.length) return { ...policy, statements: left }
  throw resourceNotFound(`Statement ${sid} is not found in resource policy.`)
}

function toPrincipal(principal: string): unknown {
  if (principal === '*') return '*'
  if (/^\d{12}$/.test(principal)) return { AWS: `arn:aws:iam::${principal}:root` }
  if (/^arn:aws[a-zA-Z-]*:(iam|sts):/.test(principal)) return { AWS: principal }
  if (/^[a-z0-9.-]+\.(amazonaws\.com(\.cn)?|amazon\.com)$/.test(principal)) {
    return { Service: principal }
  }
  throw invalidParameterValue(
    'The provided principal was invalid. Please check the principal and try again.',
  )
}

type Condition = Record<string, Record<string, string>>

function toCondition(conditions: Conditions): Condition {
  const equals: [string, string | undefined][] = [
    ['AWS:SourceAccount', conditions.sourceAccount],
    ['lambda:FunctionUrlAuthType', conditions.functionUrlAuthType],
    ['aws:PrincipalOrgID', conditions.principalOrgId],
    ['lambda:EventSourceToken', conditions.eventSourceToken],
  ]
  const given = equals.filter((pair): pair is [string, string] => pair[1] !== undefined)
  const { isInvokedViaFunctionUrl, sourceArn } = conditions
  return {
    ...(given.length > 0 && { StringEquals: Object.fromEntries(given) }),
    ...(isInvokedViaFunctionUrl !== undefined && {
      Bool: { 'lambda:InvokedViaFunctionUrl': String(isInvokedViaFunctionUrl) },
    }),
    ...(sourceArn !== undefined && { ArnLike: { 'AWS:SourceArn': sourceArn } }),
  }
}
