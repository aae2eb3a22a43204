/** What a policy hangs on: a function, one of its versions or an alias. A policy has the revision of its holder. */
import { latest } from '../../../lib/arn.ts'
import type { Change, Documents } from '../../../store/store.ts'
import type { LambdaDependencies } from '../dependencies.ts'
import {
  findVersion,
  getAliasDocument,
  getFunctionDocument,
  isVersionNumber,
  orConflict,
} from '../lookup.ts'
import { functionNotFound, type Located } from '../names.ts'
import { aliasKey, functionKey, policyKey, versionKey, type PolicyRecord } from '../records.ts'

/** The revision, and the write that gives the holder another. */
export type Holder = {
  readonly revisionId: string
  readonly renew: (revisionId: string) => Change
}

/** A qualifier may hold a `$`, the name of an alias may not. */
const aliasForm = /^[a-zA-Z0-9-_]+$/

/** The policy of a function, a version or an alias. @returns undefined when it has none */
export function findPolicy(documents: Documents, located: Located): PolicyRecord | undefined {
  return documents.get<PolicyRecord>(keyOf(located))?.value
}

/** The function, version or alias. @throws AwsError ResourceNotFoundException (404) */
export function getHolder(documents: Documents, located: Located): Holder {
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

/** Write a policy; without statements it is gone. @returns its new revision
 *  @throws AwsError ResourceConflictException (409) when the holder was changed meanwhile */
export async function savePolicy(
  deps: LambdaDependencies,
  located: Located,
  change: { holder: Holder; policy: PolicyRecord },
): Promise<string> {
  const key = keyOf(located)
  const { holder, policy } = change
  const write: Change =
    policy.statements.length === 0 ? { kind: 'delete', key } : { kind: 'put', key, value: policy }
  const revisionId = deps.ids.uuid()
  await orConflict(located, deps.store.documents.transact([holder.renew(revisionId), write]))
  return revisionId
}

function keyOf({ place, functionName, qualifier = latest }: Located): string {
  return policyKey(place, functionName, qualifier)
}
