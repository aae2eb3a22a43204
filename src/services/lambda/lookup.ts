/** Reading functions, versions and aliases from the store, or AWS's 404 about them; and writing them without losing a change. */
import { functionArn, latest } from '../../lib/arn.ts'
import { preconditionFailed, resourceConflict, resourceNotFound } from '../../lib/errors/lambda.ts'
import { RevisionConflict, type Document, type Documents } from '../../store/store.ts'
import { functionNotFound, type Located } from './names.ts'
import { aliasKey, functionKey, prefixOf, versionKey } from './records.ts'
import type { AliasRecord, FunctionRecord, VersionRecord } from './records.ts'

/** true for the number of a published version. */
export function isVersionNumber(qualifier: string): boolean {
  return /^\d+$/.test(qualifier)
}

/** The document of a function.
 *  @throws AwsError ResourceNotFoundException (404) naming the ARN with the qualifier, if any was given */
export function getFunctionDocument(
  documents: Documents,
  located: Located,
): Document<FunctionRecord> {
  const document = documents.get<FunctionRecord>(functionKey(located.place, located.functionName))
  if (document === undefined) throw functionNotFound(located)
  return document
}

/** A published version. @returns undefined when there is none of this number */
export function findVersion(
  documents: Documents,
  located: Located,
  version: string,
): VersionRecord | undefined {
  const key = versionKey(located.place, located.functionName, String(Number(version)))
  return documents.get<VersionRecord>(key)?.value
}

/** An alias. @returns undefined when there is none of this name */
export function findAlias(
  documents: Documents,
  located: Located,
  name: string,
): Document<AliasRecord> | undefined {
  return documents.get<AliasRecord>(aliasKey(located.place, located.functionName, name))
}

/** An alias. @throws AwsError ResourceNotFoundException (404) */
export function getAliasDocument(
  documents: Documents,
  located: Located,
  name: string,
): Document<AliasRecord> {
  const alias = findAlias(documents, located, name)
  if (alias === undefined) {
    const arn = functionArn(located.place, located.functionName, name)
    throw resourceNotFound(`Cannot find alias arn: ${arn}`)
  }
  return alias
}

/** All aliases of a function, by name. */
export function allAliases(documents: Documents, located: Located): AliasRecord[] {
  return allValues<AliasRecord>(documents, prefixOf(located.place, 'aliases', located.functionName))
}

/** Every value below a prefix; for the few operations that need all of them. */
export function allValues<Value>(documents: Documents, prefix: string): Value[] {
  return allDocuments<Value>(documents, prefix).map((document) => document.value)
}

/** Every document below a prefix. */
export function allDocuments<Value>(documents: Documents, prefix: string): Document<Value>[] {
  const found: Document<Value>[] = []
  let after: string | undefined
  do {
    const page = documents.list<Value>(prefix, after === undefined ? {} : { after })
    found.push(...page.documents)
    after = page.next
  } while (after !== undefined)
  return found
}

/** The version that a qualifier means: $LATEST, a number, or what an alias points at.
 *  @throws AwsError ResourceNotFoundException (404) */
export function getVersion(documents: Documents, located: Located): VersionRecord {
  const record = getFunctionDocument(documents, located).value
  const { qualifier = latest } = located
  if (qualifier === latest) return record.latest
  const number = isVersionNumber(qualifier)
    ? qualifier
    : findAlias(documents, located, qualifier)?.value.functionVersion
  if (number === latest) return record.latest
  const version = number === undefined ? undefined : findVersion(documents, located, number)
  if (version === undefined) throw functionNotFound(located)
  return version
}

/** Compare the revision a caller expects. @throws AwsError PreconditionFailedException (412) */
export function expectRevision(expected: string | undefined, revisionId: string): void {
  if (expected === undefined || expected === '' || expected === revisionId) return
  throw preconditionFailed(
    'The Revision Id provided does not match the latest Revision Id. ' +
      'Call the GetFunction/GetAlias API to retrieve the latest Revision Id',
  )
}

/** Wait for a write; that somebody else changed the function meanwhile is AWS's conflict.
 *  @throws AwsError ResourceConflictException (409) */
export async function orConflict<Result>(
  located: Located,
  write: Promise<Result>,
): Promise<Result> {
  try {
    return await write
  } catch (error) {
    if (error instanceof RevisionConflict) throw updateInProgress(located)
    throw error
  }
}

/** 409: another update runs. */
export function updateInProgress(located: Located): Error {
  const arn = functionArn(located.place, located.functionName)
  return resourceConflict(
    `The operation cannot be performed at this time. An update is in progress for resource: ${arn}`,
  )
}

/** 409: it cannot run yet, or never will. @source recorded answers of Invoke while a function is Pending */
export function notInvocable(state: string): Error {
  return resourceConflict(
    `The operation cannot be performed at this time. The function is currently in the following state: ${state}`,
  )
}
