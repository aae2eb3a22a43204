/** GetFunction and GetFunctionConfiguration. */
import type { LambdaDependencies, LambdaHandlers } from './dependencies.ts'
import { downloadRoute } from './dependencies.ts'
import { getFunctionDocument, getVersion } from './lookup.ts'
import { locate } from './names.ts'
import { concurrencyKey, type ConcurrencyRecord } from './records.ts'
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
          Location: context.endpoint + deps.presign(downloadRoute + version.code.id),
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
