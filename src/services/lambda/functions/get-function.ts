/** GetFunction and GetFunctionConfiguration. */
import { pathToFileURL } from 'node:url'
import type { LambdaDependencies, LambdaHandlers } from '../dependencies.ts'
import { downloadRoute } from '../dependencies.ts'
import { getFunctionDocument, getVersion } from '../lookup.ts'
import { locate } from '../names.ts'
import { concurrencyKey, type CodeRecord, type ConcurrencyRecord } from '../records.ts'
import { renderConfiguration } from './render.ts'

/** The two operations that show one function, version or alias.
 *  @source AWS Lambda API reference; recorded answers: the ARN has the qualifier that was asked for */
export function getFunctionHandlers(
  deps: LambdaDependencies,
): Pick<LambdaHandlers, 'GetFunction' | 'GetFunctionConfiguration'> {
  const { documents } = deps.store
  const { catalogue } = deps
  return {
    GetFunction: (input, context) => {
      const located = locate(context, input, 'GetFunction')
      const version = getVersion(documents, located)
      const { sourceKmsKeyArn } = version.code
      const { tags } = getFunctionDocument(documents, located).value
      const key = concurrencyKey(located.place, located.functionName)
      const concurrency = documents.get<ConcurrencyRecord>(key)?.value
      return {
        Configuration: renderConfiguration(version, { ...located, phase: 'settled', catalogue }),
        Code: {
          RepositoryType: 'S3',
          Location: locationOf(deps, version.code, context.endpoint),
          ...(sourceKmsKeyArn !== undefined && { SourceKMSKeyArn: sourceKmsKeyArn }),
        },
        ...(Object.keys(tags).length > 0 && { Tags: { ...tags } }),
        ...(concurrency !== undefined && {
          Concurrency: { ReservedConcurrentExecutions: concurrency.reserved },
        }),
      }
    },
    GetFunctionConfiguration: (input, context) => {
      const located = locate(context, input, 'GetFunctionConfiguration')
      const version = getVersion(documents, located)
      return renderConfiguration(version, { ...located, phase: 'settled', catalogue })
    },
  }
}

/** Where the zip can be had; code that is a folder is there already. */
function locationOf(deps: LambdaDependencies, code: CodeRecord, endpoint: string): string {
  if (code.folder !== undefined) return pathToFileURL(code.folder).href
  return endpoint + deps.presign(downloadRoute + code.id)
}
