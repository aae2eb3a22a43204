/** AddPermission, RemovePermission and GetPolicy, for functions, versions and aliases. */
import { functionArn, latest } from '../../lib/arn.ts'
import { invalidParameterValue, resourceNotFound } from '../../lib/errors/lambda.ts'
import type { Change, Documents } from '../../store/store.ts'
import type { LambdaDependencies, LambdaHandlers } from './dependencies.ts'
import {
  expectRevision,
  findVersion,
  getAliasDocument,
  getFunctionDocument,
  isVersionNumber,
  orConflict,
} from './lookup.ts'
import { functionNotFound, locate, type Located } from './names.ts'
import { addStatement, removeStatement, toPolicyText, toStatement } from './policy.ts'
import { aliasKey, functionKey, policyKey, versionKey } from './records.ts'
import type { PolicyRecord, Statement } from './records.ts'

/** A qualifier may hold a `$`, the name of an alias may not. */
const aliasForm = /^[a-zA-Z0-9-_]+$/

/** What a policy hangs on: its revision, and the write that gives it another. */
type Holder = {
  readonly revisionId: string
  readonly renew: (revisionId: string) => Change
}

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
      const statements = addStatement(findStatements(documents, located) ?? [], statement)
      await save(deps, located, { holder, statements })
      return { Statement: JSON.stringify(statement) }
    },
    RemovePermission: async (input, context) => {
      const located = locate(context, input, 'RemovePermission')
      const { place, functionName } = located
      if (documents.get(functionKey(place, functionName)) === undefined) {
        throw resourceNotFound(`No policy found for: ${functionArn(place, functionName)}`)
      }
      const holder = getHolder(documents, located)
      const statements = findStatements(documents, located)
      if (statements === undefined) {
        throw resourceNotFound('No policy is associated with the given resource.')
      }
      const left = removeStatement(statements, input.StatementId ?? '')
      expectRevision(input.RevisionId, holder.revisionId)
      await save(deps, located, { holder, statements: left })
      return {}
    },
    GetPolicy: (input, context) => {
      const located = locate(context, input, 'GetPolicy')
      const { place, functionName } = located
      getFunctionDocument(documents, { place, functionName })
      const statements = findStatements(documents, located)
      if (statements === undefined) {
        throw resourceNotFound('The resource you requested does not exist.')
      }
      const { revisionId } = getHolder(documents, located)
      return { Policy: toPolicyText(statements), RevisionId: revisionId }
    },
  }
}

function keyOf({ place, functionName, qualifier = latest }: Located): string {
  return policyKey(place, functionName, qualifier)
}

function findStatements(documents: Documents, located: Located): readonly Statement[] | undefined {
  return documents.get<PolicyRecord>(keyOf(located))?.value.statements
}

/** @throws AwsError ResourceNotFoundException (404) */
function getHolder(documents: Documents, located: Located): Holder {
  const { place, functionName, qualifier = latest } = located
  const { value: record, revision } = getFunctionDocument(documents, { place, functionName })
  if (qualifier === latest) {
    const key = functionKey(place, functionName)
    return {
      revisionId: record.latest.revisionId,
      renew: (revisionId) => {
        const value = { ...record, latest: { ...record.latest, revisionId } }
        return { kind: 'put', key, value, expected: revision }
      },
    }
  }
  if (isVersionNumber(qualifier)) {
    const version = findVersion(documents, located, qualifier)
    if (version === undefined) throw functionNotFound(located)
    const key = versionKey(place, functionName, qualifier)
    return {
      revisionId: version.revisionId,
      renew: (revisionId) => ({ kind: 'put', key, value: { ...version, revisionId } }),
    }
  }
  if (!aliasForm.test(qualifier)) throw functionNotFound(located)
  const alias = getAliasDocument(documents, located, qualifier)
  const key = aliasKey(place, functionName, qualifier)
  return {
    revisionId: alias.value.revisionId,
    renew: (revisionId) => {
      return { kind: 'put', key, value: { ...alias.value, revisionId }, expected: alias.revision }
    },
  }
}

/** Without statements the policy is gone. */
async function save(
  deps: LambdaDependencies,
  located: Located,
  change: { holder: Holder; statements: readonly Statement[] },
): Promise<void> {
  const key = keyOf(located)
  const policy: PolicyRecord = { statements: change.statements }
  const write: Change =
    policy.statements.length === 0 ? { kind: 'delete', key } : { kind: 'put', key, value: policy }
  const changes = [change.holder.renew(deps.ids.uuid()), write]
  await orConflict(located, deps.store.documents.transact(changes))
}
