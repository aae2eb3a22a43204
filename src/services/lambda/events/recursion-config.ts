/** What a function does in a recursive loop: Get- and PutFunctionRecursionConfig. The counting is invoke/lineage.ts's. */
import { createHash } from 'node:crypto'
import { functionArn } from '../../../lib/arn.ts'
import type { Lineage } from '../../../invoke/lineage.ts'
import type { Place } from '../../../model.ts'
import type { Documents } from '../../../store/store.ts'
import type { LambdaDependencies, LambdaHandlers } from '../dependencies.ts'
import { getFunctionDocument } from '../lookup.ts'
import { locateFunction } from '../names.ts'
import { recursionKey, type RecursionRecord } from '../records.ts'

type Operations = 'GetFunctionRecursionConfig' | 'PutFunctionRecursionConfig'

/** The two operations. @source AWS Lambda API reference */
export function recursionConfigHandlers(
  deps: LambdaDependencies,
): Pick<LambdaHandlers, Operations> {
  const { documents } = deps.store
  return {
    GetFunctionRecursionConfig: (input, context) => {
      const located = locateFunction(context, input.FunctionName, 'GetFunctionRecursionConfig')
      getFunctionDocument(documents, located)
      return { RecursiveLoop: recursiveLoop(documents, located.place, located.functionName) }
    },
    PutFunctionRecursionConfig: async (input, context) => {
      const located = locateFunction(context, input.FunctionName, 'PutFunctionRecursionConfig')
      getFunctionDocument(documents, located)
      const record: RecursionRecord = { recursiveLoop: input.RecursiveLoop ?? 'Terminate' }
      await documents.put(recursionKey(located.place, located.functionName), record)
      return { RecursiveLoop: record.recursiveLoop }
    },
  }
}

/** What recursion detection needs to know of a function. */
export function lineageOf(documents: Documents, place: Place, functionName: string): Lineage {
  const arn = functionArn(place, functionName)
  return {
    id: createHash('sha256').update(arn).digest('hex').slice(0, 8),
    isLoopAllowed: recursiveLoop(documents, place, functionName) === 'Allow',
  }
}

function recursiveLoop(
  documents: Documents,
  place: Place,
  functionName: string,
): RecursionRecord['recursiveLoop'] {
  const record = documents.get<RecursionRecord>(recursionKey(place, functionName))
  return record?.value.recursiveLoop ?? 'Terminate'
}
