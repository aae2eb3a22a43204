/** The layers that a function names: looked up, allowed, and at most one version of each. */
import { lambdaLimits } from '../../../config.ts'
import { layerArn, parseLayerVersionArn } from '../../../lib/arn.ts'
import { invalidParameterValue, validationFailed } from '../../../lib/errors/lambda.ts'
import type { Documents } from '../../../store/store.ts'
import { isLayerShared } from './layer-policy.ts'
import { notAuthorized, type Asker } from '../names.ts'
import { layerVersionKey } from '../records.ts'
import type { LayerVersionRecord, UsedLayer } from '../records.ts'

const layerPattern =
  '(arn:(aws[a-zA-Z-]*)?:lambda:(eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\\d{1}:\\d{12}:layer:[a-zA-Z0-9-_]+:[0-9]+)' +
  '|(arn:[a-zA-Z0-9-]+:lambda:::awslayer:[a-zA-Z0-9-_]+)'

/** Look the layers of a request up, in order.
 *  @throws AwsError ValidationException, InvalidParameterValueException (400), AccessDeniedException (403)
 *  @source recorded answers of CreateFunction and UpdateFunctionConfiguration */
export function findUsedLayers(
  documents: Documents,
  asker: Asker,
  arns: readonly string[],
): UsedLayer[] {
  if (arns.length > lambdaLimits.maxLayerCount) {
    throw invalidParameterValue(`Cannot reference more than ${lambdaLimits.maxLayerCount} layers.`)
  }
  const seen = new Map<string, string>()
  return arns.map((arn) => {
    const { layer, code } = findUsedLayer(documents, asker, arn)
    const earlier = seen.get(layer)
    if (earlier !== undefined) {
      throw invalidParameterValue(
        'Two different versions of the same layer are not allowed to be referenced in the same function. ' +
          `${earlier} and ${arn} are versions of the same layer.`,
      )
    }
    seen.set(layer, arn)
    return { ...code, arn }
  })
}

function findUsedLayer(
  documents: Documents,
  asker: Asker,
  arn: string,
): { layer: string; code: LayerVersionRecord['code'] } {
  const reference = parseLayerVersionArn(arn)
  if (reference === undefined) {
    throw validationFailed(
      `1 validation error detected: Value '[${arn}]' at 'layers' failed to satisfy constraint: ` +
        'Member must satisfy constraint: [Member must have length less than or equal to 2048, ' +
        'Member must have length greater than or equal to 1, ' +
        `Member must satisfy regular expression pattern: ${layerPattern}, Member must not be null]`,
    )
  }
  const { accountId, region, layerName, version } = reference
  const place = { accountId, region }
  const isOwn = accountId === asker.accountId
  if (region !== asker.region) {
    if (!isOwn) throw notAuthorized(asker, arn, 'GetLayerVersion')
    throw invalidParameterValue(
      'Layers are not in the same region as the function. ' +
        `Layers are expected to be in region ${asker.region}.`,
    )
  }
  const document = documents.get<LayerVersionRecord>(layerVersionKey(place, layerName, version))
  if (!isOwn && !isLayerShared(documents, reference, asker.accountId)) {
    throw notAuthorized(asker, arn, 'GetLayerVersion')
  }
  if (document === undefined) {
    throw invalidParameterValue(`Layer version ${arn} does not exist.`)
  }
  return { layer: layerArn(place, layerName), code: document.value.code }
}
