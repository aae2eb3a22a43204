/**
 * PutResourcePolicy, GetResourcePolicy and DeleteResourcePolicy: the policy of a function, a version or an alias as one document.
 * It is the same policy that AddPermission and RemovePermission change statement by statement.
 */
import { latest } from '../../../lib/arn.ts'
import {
  invalidParameterValue,
  preconditionFailed,
  resourceNotFound,
} from '../../../lib/errors/lambda.ts'
import type { LambdaDependencies, LambdaHandlers } from '../dependencies.ts'
import { getFunctionDocument } from '../lookup.ts'
import { locate, type Asker, type Located } from '../names.ts'
import { parsePolicy } from './parse-policy.ts'
import { findPolicy, getHolder, savePolicy } from './policy-holder.ts'
import { checkSize, toPolicyText } from './policy.ts'

type Operations = 'PutResourcePolicy' | 'GetResourcePolicy' | 'DeleteResourcePolicy'

/** The three operations. @source AWS Lambda API reference 2026-07-09; a put replaces what AddPermission had added */
export function resourcePolicyHandlers(deps: LambdaDependencies): Pick<LambdaHandlers, Operations> {
  const { documents } = deps.store
  return {
    PutResourcePolicy: async (input, context) => {
      const { ResourceArn: arn = '' } = input
      const located = locateResource(context, arn, 'PutResourcePolicy')
      if (located.qualifier === latest) {
        throw invalidParameterValue('We currently do not support adding policies for $LATEST.')
      }
      const policy = checkSize(parsePolicy(input.Policy ?? '', arn))
      const holder = getHolder(documents, located)
      const before = findPolicy(documents, located)
      expectPolicy(input.RevisionId, before && holder.revisionId)
      const revisionId = await savePolicy(deps, located, { holder, policy })
      return { Policy: toPolicyText(policy), RevisionId: revisionId }
    },
    GetResourcePolicy: (input, context) => {
      const located = locateResource(context, input.ResourceArn, 'GetResourcePolicy')
      const { place, functionName } = located
      getFunctionDocument(documents, { place, functionName })
      const policy = findPolicy(documents, located)
      if (policy === undefined) throw noPolicy()
      const { revisionId } = getHolder(documents, located)
      return { Policy: toPolicyText(policy), RevisionId: revisionId }
    },
    DeleteResourcePolicy: async (input, context) => {
      const located = locateResource(context, input.ResourceArn, 'DeleteResourcePolicy')
      const holder = getHolder(documents, located)
      if (findPolicy(documents, located) === undefined) throw noPolicy()
      expectPolicy(input.RevisionId, holder.revisionId)
      await savePolicy(deps, located, { holder, policy: { statements: [] } })
      return {}
    },
  }
}

/** @throws AwsError ResourceNotFoundException (404) for what is no function */
function locateResource(asker: Asker, arn = '', action: string): Located {
  if (!arn.includes(':function:')) throw noPolicy()
  return locate(asker, { FunctionName: arn }, action)
}

function noPolicy(): Error {
  return resourceNotFound('The resource you requested does not exist.')
}

/** @param revisionId  of the policy; undefined when there is none */
function expectPolicy(expected: string | undefined, revisionId: string | undefined): void {
  if (expected === undefined || expected === '' || expected === revisionId) return
  throw preconditionFailed(
    'The Revision Id provided does not match the latest Revision Id. ' +
      'Call the GetResourcePolicy API to retrieve the latest Revision Id',
  )
}
