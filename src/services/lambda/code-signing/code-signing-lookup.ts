/** Reading code signing configs from the store, or AWS's errors about them; and which functions have one. */
import { parseCodeSigningConfigArn } from '../../../lib/arn.ts'
import { codeSigningConfigNotFound, resourceNotFound } from '../../../lib/errors/lambda.ts'
import type { Place } from '../../../model.ts'
import type { Document, Documents } from '../../../store/store.ts'
import { allValues } from '../lookup.ts'
import { notAuthorized, type Asker } from '../names.ts'
import { codeSigningConfigKey, prefixOf } from '../records.ts'
import type { CodeSigningConfigRecord, FunctionCodeSigningRecord } from '../records.ts'

/** A config and where it lives. */
export type FoundConfig = {
  readonly place: Place
  readonly config: Document<CodeSigningConfigRecord>
}

/** The config of an ARN, for operations on configs. The 404 carries no `Type`.
 *  @throws AwsError ResourceNotFoundException (404), AccessDeniedException (403) for another account's
 *  @source recorded answers */
export function getConfig(documents: Documents, asker: Asker, arn = ''): FoundConfig {
  const found = findConfig(documents, asker, arn)
  if (found !== undefined) return found
  throw resourceNotFound(`The Lambda code signing configuration ${arn} can not be found.`, {
    Type: undefined,
  })
}

/** The config of an ARN, for operations on functions.
 *  @throws AwsError CodeSigningConfigNotFoundException (404), AccessDeniedException (403) for another account's */
export function requireConfig(documents: Documents, asker: Asker, arn: string): FoundConfig {
  const found = findConfig(documents, asker, arn)
  if (found !== undefined) return found
  throw codeSigningConfigNotFound(
    'The code signing configuration cannot be found. ' +
      `Check that the provided configuration is not deleted: ${arn}.`,
  )
}

/** Names of the functions that have a config, in order. */
export function functionsWithConfig(documents: Documents, place: Place, arn: string): string[] {
  const prefix = prefixOf(place, 'function-code-signing')
  return allValues<FunctionCodeSigningRecord>(documents, prefix)
    .filter((record) => record.configArn === arn)
    .map((record) => record.functionName)
}

function findConfig(documents: Documents, asker: Asker, arn: string): FoundConfig | undefined {
  const parsed = parseCodeSigningConfigArn(arn)
  if (parsed === undefined || parsed.region !== asker.region) return undefined
  const { id, ...place } = parsed
  if (place.accountId !== asker.accountId) throw notAuthorized(asker, arn, 'GetCodeSigningConfig')
  const config = documents.get<CodeSigningConfigRecord>(codeSigningConfigKey(place, id))
  return config && { place, config }
}
