/** From the name and the qualifier that a caller gave to the function that is meant, or AWS's error about them. */
import type { Caller } from '../../gateway/service.ts'
import { functionArn, parseFunctionReference } from '../../lib/arn.ts'
import {
  accessDenied,
  invalidParameterValue,
  resourceNotFound,
  validationFailed,
} from '../../lib/errors/lambda.ts'
import type { AwsError } from '../../lib/errors/aws-error.ts'
import type { Place } from '../../model.ts'

/** A function, version or alias that somebody names; it need not exist. */
export type Located = {
  readonly place: Place
  readonly functionName: string
  /** as given, in the name or beside it */
  readonly qualifier?: string
}

/** What is known of who asks. */
export type Asker = Place & { readonly caller?: Caller | undefined }

const maxReferenceLength = 256
const referencePattern =
  '(arn:(aws[a-zA-Z-]*)?:lambda:)?((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\\d{1}:)?' +
  '(\\d{12}:)?(function:)?([a-zA-Z0-9-_\\.]+)(:(\\$LATEST(\\.PUBLISHED)?|[a-zA-Z0-9-_]+))?'
const qualifierForm = /^(?:\$LATEST\.PUBLISHED|[a-zA-Z0-9$_-]{1,128})$/

/** Find out which function is meant.
 *  @param action  e.g. `GetFunction`, for the text of a refusal
 *  @throws AwsError ValidationException, InvalidParameterValueException (400), AccessDeniedException (403) for another
 *    account's function, ResourceNotFoundException (404) for another region's
 *  @source AWS Lambda API reference, parameters FunctionName and Qualifier; recorded answers */
export function locate(
  asker: Asker,
  given: { FunctionName: string | undefined; Qualifier?: string | undefined },
  action: string,
): Located {
  const text = given.FunctionName ?? ''
  const reference = text.length > maxReferenceLength ? undefined : parseFunctionReference(text)
  if (reference === undefined) throw malformedName(text)
  const { functionName, accountId = asker.accountId, region = asker.region } = reference
  if (region !== asker.region) {
    throw resourceNotFound(
      `Functions from '${region}' are not reachable in this region ('${asker.region}')`,
    )
  }
  const place = { accountId, region }
  if (accountId !== asker.accountId)
    throw notAuthorized(asker, functionArn(place, functionName), action)
  const qualifier = agreedQualifier(reference.qualifier, given.Qualifier)
  return { place, functionName, ...(qualifier !== undefined && { qualifier }) }
}

/** @param within  part of the name  @param beside  given on its own; an empty one is none */
function agreedQualifier(
  within: string | undefined,
  beside: string | undefined,
): string | undefined {
  if (beside === undefined || beside === '') return within
  if (!qualifierForm.test(beside)) throw malformedQualifier(beside)
  if (within !== undefined && beside !== within) {
    throw invalidParameterValue(
      'The derived qualifier from the function name does not match the specified qualifier.',
    )
  }
  return beside
}

/** The same for operations on whole functions, whose qualifier is ignored. */
export function locateFunction(
  asker: Asker,
  functionName: string | undefined,
  action: string,
): Located {
  const { place, functionName: name } = locate(asker, { FunctionName: functionName }, action)
  return { place, functionName: name }
}

/** 404 for a function, or for one of its versions or aliases. */
export function functionNotFound(located: Located): AwsError {
  const { place, functionName, qualifier } = located
  return resourceNotFound(`Function not found: ${functionArn(place, functionName, qualifier)}`)
}

/** 403 for a resource of another account that does not let this one in. */
export function notAuthorized(asker: Asker, arn: string, action: string): AwsError {
  const user = asker.caller?.arn ?? `arn:aws:iam::${asker.accountId}:root`
  return accessDenied(
    `User: ${user} is not authorized to perform: lambda:${action} on resource: ${arn} ` +
      `because no resource-based policy allows the lambda:${action} action`,
  )
}

/** 400 for a value that breaks a constraint of the model. */
export function constraintFailed(value: string, member: string, constraint: string): AwsError {
  return validationFailed(
    `1 validation error detected: Value '${value}' at '${member}' failed to satisfy constraint: ${constraint}`,
  )
}

function malformedName(text: string): AwsError {
  const constraint =
    text.length > maxReferenceLength
      ? `Member must have length less than or equal to ${maxReferenceLength}`
      : `Member must satisfy regular expression pattern: ${referencePattern}`
  return constraintFailed(text, 'functionName', constraint)
}

function malformedQualifier(text: string): AwsError {
  const constraint =
    text.length > 128
      ? 'Member must have length less than or equal to 128'
      : 'Member must satisfy regular expression pattern: \\$(LATEST(\\.PUBLISHED)?)|[a-zA-Z0-9-_$]+'
  return constraintFailed(text, 'qualifier', constraint)
}
