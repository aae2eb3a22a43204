/** Provisioned concurrency of versions and aliases: Put-, Get-, Delete- and ListProvisionedConcurrencyConfig(s). */
import type { ProvisionedConcurrencyConfigListItem } from '@aws-sdk/client-lambda'
import { functionArn, latest } from '../../../lib/arn.ts'
import {
  invalidParameterValue,
  provisionedConcurrencyConfigNotFound,
} from '../../../lib/errors/lambda.ts'
import type { LambdaDependencies, LambdaHandlers } from '../dependencies.ts'
import { getAliasDocument, getFunctionDocument, getVersion, isVersionNumber } from '../lookup.ts'
import { locate, locateFunction, type Located } from '../names.ts'
import { listPage } from '../paging.ts'
import { checkProvisioned, provisionedVersionOf } from './provisioned-rules.ts'
import { prefixOf, provisionedKey, type ProvisionedRecord } from '../records.ts'

type Operations =
  | 'PutProvisionedConcurrencyConfig'
  | 'GetProvisionedConcurrencyConfig'
  | 'DeleteProvisionedConcurrencyConfig'
  | 'ListProvisionedConcurrencyConfigs'

type Rendered = Omit<ProvisionedConcurrencyConfigListItem, 'FunctionArn'>

/** The four operations. What they write is carried out by provisioned-allocation.ts, which watches.
 *  @source AWS Lambda API reference; recorded answers */
export function provisionedConcurrencyHandlers(
  deps: LambdaDependencies,
): Pick<LambdaHandlers, Operations> {
  const { documents } = deps.store

  function render(located: Located, record: ProvisionedRecord): Rendered {
    const { place, functionName } = located
    const number = provisionedVersionOf(documents, located, record.qualifier)
    const arn = functionArn(place, functionName, number)
    const state = deps.provisioning?.provisioned(arn)
    const { allocatedCount = 0, status = 'IN_PROGRESS' } = state ?? {}
    return {
      RequestedProvisionedConcurrentExecutions: record.requested,
      AvailableProvisionedConcurrentExecutions: allocatedCount,
      AllocatedProvisionedConcurrentExecutions: allocatedCount,
      Status: status,
      ...(status === 'FAILED' && { StatusReason: 'FUNCTION_ERROR_INIT_FAILURE' }),
      LastModified: renderSeconds(record.modifiedAtMs),
    }
  }

  return {
    PutProvisionedConcurrencyConfig: async (input, context) => {
      const located = locatePlainly(context, input, 'PutProvisionedConcurrencyConfig')
      const { place, functionName, qualifier = latest } = located
      const { ProvisionedConcurrentExecutions: requested = 1 } = input
      checkProvisioned(documents, located, requested)
      const record: ProvisionedRecord = { qualifier, requested, modifiedAtMs: deps.clock.nowMs() }
      const before = render(located, record)
      await documents.put(provisionedKey(place, functionName, qualifier), record)
      // Whatever there is already, the new number is yet to be reached.
      return { ...before, Status: 'IN_PROGRESS', StatusReason: undefined }
    },
    GetProvisionedConcurrencyConfig: (input, context) => {
      const located = locatePlainly(context, input, 'GetProvisionedConcurrencyConfig')
      const { place, functionName } = located
      const qualifier = existingQualifier(deps, located)
      const key = provisionedKey(place, functionName, qualifier)
      const record = documents.get<ProvisionedRecord>(key)?.value
      if (record === undefined) {
        throw provisionedConcurrencyConfigNotFound(
          'No Provisioned Concurrency Config found for this function',
        )
      }
      return render(located, record)
    },
    DeleteProvisionedConcurrencyConfig: async (input, context) => {
      const located = locatePlainly(context, input, 'DeleteProvisionedConcurrencyConfig')
      const { place, functionName } = located
      const qualifier = existingQualifier(deps, located)
      await documents.delete(provisionedKey(place, functionName, qualifier))
      return {}
    },
    ListProvisionedConcurrencyConfigs: (input, context) => {
      const located = locateFunction(
        context,
        input.FunctionName,
        'ListProvisionedConcurrencyConfigs',
      )
      getFunctionDocument(documents, located)
      const { place, functionName } = located
      const prefix = prefixOf(place, 'provisioned', functionName)
      const { values, nextMarker } = listPage<ProvisionedRecord>(documents, prefix, input)
      return {
        ProvisionedConcurrencyConfigs: values.map((record) => ({
          FunctionArn: functionArn(place, functionName, record.qualifier),
          ...render(located, record),
        })),
        ...(nextMarker !== undefined && { NextMarker: nextMarker }),
      }
    },
  }
}

/** A version has one name: `01` is `1`. */
function locatePlainly(...asked: Parameters<typeof locate>): Located {
  const located = locate(...asked)
  const { qualifier = latest } = located
  return isVersionNumber(qualifier) ? { ...located, qualifier: String(Number(qualifier)) } : located
}

/** @throws AwsError InvalidParameterValueException (400), ResourceNotFoundException (404) */
function existingQualifier({ store }: LambdaDependencies, located: Located): string {
  const { qualifier = latest } = located
  if (qualifier === latest) {
    throw invalidParameterValue(
      'The function resource provided must be an alias or a published version.',
    )
  }
  if (isVersionNumber(qualifier)) getVersion(store.documents, located)
  else getAliasDocument(store.documents, located, qualifier)
  return qualifier
}

/** A time as these operations write it: `2026-11-20T12:00:00+0000`. */
function renderSeconds(epochMs: number): string {
  return `${new Date(epochMs).toISOString().slice(0, 19)}+0000`
}
