/** From the code a request brings, or points at, to a package that is checked, kept and unpacked. */
import { lambdaLimits } from '../../../config.ts'
import { invalidParameterValue, requestEntityTooLarge } from '../../../lib/errors/lambda.ts'
import type { Packages } from '../../../packages/packages.ts'
import type { CodeRecord } from '../records.ts'

/** The members that say where code is. */
export type CodeSource = {
  readonly ZipFile?: Uint8Array | undefined
  readonly S3Bucket?: string | undefined
  readonly S3Key?: string | undefined
  readonly ImageUri?: string | undefined
  readonly SourceKMSKeyArn?: string | undefined
}

/** Take the code of a request.
 *  @param operation  for the text that says its body is too long
 *  @throws AwsError InvalidParameterValueException (400), RequestEntityTooLargeException (413)
 *  @source recorded answers of CreateFunction and UpdateFunctionCode */
export async function takeCode(
  packages: Packages,
  source: CodeSource,
  operation: string,
): Promise<CodeRecord> {
  const zip = chooseZip(source)
  if (zip.length > lambdaLimits.maxZippedBytes) {
    const encodedBytes = Math.ceil(zip.length / 3) * 4
    throw requestEntityTooLarge(
      encodedBytes > lambdaLimits.maxCreateBodyBytes
        ? `Request must be smaller than ${lambdaLimits.maxCreateBodyBytes} bytes for the ${operation} operation`
        : `Zipped size must be smaller than ${lambdaLimits.maxZippedBytes} bytes`,
    )
  }
  const { id, codeSha256, zippedBytes, unzippedBytes } = await packages.add(zip)
  const { SourceKMSKeyArn: keyArn } = source
  return {
    id,
    codeSha256,
    zippedBytes,
    unzippedBytes,
    ...(keyArn !== undefined && keyArn !== '' && { sourceKmsKeyArn: keyArn }),
  }
}

function chooseZip(source: CodeSource): Uint8Array {
  const { ZipFile, S3Bucket, S3Key, ImageUri } = source
  if (ImageUri !== undefined) {
    throw invalidParameterValue(
      'Container images are not supported by this service yet. Please provide the code as a zip archive.',
    )
  }
  if (ZipFile !== undefined) {
    if (S3Bucket === undefined && S3Key === undefined) return ZipFile
    throw invalidParameterValue(
      'Please do not provide other FunctionCode parameters when providing a ZipFile.',
    )
  }
  if (S3Bucket === undefined && S3Key === undefined) {
    throw invalidParameterValue('Please provide a source for function code.')
  }
  throw invalidParameterValue(
    'Amazon S3 is not supported by this service yet. Please provide the code with ZipFile.',
  )
}
