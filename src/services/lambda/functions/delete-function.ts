/** DeleteFunction: a whole function with all that belongs to it, or one published version. */
import { latest } from '../../../lib/arn.ts'
import { invalidParameterValue, resourceConflict } from '../../../lib/errors/lambda.ts'
import type { Change, Documents } from '../../../store/store.ts'
import type { LambdaDependencies, LambdaHandlers } from '../dependencies.ts'
import { urlDeletions } from '../urls/function-url.ts'
import {
  allAliases,
  allDocuments,
  getFunctionDocument,
  isVersionNumber,
  orConflict,
} from '../lookup.ts'
import { locate, type Located } from '../names.ts'
import {
  concurrencyKey,
  functionCodeSigningKey,
  eventInvokeKey,
  functionKey,
  policyKey,
  provisionedKey,
  prefixOf,
  recursionKey,
  runtimeManagementKey,
  versionKey,
} from '../records.ts'

/** The handler of DeleteFunction.
 *  @source AWS Lambda API reference; recorded answers: 204, and a version that is not there is no error */
export function deleteFunctionHandlers(
  deps: LambdaDependencies,
): Pick<LambdaHandlers, 'DeleteFunction'> {
  const { documents } = deps.store
  return {
    DeleteFunction: async (input, context) => {
      const located = locate(context, input, 'DeleteFunction')
      const { place, functionName, qualifier } = located
      if (qualifier !== undefined && qualifier !== latest && !isVersionNumber(qualifier)) {
        throw invalidParameterValue('Deletion of aliases is not currently supported.')
      }
      if (qualifier === latest) {
        throw invalidParameterValue(
          '$LATEST version cannot be deleted without deleting the function.',
        )
      }
      const { revision } = getFunctionDocument(documents, { place, functionName })
      const changes =
        qualifier === undefined
          ? wholeFunction(documents, located, revision)
          : oneVersion(documents, located, qualifier)
      await orConflict(located, documents.transact(changes))
      return { StatusCode: 204 }
    },
  }
}

/** Collections with a document for each version, alias or qualifier of a function. */
const perQualifier = [
  'versions',
  'aliases',
  'policies',
  'runtime-management',
  'event-invoke',
  'provisioned',
] as const

function wholeFunction(documents: Documents, located: Located, revision: number): Change[] {
  const { place, functionName } = located
  const changes: Change[] = [
    { kind: 'delete', key: functionKey(place, functionName), expected: revision },
    { kind: 'delete', key: concurrencyKey(place, functionName) },
    { kind: 'delete', key: functionCodeSigningKey(place, functionName) },
    { kind: 'delete', key: recursionKey(place, functionName) },
    ...urlDeletions(documents, located),
  ]
  for (const collection of perQualifier) {
    for (const { key } of allDocuments(documents, prefixOf(place, collection, functionName))) {
      changes.push({ kind: 'delete', key })
    }
  }
  return changes
}

function oneVersion(documents: Documents, located: Located, version: string): Change[] {
  const { place, functionName } = located
  const users = allAliases(documents, located).filter(
    (alias) => alias.functionVersion === version || alias.routing?.version === version,
  )
  if (users.length > 0) {
    const names = users.map((alias) => alias.name).join(', ')
    throw resourceConflict(
      `Unable to delete version because the following aliases reference it: [${names}]`,
    )
  }
  return [
    { kind: 'delete', key: versionKey(place, functionName, version) },
    { kind: 'delete', key: policyKey(place, functionName, version) },
    { kind: 'delete', key: runtimeManagementKey(place, functionName, version) },
    { kind: 'delete', key: eventInvokeKey(place, functionName, version) },
    { kind: 'delete', key: provisionedKey(place, functionName, version) },
  ]
}
