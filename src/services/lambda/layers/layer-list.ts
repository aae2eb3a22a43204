/** Lists of layers and of their versions, with the two filters both have. */
import type { Place } from '../../../model.ts'
import type { Documents } from '../../../store/store.ts'
import type { LocatedLayer } from './layer-lookup.ts'
import { allValues } from '../lookup.ts'
import { slicePage, type PageInput } from '../paging.ts'
import { prefixOf, type LayerRecord, type LayerVersionRecord } from '../records.ts'

/** What a list of layers is given. */
export type LayerListInput = PageInput & {
  readonly CompatibleRuntime?: string | undefined
  readonly CompatibleArchitecture?: string | undefined
}

type Page = { items: LayerVersionRecord[]; nextMarker: string | undefined }

/** The newest matching version of each layer, by name; layers without one are left out. */
export function listLayers(documents: Documents, place: Place, input: LayerListInput): Page {
  const newest = allValues<LayerRecord>(documents, prefixOf(place, 'layers')).flatMap(
    ({ layerName }) => matchingVersions(documents, { place, layerName }, input).slice(0, 1),
  )
  return slicePage(newest, input, (version) => version.layerName)
}

/** The matching versions of a layer, the newest first. */
export function listLayerVersions(
  documents: Documents,
  located: LocatedLayer,
  input: LayerListInput,
): Page {
  const versions = matchingVersions(documents, located, input)
  return slicePage(versions, input, ({ version }) => String(maxVersion - version).padStart(16, '0'))
}

const maxVersion = Number.MAX_SAFE_INTEGER

function matchingVersions(
  documents: Documents,
  { place, layerName }: LocatedLayer,
  { CompatibleRuntime: runtime, CompatibleArchitecture: architecture }: LayerListInput,
): LayerVersionRecord[] {
  const versions = allValues<LayerVersionRecord>(
    documents,
    prefixOf(place, 'layer-versions', layerName),
  )
  return versions.filter(
    (version) =>
      (runtime === undefined || version.compatibleRuntimes?.includes(runtime) === true) &&
      (architecture === undefined ||
        version.compatibleArchitectures?.includes(architecture) === true),
  )
}
