/** What is wrong with a package, in AWS's words. source: AWS Lambda API, recorded answers of CreateFunction. */
import { lambdaLimits } from '../config.ts'
import { AwsError } from '../lib/errors/aws-error.ts'
import { invalidParameterValue } from '../lib/errors/lambda.ts'

/** The archive is damaged, or holds what cannot be unpacked safely. An AwsError in `cause` is passed on as it is. */
export function unreadableZip(cause?: unknown): AwsError {
  if (cause instanceof AwsError) return cause
  return invalidParameterValue(
    'Could not unzip uploaded file. Please check your file, then try to upload again.',
  )
}

/** No bytes, or an archive without entries. */
export function emptyZip(): AwsError {
  return invalidParameterValue('Uploaded file must be a non-empty zip')
}

/** More than 250 MB when unpacked. */
export function unzippedTooLarge(): AwsError {
  return invalidParameterValue(
    `Unzipped size must be smaller than ${lambdaLimits.maxUnzippedBytes} bytes`,
  )
}
