/**
 * Code by reference: a function whose code is a folder of this machine, run where it lies, with nothing packed or copied. It is asked
 * for as an object of the bucket `hot-reload`, its key being the folder: so every tool that can deploy from S3 can ask for it.
 * `lair dev` deploys so. Only for a server that serves this machine alone.
 */
import { createHash } from 'node:crypto'
import { statSync } from 'node:fs'
import { isAbsolute, normalize } from 'node:path'
import { invalidParameterValue } from '../../../lib/errors/lambda.ts'
import { takeCode, type CodeSource } from './code.ts'
import type { LambdaDependencies } from '../dependencies.ts'
import type { CodeRecord } from '../records.ts'

/** The bucket that stands for the folders of this machine. The name is the one that LocalStack's users know. */
export const folderBucket = 'hot-reload'

/** Take the code of a function: a zip, or a folder.
 *  @param operation  for the text that says its body is too long
 *  @throws AwsError InvalidParameterValueException (400), RequestEntityTooLargeException (413) */
export async function takeFunctionCode(
  deps: LambdaDependencies,
  source: CodeSource,
  operation: string,
): Promise<CodeRecord> {
  const isFolder = source.S3Bucket === folderBucket && source.ZipFile === undefined
  return isFolder
    ? toFolderCode(deps, source.S3Key ?? '')
    : takeCode(deps.packages, source, operation)
}

/** A version never changes, a folder does.
 *  @throws AwsError InvalidParameterValueException (400) for code that is a folder */
export function refuseToPublishFolder(code: CodeRecord): void {
  if (code.folder === undefined) return
  throw invalidParameterValue(
    'Code that is a folder cannot be published: its files may change. Deploy a zip archive first.',
  )
}

/** Each deployment has a hash of its own, since the files may have changed. */
function toFolderCode({ ids, isFolderCodeAllowed }: LambdaDependencies, key: string): CodeRecord {
  if (isFolderCodeAllowed !== true) {
    throw invalidParameterValue(
      `The bucket ${folderBucket} stands for folders of this machine, which only a server with the default key serves. ` +
        'Please provide the code with ZipFile.',
    )
  }
  if (!isAbsolute(key) || statSync(key, { throwIfNoEntry: false })?.isDirectory() !== true) {
    throw invalidParameterValue(`S3Key must be the absolute path of a folder, not "${key}".`)
  }
  const codeSha256 = createHash('sha256').update(ids.uuid()).digest('base64')
  return { id: '', codeSha256, zippedBytes: 0, unzippedBytes: 0, folder: normalize(key) }
}
