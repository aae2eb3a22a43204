/** CreateAlias, GetAlias, UpdateAlias, DeleteAlias and ListAliases. */
import type { AliasRoutingConfiguration } from '@aws-sdk/client-lambda'
import { functionArn, latest } from '../../../lib/arn.ts'
import { invalidParameterValue, resourceConflict } from '../../../lib/errors/lambda.ts'
import type { Change, Documents } from '../../../store/store.ts'
import type { LambdaDependencies, LambdaHandlers } from '../dependencies.ts'
import { urlDeletions } from '../urls/function-url.ts'
import {
  allAliases,
  expectRevision,
  findAlias,
  getAliasDocument,
  getFunctionDocument,
  getVersion,
  isVersionNumber,
  orConflict,
} from '../lookup.ts'
import { constraintFailed, locateFunction, type Located } from '../names.ts'
import { listPage, slicePage } from '../paging.ts'
import {
  aliasKey,
  eventInvokeKey,
  policyKey,
  prefixOf,
  provisionedKey,
  type AliasRecord,
} from '../records.ts'
import { checkMove } from '../concurrency/provisioned-rules.ts'
import { renderAlias } from '../functions/render.ts'

type Operations = 'CreateAlias' | 'GetAlias' | 'UpdateAlias' | 'DeleteAlias' | 'ListAliases'

/** The five operations on aliases. @source AWS Lambda API reference; recorded answers */
export function aliasHandlers(deps: LambdaDependencies): Pick<LambdaHandlers, Operations> {
  const { documents } = deps.store
  return {
    CreateAlias: async (input, context) => {
      const located = locateFunction(context, input.FunctionName, 'CreateAlias')
      const { place, functionName } = located
      const { Name: name = '', FunctionVersion: functionVersion = '' } = input
      checkTarget(documents, located, functionVersion)
      if (findAlias(documents, located, name) !== undefined) throw aliasExists(located, name)
      const alias: AliasRecord = {
        name,
        functionVersion,
        description: input.Description ?? '',
        ...toRouting(documents, located, functionVersion, input.RoutingConfig),
        revisionId: deps.ids.uuid(),
      }
      await orConflict(located, documents.put(aliasKey(place, functionName, name), alias, 0))
      return renderAlias(alias, place, functionName)
    },
    GetAlias: (input, context) => {
      const located = locateFunction(context, input.FunctionName, 'GetAlias')
      const alias = getAliasDocument(documents, located, input.Name ?? '')
      return renderAlias(alias.value, located.place, located.functionName)
    },
    UpdateAlias: async (input, context) => {
      const located = locateFunction(context, input.FunctionName, 'UpdateAlias')
      const { place, functionName } = located
      const { value: old, revision } = getAliasDocument(documents, located, input.Name ?? '')
      expectRevision(input.RevisionId, old.revisionId)
      const { routing: oldRouting, ...kept } = old
      const functionVersion = input.FunctionVersion ?? old.functionVersion
      checkTarget(documents, located, functionVersion)
      const weights =
        input.RoutingConfig ??
        (oldRouting && { AdditionalVersionWeights: { [oldRouting.version]: oldRouting.weight } })
      const alias: AliasRecord = {
        ...kept,
        functionVersion,
        description: input.Description ?? old.description,
        ...toRouting(documents, located, functionVersion, weights),
        revisionId: deps.ids.uuid(),
      }
      checkMove(documents, located, alias)
      const key = aliasKey(place, functionName, old.name)
      await orConflict(located, documents.put(key, alias, revision))
      return renderAlias(alias, place, functionName)
    },
    DeleteAlias: async (input, context) => {
      const located = locateFunction(context, input.FunctionName, 'DeleteAlias')
      getFunctionDocument(documents, located)
      await documents.transact(deletions(documents, located, input.Name ?? ''))
      return {}
    },
    ListAliases: (input, context) => {
      const located = locateFunction(context, input.FunctionName, 'ListAliases')
      getFunctionDocument(documents, located)
      const { aliases, nextMarker } = listAliases(documents, located, input)
      return {
        Aliases: aliases.map((alias) => renderAlias(alias, located.place, located.functionName)),
        ...(nextMarker !== undefined && { NextMarker: nextMarker }),
      }
    },
  }
}

/** The alias and what belongs to it. */
function deletions(documents: Documents, located: Located, name: string): Change[] {
  const { place, functionName } = located
  return [
    { kind: 'delete', key: aliasKey(place, functionName, name) },
    { kind: 'delete', key: policyKey(place, functionName, name) },
    { kind: 'delete', key: eventInvokeKey(place, functionName, name) },
    ...urlDeletions(documents, located, name),
    { kind: 'delete', key: provisionedKey(place, functionName, name) },
  ]
}

function listAliases(
  documents: Documents,
  located: Located,
  input: {
    readonly FunctionVersion?: string | undefined
    readonly Marker?: string | undefined
    readonly MaxItems?: number | undefined
  },
): { aliases: AliasRecord[]; nextMarker: string | undefined } {
  const version = input.FunctionVersion
  if (version === undefined) {
    const prefix = prefixOf(located.place, 'aliases', located.functionName)
    const page = listPage<AliasRecord>(documents, prefix, input)
    return { aliases: page.values, nextMarker: page.nextMarker }
  }
  const matching = allAliases(documents, located).filter(
    (alias) => alias.functionVersion === version || alias.routing?.version === version,
  )
  const page = slicePage(matching, input, (alias) => alias.name)
  return { aliases: page.items, nextMarker: page.nextMarker }
}

/** The version must be there; an alias cannot point at another alias. */
function checkTarget(documents: Documents, located: Located, version: string): void {
  if (version !== latest && !isVersionNumber(version)) {
    const constraint = 'Member must satisfy regular expression pattern: (\\$LATEST|[0-9]+)'
    throw constraintFailed(version, 'functionVersion', constraint)
  }
  getVersion(documents, { ...located, qualifier: version })
}

function aliasExists(located: Located, name: string): Error {
  const arn = functionArn(located.place, located.functionName, name)
  return resourceConflict(`Alias already exists: ${arn}`)
}

/** One more version at most, published, another one than the alias points at, with a share of the calls. */
function toRouting(
  documents: Documents,
  located: Located,
  functionVersion: string,
  config: AliasRoutingConfiguration | undefined,
): Pick<AliasRecord, 'routing'> {
  const weights = Object.entries(config?.AdditionalVersionWeights ?? {})
  const [first] = weights
  if (first === undefined) return {}
  if (weights.length > 1) {
    throw invalidParameterValue(
      'Number of items in AdditionalVersionWeights cannot be greater than 1',
    )
  }
  const [version, weight] = first
  if (!(weight >= 0 && weight <= 1)) throw weightOutOfRange(version, weight)
  if (version === functionVersion) {
    throw invalidParameterValue(
      `Invalid function version ${version}. Function version ${version} is already included in routing configuration.`,
    )
  }
  if (functionVersion === latest || version === latest) {
    // This refusal carries no `Type`.
    throw invalidParameterValue(
      '$LATEST is not supported for an alias pointing to more than 1 version',
      { Type: undefined },
    )
  }
  if (!isVersionNumber(version)) throw weightOfNoVersion(version, weight)
  getVersion(documents, { ...located, qualifier: version })
  return { routing: { version, weight } }
}

function weightOutOfRange(version: string, weight: number): Error {
  return constraintFailed(
    `{${version}=${weight}}`,
    'routingConfig.additionalVersionWeights',
    'Map value must satisfy constraint: [Member must have value less than or equal to 1.0, ' +
      'Member must have value greater than or equal to 0.0, Member must not be null]',
  )
}

function weightOfNoVersion(version: string, weight: number): Error {
  return constraintFailed(
    `{${version}=${weight}}`,
    'routingConfig.additionalVersionWeights',
    'Map keys must satisfy constraint: [Member must have length less than or equal to 1024, ' +
      'Member must have length greater than or equal to 1, ' +
      'Member must satisfy regular expression pattern: [0-9]+, Member must not be null]',
  )
}
