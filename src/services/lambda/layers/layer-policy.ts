/** Whether the policy of a layer version lets another account use it. */
import type { LayerVersionReference } from '../../../lib/arn.ts'
import type { Documents } from '../../../store/store.ts'
import { layerPolicyKey, type LayerPolicyRecord } from '../records.ts'

/** true when a statement names the account, or everybody. Organizations do not exist here: a statement that is limited to
 *  one lets nobody in. */
export function isLayerShared(
  documents: Documents,
  layer: LayerVersionReference,
  accountId: string,
): boolean {
  const key = layerPolicyKey(layer, layer.layerName, layer.version)
  const policy = documents.get<LayerPolicyRecord>(key)?.value
  return (policy?.statements ?? []).some(
    ({ Principal, Condition }) =>
      Condition === undefined &&
      (Principal === '*' || JSON.stringify(Principal).includes(`:${accountId}:root`)),
  )
}
