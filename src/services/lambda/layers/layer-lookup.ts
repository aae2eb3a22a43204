/** From the name or ARN that a caller gave to the layer that is meant; and reading its versions from the store. */
import { layerArn, layerVersionArn, parseLayerArn } from '../../../lib/arn.ts'
import type { LayerVersionReference } from '../../../lib/arn.ts'
import { resourceNotFound } from '../../../lib/errors/lambda.ts'
import type { Place } from '../../../model.ts'
import type { Documents } from '../../../store/store.ts'
import { isLayerShared } from './layer-policy.ts'
import { constraintFailed, notAuthorized, type Asker } from '../names.ts'
import { layerVersionKey, type LayerVersionRecord } from '../records.ts'

/** A layer that somebody names; it need not exist. */
export type LocatedLayer = {
  readonly place: Place
  readonly layerName: string
  /** when the ARN has one */
  readonly version?: number
}

/** @throws AwsError ValidationException (400) for what is neither a name nor an ARN */
export function locateLayer(asker: Asker, text = ''): LocatedLayer {
  const parsed = parseLayerArn(text)
  if (parsed !== undefined) {
    const { accountId, region, layerName, version } = parsed
    const place = { accountId, region }
    return { place, layerName, ...(version !== undefined && { version }) }
  }
  if (!/^[a-zA-Z0-9-_]{1,140}$/.test(text)) {
    const pattern =
      '(arn:[a-zA-Z0-9-]+:lambda:[a-zA-Z0-9-]+:\\d{12}:layer:[a-zA-Z0-9-_]+)|[a-zA-Z0-9-_]+'
    const constraint = `Member must satisfy regular expression pattern: ${pattern}`
    throw constraintFailed(text, 'layerName', constraint)
  }
  return { place: { accountId: asker.accountId, region: asker.region }, layerName: text }
}

/** The same for operations that only the owner may call.
 *  @throws AwsError AccessDeniedException (403) for a layer of another account or region */
export function locateOwnLayer(
  asker: Asker,
  text: string | undefined,
  action: string,
): LocatedLayer {
  const located = locateLayer(asker, text)
  const { place, layerName } = located
  if (place.accountId !== asker.accountId || place.region !== asker.region) {
    throw notAuthorized(asker, layerArn(place, layerName), action)
  }
  return located
}

/** A layer version. @returns undefined when there is none of this number */
export function findLayerVersion(
  documents: Documents,
  layer: LayerVersionReference,
): LayerVersionRecord | undefined {
  const key = layerVersionKey(layer, layer.layerName, layer.version)
  return documents.get<LayerVersionRecord>(key)?.value
}

/** A layer version that the caller may read.
 *  @throws AwsError ResourceNotFoundException (404), AccessDeniedException (403) for another account's without a permission */
export function getReadableLayer(
  documents: Documents,
  asker: Asker,
  layer: LayerVersionReference,
): LayerVersionRecord {
  const isOwn = layer.accountId === asker.accountId
  if (!isOwn && !isLayerShared(documents, layer, asker.accountId)) {
    const arn = layerVersionArn(layer, layer.layerName, layer.version)
    throw notAuthorized(asker, arn, 'GetLayerVersion')
  }
  const version = findLayerVersion(documents, layer)
  if (version === undefined) throw resourceNotFound('The resource you requested does not exist.')
  return version
}
