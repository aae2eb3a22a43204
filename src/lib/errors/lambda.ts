/** Lambda's errors, one function each: name, status, `Type` member and message as AWS sends them.
 *  source: the service model of Lambda 2015-03-31 (error shapes and httpError). */
import { AwsError } from './aws-error.ts'

/** What all Lambda errors carry beside the message: whose fault it was. */
type Fault = 'User' | 'Service' | 'Server'

function lambdaError(code: string, status: number, fault: Fault = 'User') {
  return (message: string, fields: Record<string, unknown> = {}): AwsError =>
    new AwsError({ code, status, message, fields: { Type: fault, ...fields } })
}

export const invalidParameterValue = lambdaError('InvalidParameterValueException', 400)
export const invalidRequestContent = lambdaError('InvalidRequestContentException', 400)
export const resourceNotFound = lambdaError('ResourceNotFoundException', 404)
export const provisionedConcurrencyConfigNotFound = lambdaError(
  'ProvisionedConcurrencyConfigNotFoundException',
  404,
)
export const codeSigningConfigNotFound = lambdaError('CodeSigningConfigNotFoundException', 404)
export const codeVerificationFailed = lambdaError('CodeVerificationFailedException', 400)
export const resourceConflict = lambdaError('ResourceConflictException', 409)
export const preconditionFailed = lambdaError('PreconditionFailedException', 412)
export const policyLengthExceeded = lambdaError('PolicyLengthExceededException', 400)
export const recursiveInvocation = lambdaError('RecursiveInvocationException', 400)
export const requestTooLarge = lambdaError('RequestTooLargeException', 413)
export const tooManyRequests = lambdaError('TooManyRequestsException', 429)
export const serviceException = lambdaError('ServiceException', 500, 'Service')
export const invalidRuntime = lambdaError('InvalidRuntimeException', 502, 'Service')

/** What follows a restore took too long. */
export const snapStartTimedOut = (): AwsError =>
  lambdaError(
    'SnapStartTimeoutException',
    408,
  )("Lambda couldn't restore the snapshot within the timeout limit.")

/** What follows a restore failed. */
export const snapStartFailed = (): AwsError =>
  lambdaError(
    'SnapStartException',
    400,
  )(
    'The afterRestore() runtime hook encountered an error. For more information, check the Amazon CloudWatch logs.',
  )

/** A constraint of the service model was broken: what the front end answers, without a `Type`. */
export function validationFailed(message: string): AwsError {
  return new AwsError({ code: 'ValidationException', status: 400, message })
}

/** Another account's resource. */
export function accessDenied(message: string): AwsError {
  return new AwsError({ code: 'AccessDeniedException', status: 403, message })
}

/** The body of an operation that carries a zip is too long: what the front end answers. */
export function requestEntityTooLarge(message: string): AwsError {
  return new AwsError({ code: 'RequestEntityTooLargeException', status: 413, message })
}

/** An invocation of a function that keeps tenants apart names none. source: AWS Lambda dev guide "Tenant isolation" */
export function missingTenant(): AwsError {
  return invalidParameterValue(
    'The invoked function is enabled with tenancy configuration. ' +
      'Add a valid tenant ID in your request and try again.',
  )
}
