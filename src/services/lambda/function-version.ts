/** From what the store keeps of a version to what it takes to run it: the code is on disk when this is done. */
import { functionArn } from '../../lib/arn.ts'
import type { FunctionVersion } from '../../model.ts'
import type { Packages } from '../../packages/packages.ts'
import { concurrencyOf } from './concurrency/capacity.ts'
import { isSnapStart } from './functions/lair-tags.ts'
import type { Located } from './names.ts'
import type { FunctionRecord, VersionRecord } from './records.ts'

/** Make it ready to run. @param tags  of the function */
export async function toFunctionVersion(
  packages: Packages,
  { place, functionName }: Located,
  record: VersionRecord,
  tags: FunctionRecord['tags'],
): Promise<FunctionVersion> {
  const { settings, code, version } = record
  const maxConcurrency = concurrencyOf(settings, tags)
  const codePath = code.folder ?? (await packages.codePath(code.id))
  const layersPath = await packages.layersPath(settings.layers.map((layer) => layer.id))
  return {
    ...place,
    functionName,
    version,
    arn: functionArn(place, functionName, version),
    revisionId: record.deploymentId,
    runtime: settings.runtime,
    handler: settings.handler,
    memoryMib: settings.memoryMib,
    timeoutMs: settings.timeoutSeconds * 1000,
    ephemeralStorageMib: settings.ephemeralStorageMib,
    architecture: settings.architecture,
    environment: settings.environment ?? {},
    roleArn: settings.role,
    codePath,
    ...(layersPath !== undefined && { layersPath }),
    ...(maxConcurrency !== undefined && { maxConcurrency }),
    ...(isSnapStart(version, settings, tags) && { isSnapStart: true }),
    ...(settings.tenancy !== undefined && { isTenantIsolated: true }),
    logGroup: settings.logging.logGroup,
    // Lines of several invocations could not be told apart in text.
    logFormat: maxConcurrency === undefined ? settings.logging.logFormat : 'JSON',
    ...(settings.logging.applicationLogLevel !== undefined && {
      applicationLogLevel: settings.logging.applicationLogLevel,
    }),
    ...(settings.logging.systemLogLevel !== undefined && {
      systemLogLevel: settings.logging.systemLogLevel,
    }),
    ...(settings.tracingMode === 'Active' && { isTracingActive: true }),
  }
}
