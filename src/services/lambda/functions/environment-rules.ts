/** What a customer may put into a function's environment. The form of the keys is in the service model; this is the rest. */
import { lambdaLimits } from '../../../config.ts'
import { invalidParameterValue } from '../../../lib/errors/lambda.ts'

/** source: AWS Lambda dev guide "Defined runtime environment variables" */
const reservedKeys: ReadonlySet<string> = new Set([
  '_HANDLER',
  '_X_AMZN_TRACE_ID',
  'AWS_DEFAULT_REGION',
  'AWS_REGION',
  'AWS_EXECUTION_ENV',
  'AWS_LAMBDA_FUNCTION_NAME',
  'AWS_LAMBDA_FUNCTION_MEMORY_SIZE',
  'AWS_LAMBDA_FUNCTION_VERSION',
  'AWS_LAMBDA_INITIALIZATION_TYPE',
  'AWS_LAMBDA_LOG_GROUP_NAME',
  'AWS_LAMBDA_LOG_STREAM_NAME',
  'AWS_ACCESS_KEY',
  'AWS_ACCESS_KEY_ID',
  'AWS_SECRET_ACCESS_KEY',
  'AWS_SESSION_TOKEN',
  'AWS_LAMBDA_RUNTIME_API',
  'LAMBDA_TASK_ROOT',
  'LAMBDA_RUNTIME_DIR',
  'AWS_LAMBDA_MAX_CONCURRENCY',
  'AWS_LAMBDA_METADATA_API',
  'AWS_LAMBDA_METADATA_TOKEN',
])

const prefix =
  'Lambda was unable to configure your environment variables because the environment variables'

/** The variables of a request.
 *  @throws AwsError InvalidParameterValueException (400) for reserved keys and for more than 4 KB, measured as JSON
 *  @source recorded answers of CreateFunction */
export function checkEnvironment(input: {
  readonly Environment?: { readonly Variables?: Record<string, string> | undefined } | undefined
}): Record<string, string> {
  const variables = input.Environment?.Variables ?? {}
  const reserved = Object.keys(variables).filter((key) => reservedKeys.has(key))
  if (reserved.length > 0) {
    throw invalidParameterValue(
      `${prefix} you have provided contains reserved keys that are currently not supported for modification. ` +
        `Reserved keys used in this request: ${reserved.join(', ')}`,
    )
  }
  const measured = JSON.stringify(variables)
  if (Buffer.byteLength(measured) > lambdaLimits.maxEnvironmentBytes) {
    throw invalidParameterValue(
      `${prefix} you have provided exceeded the 4KB limit. String measured: ${measured}`,
    )
  }
  return variables
}
