/**
 * Names of Lambda's resources: ARNs made and taken apart, and the forms in which a caller may name a function.
 * Only text, no lookups; used by every room that speaks of a resource.
 */
import type { Place } from '../model.ts'

/** The version that is being edited. */
export const latest = '$LATEST'

/** A function as a caller named it. Parts that the form leaves out are absent. */
export type FunctionReference = {
  readonly functionName: string
  readonly qualifier?: string
  readonly accountId?: string
  readonly region?: string
}

/** A layer version, taken apart. */
export type LayerVersionReference = Place & {
  readonly layerName: string
  readonly version: number
}

const region = '(?:eusc-)?[a-z]{2}(?:-gov|-iso[a-z]?)?-[a-z]+-\\d'
const functionReference = new RegExp(
  `^(?:arn:aws[a-zA-Z-]*:lambda:)?(?:(?<region>${region}):)?(?:(?<accountId>\\d{12}):)?` +
    '(?:function:)?(?<functionName>[a-zA-Z0-9-_.]+)(?::(?<qualifier>\\$LATEST(?:\\.PUBLISHED)?|[a-zA-Z0-9-_]+))?$',
)
const layerReference = new RegExp(
  `^arn:[a-zA-Z0-9-]+:lambda:(?<region>${region}):(?<accountId>\\d{12}):layer:(?<layerName>[a-zA-Z0-9-_]{1,140})(?::(?<version>\\d{1,15}))?$`,
)
const codeSigningConfigReference = new RegExp(
  `^arn:aws[a-zA-Z-]*:lambda:(?<region>${region}):(?<accountId>\\d{12}):code-signing-config:(?<id>csc-[a-z0-9]{17})$`,
)

/** Take a function's name, partial ARN or full ARN apart, each with or without a qualifier.
 *  @returns undefined when the text has none of these forms
 *  source  service model of Lambda, shape NamespacedFunctionName */
export function parseFunctionReference(text: string): FunctionReference | undefined {
  const groups = functionReference.exec(text)?.groups
  const functionName = groups?.['functionName']
  if (groups === undefined || functionName === undefined) return undefined
  const { qualifier, accountId, region } = groups
  return {
    functionName,
    ...(qualifier !== undefined && { qualifier }),
    ...(accountId !== undefined && { accountId }),
    ...(region !== undefined && { region }),
  }
}

/** ARN of a function, of one of its versions or of an alias. */
export function functionArn(place: Place, functionName: string, qualifier?: string): string {
  const arn = `arn:${partitionOf(place.region)}:lambda:${place.region}:${place.accountId}:function:${functionName}`
  return qualifier === undefined ? arn : `${arn}:${qualifier}`
}

/** ARN of a layer, without a version. */
export function layerArn(place: Place, layerName: string): string {
  return `arn:${partitionOf(place.region)}:lambda:${place.region}:${place.accountId}:layer:${layerName}`
}

/** ARN of one version of a layer. */
export function layerVersionArn(place: Place, layerName: string, version: number): string {
  return `${layerArn(place, layerName)}:${version}`
}

/** ARN of a code signing config. */
export function codeSigningConfigArn(place: Place, id: string): string {
  return `arn:${partitionOf(place.region)}:lambda:${place.region}:${place.accountId}:code-signing-config:${id}`
}

/** Take the ARN of a code signing config apart. @returns undefined for anything else */
export function parseCodeSigningConfigArn(text: string): (Place & { id: string }) | undefined {
  const groups = codeSigningConfigReference.exec(text)?.groups
  if (groups === undefined) return undefined
  const { region = '', accountId = '', id = '' } = groups
  return { region, accountId, id }
}

/** Take the ARN of a layer apart; `version` is absent when the ARN names the layer only. */
export function parseLayerArn(
  text: string,
): (Omit<LayerVersionReference, 'version'> & { version?: number }) | undefined {
  const groups = layerReference.exec(text)?.groups
  if (groups === undefined) return undefined
  const { region = '', accountId = '', layerName = '', version } = groups
  return {
    region,
    accountId,
    layerName,
    ...(version !== undefined && { version: Number(version) }),
  }
}

/** The ARN of a layer version, taken apart. @returns undefined for anything else */
export function parseLayerVersionArn(text: string): LayerVersionReference | undefined {
  const { version, ...layer } = parseLayerArn(text) ?? {}
  if (version === undefined || !('layerName' in layer)) return undefined
  return { ...layer, version }
}

/** `aws`, or the partition of China's and of the US government's regions. */
export function partitionOf(region: string): string {
  if (region.startsWith('cn-')) return 'aws-cn'
  if (region.startsWith('us-gov-')) return 'aws-us-gov'
  return 'aws'
}
