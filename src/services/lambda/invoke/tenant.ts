/** Whom an invocation is for: the tenant that it names, where the function keeps tenants apart. */
import { invalidParameterValue, missingTenant } from '../../../lib/errors/lambda.ts'
import type { FunctionVersion } from '../../../model.ts'
import { constraintFailed } from '../names.ts'

const maxLength = 256
const form = /^[a-zA-Z0-9._:/=+\-@ ]+$/

/** The tenant of an invocation. @param given  X-Amz-Tenant-Id
 *  @returns undefined for a function that does not keep tenants apart
 *  @throws AwsError InvalidParameterValueException (400) when it is missing, or given where there are no tenants;
 *    ValidationException (400) when it is malformed
 *  @source Lambda service model, TenantId; AWS Lambda dev guide "Tenant isolation"; the words of the second refusal are our own, made
 *    after the first */
export function tenantOf(given: string | undefined, version: FunctionVersion): string | undefined {
  if (version.isTenantIsolated !== true) {
    if (given === undefined) return undefined
    throw invalidParameterValue(
      'The invoked function is not enabled with tenancy configuration. ' +
        'Remove the tenant ID from your request and try again.',
    )
  }
  if (given === undefined || given === '') {
    throw missingTenant()
  }
  if (given.length > maxLength) {
    const constraint = `Member must have length less than or equal to ${maxLength}`
    throw constraintFailed(given, 'tenantId', constraint)
  }
  if (!form.test(given)) {
    const pattern = String.raw`[a-zA-Z0-9\._:\/=+\-@ ]+`
    const constraint = `Member must satisfy regular expression pattern: ${pattern}`
    throw constraintFailed(given, 'tenantId', constraint)
  }
  return given
}
