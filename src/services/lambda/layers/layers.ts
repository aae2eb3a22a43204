/** PublishLayerVersion, GetLayerVersion, GetLayerVersionByArn, ListLayers, ListLayerVersions and DeleteLayerVersion. */
import type { PublishLayerVersionRequest } from '@aws-sdk/client-lambda'
import { layerArn } from '../../../lib/arn.ts'
import { invalidParameterValue, resourceConflict } from '../../../lib/errors/lambda.ts'
import { RevisionConflict } from '../../../store/store.ts'
import { takeCode } from '../functions/code.ts'
import type { LambdaDependencies, LambdaHandlers } from '../dependencies.ts'
import { findLayerVersion, getReadableLayer, locateLayer, locateOwnLayer } from './layer-lookup.ts'
import type { LocatedLayer } from './layer-lookup.ts'
import { listLayers, listLayerVersions } from './layer-list.ts'
import { constraintFailed } from '../names.ts'
import { layerKey, layerPolicyKey, layerVersionKey } from '../records.ts'
import type { LayerRecord, LayerVersionRecord } from '../records.ts'
import { renderLayerVersion, renderLayerVersionItem } from './render-layer.ts'

type Operations =
  | 'PublishLayerVersion'
  | 'GetLayerVersion'
  | 'GetLayerVersionByArn'
  | 'ListLayers'
  | 'ListLayerVersions'
  | 'DeleteLayerVersion'

/** The six operations on layers. @source AWS Lambda API reference; recorded answers */
export function layerHandlers(deps: LambdaDependencies): Pick<LambdaHandlers, Operations> {
  const { documents } = deps.store
  return {
    PublishLayerVersion: async (input, context) => {
      const located = locateOwnLayer(context, input.LayerName, 'PublishLayerVersion')
      const version = await publishLayer(deps, located, input)
      return renderLayerVersion(version, located.place, toUrl(deps, context.endpoint))
    },
    GetLayerVersion: (input, context) => {
      checkVersion(input.VersionNumber)
      const { place, layerName } = locateLayer(context, input.LayerName)
      const reference = { ...place, layerName, version: input.VersionNumber ?? 0 }
      const version = getReadableLayer(documents, context, reference)
      return renderLayerVersion(version, place, toUrl(deps, context.endpoint))
    },
    GetLayerVersionByArn: (input, context) => {
      const { place, layerName, version: number } = locateLayer(context, input.Arn)
      if (number === undefined) {
        const pattern =
          'arn:(aws[a-zA-Z-]*)?:lambda:[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\\d{1}:\\d{12}:layer:[a-zA-Z0-9-_]+:[0-9]+'
        const constraint = `Member must satisfy regular expression pattern: ${pattern}`
        throw constraintFailed(input.Arn ?? '', 'arn', constraint)
      }
      const reference = { ...place, layerName, version: number }
      const version = getReadableLayer(documents, context, reference)
      return renderLayerVersion(version, place, toUrl(deps, context.endpoint))
    },
    ListLayers: (input, context) => {
      checkFilter(deps, input.CompatibleRuntime)
      const place = { accountId: context.accountId, region: context.region }
      const { items, nextMarker } = listLayers(documents, place, input)
      return {
        ...(nextMarker !== undefined && { NextMarker: nextMarker }),
        Layers: items.map((newest) => ({
          LayerName: newest.layerName,
          LayerArn: layerArn(place, newest.layerName),
          LatestMatchingVersion: renderLayerVersionItem(newest, place),
        })),
      }
    },
    ListLayerVersions: (input, context) => {
      checkFilter(deps, input.CompatibleRuntime)
      const located = locateOwnLayer(context, input.LayerName, 'ListLayerVersions')
      const { items, nextMarker } = listLayerVersions(documents, located, input)
      return {
        ...(nextMarker !== undefined && { NextMarker: nextMarker }),
        LayerVersions: items.map((version) => renderLayerVersionItem(version, located.place)),
      }
    },
    DeleteLayerVersion: async (input, context) => {
      checkVersion(input.VersionNumber)
      const located = locateOwnLayer(context, input.LayerName, 'DeleteLayerVersion')
      const { place, layerName } = located
      const version = input.VersionNumber ?? 0
      if (findLayerVersion(documents, { ...place, layerName, version }) === undefined) return {}
      await documents.transact([
        { kind: 'delete', key: layerVersionKey(place, layerName, version) },
        { kind: 'delete', key: layerPolicyKey(place, layerName, version) },
      ])
      return {}
    },
  }
}

/** Functions that use a layer keep its code, so numbers are never used again and code is never taken away. */
async function publishLayer(
  deps: LambdaDependencies,
  { place, layerName }: LocatedLayer,
  input: PublishLayerVersionRequest,
): Promise<LayerVersionRecord> {
  const { documents } = deps.store
  checkRuntimes(deps, input)
  const code = await takeCode(deps.packages, input.Content ?? {}, 'PublishLayerVersion')
  const layer = documents.get<LayerRecord>(layerKey(place, layerName))
  const number = (layer?.value.lastVersion ?? 0) + 1
  const { LicenseInfo, CompatibleRuntimes, CompatibleArchitectures } = input
  const version: LayerVersionRecord = {
    layerName,
    version: number,
    description: input.Description ?? '',
    ...(LicenseInfo !== undefined && { licenseInfo: LicenseInfo }),
    ...(CompatibleRuntimes !== undefined && { compatibleRuntimes: CompatibleRuntimes }),
    ...(CompatibleArchitectures !== undefined && {
      compatibleArchitectures: CompatibleArchitectures,
    }),
    createdAtMs: deps.clock.nowMs(),
    code,
  }
  const head: LayerRecord = { layerName, lastVersion: number }
  try {
    await documents.transact([
      { kind: 'put', key: layerKey(place, layerName), value: head, expected: layer?.revision ?? 0 },
      { kind: 'put', key: layerVersionKey(place, layerName, number), value: version, expected: 0 },
    ])
  } catch (error) {
    if (!(error instanceof RevisionConflict)) throw error
    throw resourceConflict(
      'The operation cannot be performed at this time. ' +
        `An update is in progress for resource: ${layerArn(place, layerName)}`,
    )
  }
  return version
}

function checkRuntimes(deps: LambdaDependencies, input: PublishLayerVersionRequest): void {
  const runtimes: readonly string[] = input.CompatibleRuntimes ?? []
  if (runtimes.every((runtime) => deps.catalogue.isKnown(runtime))) return
  const known = deps.catalogue.list().map((runtime) => runtime.name)
  throw constraintFailed(
    `[${runtimes.join(', ')}]`,
    'compatibleRuntimes',
    `Member must satisfy enum value set: [${known.join(', ')}]`,
  )
}

function checkFilter({ catalogue }: LambdaDependencies, runtime: string | undefined): void {
  if (runtime === undefined || catalogue.isKnown(runtime)) return
  const known = catalogue.list().map(({ name }) => name)
  const constraint = `Member must satisfy enum value set: [${known.join(', ')}]`
  throw constraintFailed(runtime, 'compatibleRuntime', constraint)
}

function checkVersion(version: number | undefined): void {
  if (version !== undefined && version >= 1) return
  throw invalidParameterValue('Layer Version Cannot be less than 1')
}

function toUrl(deps: LambdaDependencies, endpoint: string) {
  return (path: string): string => endpoint + deps.presign(path)
}
