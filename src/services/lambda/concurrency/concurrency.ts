/** Reserved concurrency, and what the account may use: Put-, Get- and DeleteFunctionConcurrency, GetAccountSettings. */
import { lambdaLimits } from '../../../config.ts'
import { latest } from '../../../lib/arn.ts'
import { invalidParameterValue } from '../../../lib/errors/lambda.ts'
import type { Place } from '../../../model.ts'
import type { Documents } from '../../../store/store.ts'
import type { LambdaDependencies, LambdaHandlers } from '../dependencies.ts'
import { allValues, getFunctionDocument } from '../lookup.ts'
import { locate, locateFunction } from '../names.ts'
import { concurrencyKey, prefixOf } from '../records.ts'
import type { ConcurrencyRecord, LayerVersionRecord } from '../records.ts'
import { provisionedTotal } from './provisioned-rules.ts'
import { unreservedConcurrency } from '../resolve.ts'
import { walkAllVersions } from '../versions/version-walk.ts'

type Operations =
  | 'PutFunctionConcurrency'
  | 'GetFunctionConcurrency'
  | 'DeleteFunctionConcurrency'
  | 'GetAccountSettings'

/** The four operations. @source AWS Lambda API reference; recorded answers */
export function concurrencyHandlers(deps: LambdaDependencies): Pick<LambdaHandlers, Operations> {
  const { documents } = deps.store
  return {
    PutFunctionConcurrency: async (input, context) => {
      const { FunctionName, ReservedConcurrentExecutions: reserved = 0 } = input
      const located = locate(context, { FunctionName }, 'PutFunctionConcurrency')
      if (located.qualifier !== undefined) {
        throw invalidParameterValue(
          'This operation is permitted on Lambda functions only. Aliases and versions do not support this operation. ' +
            'Please specify either a function name or an unqualified function ARN.',
        )
      }
      const { place, functionName } = located
      getFunctionDocument(documents, { ...located, qualifier: latest })
      const provisioned = provisionedTotal(documents, located)
      if (reserved < provisioned) {
        throw invalidParameterValue(
          ` ReservedConcurrentExecutions  ${reserved} should not be lower than function's total provisioned concurrency [${provisioned}].`,
          { Type: undefined },
        )
      }
      const key = concurrencyKey(place, functionName)
      const already = documents.get<ConcurrencyRecord>(key)?.value.reserved ?? provisioned
      checkUnreserved(unreservedConcurrency(documents, place) + already - reserved)
      const record: ConcurrencyRecord = { reserved }
      await documents.put(key, record)
      return { ReservedConcurrentExecutions: reserved }
    },
    GetFunctionConcurrency: (input, context) => {
      const located = locateFunction(context, input.FunctionName, 'GetFunctionConcurrency')
      getFunctionDocument(documents, located)
      const key = concurrencyKey(located.place, located.functionName)
      const concurrency = documents.get<ConcurrencyRecord>(key)?.value
      return concurrency === undefined ? {} : { ReservedConcurrentExecutions: concurrency.reserved }
    },
    DeleteFunctionConcurrency: async (input, context) => {
      const located = locateFunction(context, input.FunctionName, 'DeleteFunctionConcurrency')
      getFunctionDocument(documents, located)
      await documents.delete(concurrencyKey(located.place, located.functionName))
      return {}
    },
    GetAccountSettings: (_input, context) => {
      const place = { accountId: context.accountId, region: context.region }
      return {
        AccountLimit: {
          TotalCodeSize: lambdaLimits.maxTotalCodeBytes,
          CodeSizeUnzipped: lambdaLimits.maxUnzippedBytes,
          CodeSizeZipped: lambdaLimits.maxZippedBytes,
          ConcurrentExecutions: lambdaLimits.maxConcurrentExecutions,
          UnreservedConcurrentExecutions: unreservedConcurrency(documents, place),
        },
        AccountUsage: {
          TotalCodeSize: totalCodeBytes(documents, place),
          FunctionCount: documents.count(prefixOf(place, 'functions')),
        },
      }
    },
  }
}

/** This refusal carries no `Type`. */
function checkUnreserved(left: number): void {
  if (left >= lambdaLimits.minUnreservedConcurrency) return
  throw invalidParameterValue(
    "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution " +
      `below its minimum value of [${lambdaLimits.minUnreservedConcurrency}].`,
    { Type: undefined },
  )
}

/** Zips of all versions of functions and layers, each counted as often as it is there. */
function totalCodeBytes(documents: Documents, place: Place): number {
  let total = 0
  for (const { version } of walkAllVersions(documents, place)) total += version.code.zippedBytes
  const prefix = prefixOf(place, 'layer-versions')
  for (const layer of allValues<LayerVersionRecord>(documents, prefix)) {
    total += layer.code.zippedBytes
  }
  return total
}
