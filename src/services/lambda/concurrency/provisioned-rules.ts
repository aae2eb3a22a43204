/** What may have provisioned concurrency, and how much: rules that the operations on aliases and on reservations share. */
import { lambdaLimits } from '../../../config.ts'
import { latest } from '../../../lib/arn.ts'
import { invalidParameterValue, resourceConflict } from '../../../lib/errors/lambda.ts'
import type { Documents } from '../../../store/store.ts'
import {
  allValues,
  findAlias,
  getAliasDocument,
  getFunctionDocument,
  getVersion,
  isVersionNumber,
} from '../lookup.ts'
import { concurrencyOf } from './capacity.ts'
import type { Located } from '../names.ts'
import { concurrencyKey, prefixOf, provisionedKey } from '../records.ts'
import type { AliasRecord, ConcurrencyRecord, ProvisionedRecord } from '../records.ts'
import { unreservedConcurrency } from '../resolve.ts'

/** Whether a qualifier may have so much.
 *  @throws AwsError InvalidParameterValueException (400), ResourceConflictException (409), ResourceNotFoundException (404)
 *  @source AWS Lambda dev guide "Configuring provisioned concurrency for a function"; recorded answers. The words about SnapStart and
 *    tenants are our own: AWS's were not recorded */
export function checkProvisioned(documents: Documents, located: Located, requested: number): void {
  const { qualifier = latest } = located
  if (qualifier === latest) throw unpublished()
  let number = qualifier
  if (!isVersionNumber(qualifier)) {
    const alias = getAliasDocument(documents, located, qualifier).value
    if (alias.routing !== undefined) {
      throw invalidParameterValue('Alias with weights can not be used with Provisioned Concurrency')
    }
    number = alias.functionVersion
  }
  checkVersion(documents, located, number)
  checkUnshared(documents, located, qualifier, number)
  checkCount(documents, located, qualifier, requested)
}

/** Whether an alias with provisioned concurrency may point there.
 *  @throws AwsError as `checkProvisioned` */
export function checkMove(documents: Documents, located: Located, alias: AliasRecord): void {
  const { place, functionName } = located
  if (documents.get(provisionedKey(place, functionName, alias.name)) === undefined) return
  checkVersion(documents, located, alias.functionVersion)
  checkUnshared(documents, located, alias.name, alias.functionVersion)
}

/** The version that a configuration is about now; an alias may have moved. */
export function provisionedVersionOf(
  documents: Documents,
  located: Located,
  qualifier: string,
): string {
  if (isVersionNumber(qualifier)) return String(Number(qualifier))
  return findAlias(documents, located, qualifier)?.value.functionVersion ?? latest
}

/** All configurations of a function. */
export function provisionedOf(documents: Documents, located: Located): ProvisionedRecord[] {
  const prefix = prefixOf(located.place, 'provisioned', located.functionName)
  return allValues<ProvisionedRecord>(documents, prefix)
}

/** What is provisioned for a function in all. */
export function provisionedTotal(documents: Documents, located: Located): number {
  return provisionedOf(documents, located).reduce((sum, { requested }) => sum + requested, 0)
}

function unpublished(): Error {
  return invalidParameterValue(
    'Provisioned Concurrency Configs cannot be applied to unpublished function versions.',
  )
}

function checkVersion(documents: Documents, located: Located, number: string): void {
  if (number === latest) throw unpublished()
  const { settings } = getVersion(documents, { ...located, qualifier: number })
  const { tags } = getFunctionDocument(documents, located).value
  if (concurrencyOf(settings, tags) !== undefined) {
    throw invalidParameterValue(
      'Provisioned Concurrency is not supported for functions whose environments serve several invocations at once.',
    )
  }
  if (settings.snapStart !== 'None') {
    throw invalidParameterValue(
      'Provisioned Concurrency is not supported for SnapStart enabled functions.',
    )
  }
  if (settings.tenancy !== undefined) {
    throw invalidParameterValue(
      'Provisioned Concurrency is not supported for functions with tenancy configuration.',
    )
  }
}

/** One configuration for each version, be it its own or an alias's. */
function checkUnshared(
  documents: Documents,
  located: Located,
  qualifier: string,
  number: string,
): void {
  const others = provisionedOf(documents, located).filter(
    (other) =>
      other.qualifier !== qualifier &&
      provisionedVersionOf(documents, located, other.qualifier) === number,
  )
  if (others.length === 0) return
  throw resourceConflict(
    isVersionNumber(qualifier)
      ? 'Version is pointed by a Provisioned Concurrency alias'
      : "Alias can't be used for Provisioned Concurrency configuration on an already Provisioned version",
  )
}

/** Two of these refusals carry no `Type`. */
function checkCount(
  documents: Documents,
  located: Located,
  qualifier: string,
  requested: number,
): void {
  const { place, functionName } = located
  const already = documents.get<ProvisionedRecord>(provisionedKey(place, functionName, qualifier))
  const own = already?.value.requested ?? 0
  const reservation = documents.get<ConcurrencyRecord>(concurrencyKey(place, functionName))?.value
  if (reservation !== undefined) {
    if (provisionedTotal(documents, located) - own + requested <= reservation.reserved) return
    throw invalidParameterValue(
      'Requested Provisioned Concurrency should not be greater than the reservedConcurrentExecution for function',
    )
  }
  const free = unreservedConcurrency(documents, place) + own
  const min = lambdaLimits.minUnreservedConcurrency
  if (requested > free) {
    throw invalidParameterValue(
      `Specified ConcurrentExecutions for function is greater than account's unreserved concurrency [${free}].`,
      { Type: undefined },
    )
  }
  if (free - requested < min) {
    throw invalidParameterValue(
      "Specified ConcurrentExecutions for function decreases account's UnreservedConcurrentExecution " +
        `below its minimum value of [${min}].`,
      { Type: undefined },
    )
  }
}
