/** CreateFunction. */
import type { CreateFunctionRequest } from '@aws-sdk/client-lambda'
import type { RequestContext } from '../../../gateway/service.ts'
import { latest } from '../../../lib/arn.ts'
import { invalidParameterValue, resourceConflict } from '../../../lib/errors/lambda.ts'
import { RevisionConflict, type Change } from '../../../store/store.ts'
import { requireConfig } from '../code-signing/code-signing-lookup.ts'
import type { LambdaDependencies, LambdaHandlers } from '../dependencies.ts'
import { refuseToPublishFolder, takeFunctionCode } from './folder-code.ts'
import { checkTrusted, choose } from '../code-signing/function-code-signing.ts'
import { constraintFailed, locate, type Located } from '../names.ts'
import { functionKey, versionKey } from '../records.ts'
import type { CodeRecord, FunctionRecord, Settings, VersionRecord } from '../records.ts'
import { renderConfiguration } from './render.ts'
import {
  changeSettings,
  checkRuntime,
  checkSnapStart,
  checkTotalSize,
  defaultSettings,
  refuseUnsupported,
} from './settings.ts'
import { beginSnapshot, keepLatest, withFirstState } from '../versions/snapshots.ts'
import { checkTags } from './tags.ts'
import { findUsedLayers } from '../layers/used-layers.ts'

const maxNameLength = 64

/** The handler of CreateFunction. The package is checked and unpacked before the answer, so the function can be invoked at
 *  once although the answer says Pending.
 *  @source AWS Lambda API reference, CreateFunction; recorded answers */
export function createFunctionHandlers(
  deps: LambdaDependencies,
): Pick<LambdaHandlers, 'CreateFunction'> {
  return {
    CreateFunction: async (input, context) => {
      const located = locateNew(input, context)
      const settings = toSettings(deps, input, context, located)
      const tags = checkTags(input.Tags ?? {})
      refuseExisting(deps, located)
      const signing = chooseSigning(deps, located, input, context)
      const code = await takeFunctionCode(deps, input.Code ?? {}, 'CreateFunction')
      if (input.Publish === true) refuseToPublishFolder(code)
      checkTotalSize(code.unzippedBytes, settings.layers)
      await deps.packages.layersPath(settings.layers.map((layer) => layer.id))
      const { record, version } = toRecords(deps, located, { settings, code, tags }, input)
      const changes: Change[] = [
        { kind: 'put', key: keyOf(located), value: record, expected: 0 },
        ...signing,
      ]
      if (version !== undefined) {
        const key = versionKey(located.place, located.functionName, version.version)
        changes.push({ kind: 'put', key, value: version })
      }
      await createOnce(deps, located, changes)
      keepLatest(deps, located, record)
      if (version !== undefined) beginSnapshot(deps, located, version)
      // What is Pending has another revision than what is Active a moment later.
      const shown = { ...(version ?? record.latest), revisionId: deps.ids.uuid() }
      const { catalogue } = deps
      return renderConfiguration(shown, {
        ...located,
        qualifier: undefined,
        phase: 'creating',
        catalogue,
      })
    },
  }
}

function keyOf(located: Located): string {
  return functionKey(located.place, located.functionName)
}

function locateNew(input: CreateFunctionRequest, context: RequestContext): Located {
  const located = locate(context, input, 'CreateFunction')
  const { functionName, qualifier } = located
  if (qualifier !== undefined || functionName.includes('.')) {
    const pattern =
      '(arn:(aws[a-zA-Z-]*)?:lambda:)?((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\\d{1}:)?' +
      '(\\d{12}:)?(function:)?([a-zA-Z0-9-_]+)'
    const constraint = `Member must satisfy regular expression pattern: ${pattern}`
    throw constraintFailed(input.FunctionName ?? '', 'functionName', constraint)
  }
  if (functionName.length > maxNameLength) {
    throw invalidParameterValue(
      `1 validation error detected: Value '${functionName}' at 'functionName' failed to satisfy constraint: ` +
        `Member must have length less than or equal to ${maxNameLength}`,
    )
  }
  return located
}

function toSettings(
  deps: LambdaDependencies,
  input: CreateFunctionRequest,
  context: RequestContext,
  located: Located,
): Settings {
  refuseUnsupported(input)
  if (input.PackageType === 'Image') {
    throw invalidParameterValue(
      'Container images are not supported by this service yet. Please use PackageType Zip.',
    )
  }
  const { Runtime: runtime, Handler: handler, Role: role = '' } = input
  if (runtime === undefined || handler === undefined || handler === '') {
    throw invalidParameterValue(
      'Runtime and Handler are mandatory parameters for functions created with deployment packages.',
    )
  }
  checkRuntime(runtime, deps.catalogue)
  const layers = findUsedLayers(deps.store.documents, context, input.Layers ?? [])
  const base = defaultSettings(located.functionName, { runtime, handler, role })
  const tenancy = input.TenancyConfig?.TenantIsolationMode
  const settings = changeSettings(tenancy ? { ...base, tenancy } : base, input, layers)
  checkSnapStart(settings)
  return settings
}

function refuseExisting(deps: LambdaDependencies, located: Located): void {
  if (deps.store.documents.get(keyOf(located)) === undefined) return
  throw resourceConflict(`Function already exist: ${located.functionName}`)
}

/** The changes that give the function its code signing config, if it names one. */
function chooseSigning(
  deps: LambdaDependencies,
  located: Located,
  { CodeSigningConfigArn: arn }: CreateFunctionRequest,
  context: RequestContext,
): Change[] {
  if (arn === undefined) return []
  const { config } = requireConfig(deps.store.documents, context, arn)
  checkTrusted(config.value, located)
  return choose(located, arn, config)
}

async function createOnce(
  deps: LambdaDependencies,
  located: Located,
  changes: readonly Change[],
): Promise<void> {
  try {
    await deps.store.documents.transact(changes)
  } catch (error) {
    if (!(error instanceof RevisionConflict)) throw error
    throw resourceConflict(`Function already exist: ${located.functionName}`)
  }
}

type Parts = {
  readonly settings: Settings
  readonly code: CodeRecord
  readonly tags: Readonly<Record<string, string>>
}

function toRecords(
  deps: LambdaDependencies,
  { functionName }: Located,
  { settings, code, tags }: Parts,
  input: CreateFunctionRequest,
): { record: FunctionRecord; version: VersionRecord | undefined } {
  const { ids, clock } = deps
  const deploymentId = ids.uuid()
  const common = { deploymentId, modifiedAtMs: clock.nowMs(), settings, code }
  const newest = { ...common, version: latest, revisionId: ids.uuid() }
  if (input.Publish !== true) {
    return { record: { functionName, latest: newest, lastVersion: 0, tags }, version: undefined }
  }
  const version = withFirstState(deps, { ...common, version: '1', revisionId: ids.uuid() }, tags)
  const published = { version: '1', deploymentId }
  return { record: { functionName, latest: newest, lastVersion: 1, published, tags }, version }
}
