/** Layer versions as clients see them. */
import type {
  Architecture,
  GetLayerVersionResponse,
  LayerVersionsListItem,
  Runtime,
} from '@aws-sdk/client-lambda'
import { layerArn, layerVersionArn } from '../../../lib/arn.ts'
import type { Place } from '../../../model.ts'
import { downloadRoute } from '../dependencies.ts'
import type { LayerVersionRecord } from '../records.ts'
import { renderDate } from '../functions/render.ts'

/** A layer version as GetLayerVersion answers it. @param toUrl  makes a download link of a path */
export function renderLayerVersion(
  version: LayerVersionRecord,
  place: Place,
  toUrl: (path: string) => string,
): GetLayerVersionResponse {
  const { code } = version
  return {
    Content: {
      Location: toUrl(downloadRoute + code.id),
      CodeSha256: code.codeSha256,
      CodeSize: code.zippedBytes,
    },
    LayerArn: layerArn(place, version.layerName),
    ...renderLayerVersionItem(version, place),
  }
}

/** A layer version as lists show it. */
export function renderLayerVersionItem(
  version: LayerVersionRecord,
  place: Place,
): LayerVersionsListItem {
  const { layerName, compatibleRuntimes, compatibleArchitectures, licenseInfo } = version
  return {
    LayerVersionArn: layerVersionArn(place, layerName, version.version),
    Version: version.version,
    Description: version.description,
    CreatedDate: renderDate(version.createdAtMs),
    ...(compatibleRuntimes !== undefined && {
      CompatibleRuntimes: compatibleRuntimes as Runtime[],
    }),
    ...(compatibleArchitectures !== undefined && {
      CompatibleArchitectures: compatibleArchitectures as Architecture[],
    }),
    ...(licenseInfo !== undefined && { LicenseInfo: licenseInfo }),
  }
}
