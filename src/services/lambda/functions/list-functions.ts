/** ListFunctions: the functions of an account's region, or all their versions. */
import type { LambdaDependencies, LambdaHandlers } from '../dependencies.ts'
import { fromMarker, listPage, pageSize } from '../paging.ts'
import { prefixOf, type FunctionRecord } from '../records.ts'
import { renderConfiguration } from './render.ts'
import { takePage, walkAllVersions } from '../versions/version-walk.ts'

/** The handler of ListFunctions. Functions come by name, versions after their $LATEST.
 *  @source AWS Lambda API reference, ListFunctions; recorded answers: ARNs are qualified only with FunctionVersion=ALL */
export function listFunctionsHandlers(
  deps: LambdaDependencies,
): Pick<LambdaHandlers, 'ListFunctions'> {
  const { documents } = deps.store
  const { catalogue } = deps
  return {
    ListFunctions: (input, context) => {
      const place = { accountId: context.accountId, region: context.region }
      if (input.FunctionVersion === 'ALL') {
        const walk = walkAllVersions(documents, place, fromMarker(input))
        const { page, nextMarker } = takePage(walk, pageSize(input))
        const functions = page.map(({ record: { functionName }, version }) => {
          const qualifier = version.version
          return renderConfiguration(version, {
            place,
            functionName,
            qualifier,
            phase: 'listed',
            catalogue,
          })
        })
        return { Functions: functions, ...(nextMarker !== undefined && { NextMarker: nextMarker }) }
      }
      const prefix = prefixOf(place, 'functions')
      const { values, nextMarker } = listPage<FunctionRecord>(documents, prefix, input)
      const functions = values.map(({ functionName, latest }) =>
        renderConfiguration(latest, { place, functionName, phase: 'listed', catalogue }),
      )
      return { Functions: functions, ...(nextMarker !== undefined && { NextMarker: nextMarker }) }
    },
  }
}
