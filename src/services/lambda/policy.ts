/** Resource policies: the statements that AddPermission makes, and the documents they form. */
import { lambdaLimits } from '../../config.ts'
import {
  invalidParameterValue,
  policyLengthExceeded,
  resourceConflict,
  resourceNotFound,
} from '../../lib/errors/lambda.ts'
import type { Statement } from './records.ts'

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
export function toPolicyText(statements: readonly Statement[]): string {
  return JSON.stringify({ Version: '2012-10-17', Id: 'default', Statement: statements })
}

/** The statements with one more.
 *  @throws AwsError ResourceConflictException (409) for an id that is taken, PolicyLengthExceededException (400) */
export function addStatement(
  statements: readonly Statement[],
  statement: Statement,
): readonly Statement[] {
  if (statements.some((other) => other.Sid === statement.Sid)) {
    throw resourceConflict(
      `The statement id (${statement.Sid}) provided already exists. ` +
        'Please provide a new statement id, or remove the existing statement.',
    )
  }
  const all = [...statements, statement]
  const bytes = Buffer.byteLength(toPolicyText(all))
  if (bytes > lambdaLimits.maxPolicyBytes) {
    throw policyLengthExceeded(
      `The final policy size (${bytes}) is bigger than the limit (${lambdaLimits.maxPolicyBytes}).`,
    )
  }
  return all
}

/** The statements without one. @throws AwsError ResourceNotFoundException (404) */
export function removeStatement(
  statements: readonly Statement[],
  sid: string,
): readonly Statement[] {
  const left = statements.filter((statement) => statement.Sid !== sid)
  if (left.length < statements.length) return left
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
