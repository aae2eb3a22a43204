/** AddPermission, RemovePermission and GetPolicy, for functions, versions and aliases. */
import { functionArn, latest } from '../../../lib/arn.ts'
import { invalidParameterValue, resourceNotFound } from '../../../lib/errors/lambda.ts'
import type { LambdaDependencies, LambdaHandlers } from '../dependencies.ts'
import { expectRevision, getFunctionDocument } from '../lookup.ts'
import { locate } from '../names.ts'
import { findPolicy, getHolder, savePolicy } from './policy-holder.ts'
import { addStatement, removeStatement, toPolicyText, toStatement } from './policy.ts'
import { functionKey } from '../records.ts'

/** The three operations on policies. A policy has the revision of what it hangs on.
 *  @source AWS Lambda API reference; recorded answers */
export function permissionHandlers(
  deps: LambdaDependencies,
): Pick<LambdaHandlers, 'AddPermission' | 'RemovePermission' | 'GetPolicy'> {
  const { documents } = deps.store
  return {
    AddPermission: async (input, context) => {
      const located = locate(context, input, 'AddPermission')
      if (located.qualifier === latest) {
        throw invalidParameterValue('We currently do not support adding policies for $LATEST.')
      }
      const holder = getHolder(documents, located)
      expectRevision(input.RevisionId, holder.revisionId)
      const { place, functionName, qualifier } = located
      const { StatementId: sid = '', Principal: principal = '', Action: action = '' } = input
      const resource = functionArn(place, functionName, qualifier)
      const conditions = {
        sourceArn: input.SourceArn,
        sourceAccount: input.SourceAccount,
        eventSourceToken: input.EventSourceToken,
        principalOrgId: input.PrincipalOrgID,
        functionUrlAuthType: input.FunctionUrlAuthType,
        isInvokedViaFunctionUrl: input.InvokedViaFunctionUrl,
      }
      const statement = toStatement(sid, principal, { action, resource }, conditions)
      const before = findPolicy(documents, located)
      const policy = addStatement(before ?? { statements: [] }, statement)
      await savePolicy(deps, located, { holder, policy })
      return { Statement: JSON.stringify(statement) }
    },
    RemovePermission: async (input, context) => {
      const located = locate(context, input, 'RemovePermission')
      const { place, functionName } = located
      if (documents.get(functionKey(place, functionName)) === undefined) {
        throw resourceNotFound(`No policy found for: ${functionArn(place, functionName)}`)
      }
      const holder = getHolder(documents, located)
      const policy = findPolicy(documents, located)
      if (policy === undefined) {
        throw resourceNotFound('No policy is associated with the given resource.')
      }
      const left = removeStatement(policy, input.StatementId ?? '')
      expectRevision(input.RevisionId, holder.revisionId)
      await savePolicy(deps, located, { holder, policy: left })
      return {}
    },
    GetPolicy: (input, context) => {
      const located = locate(context, input, 'GetPolicy')
      const { place, functionName } = located
      getFunctionDocument(documents, { place, functionName })
      const policy = findPolicy(documents, located)
      if (policy === undefined) {
        throw resourceNotFound('The resource you requested does not exist.')
      }
      const { revisionId } = getHolder(documents, located)
      return { Policy: toPolicyText(policy), RevisionId: revisionId }
    },
  }
}
