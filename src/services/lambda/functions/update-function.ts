/** UpdateFunctionCode and UpdateFunctionConfiguration: both change $LATEST. */
import type {
  UpdateFunctionCodeRequest,
  UpdateFunctionConfigurationRequest,
} from '@aws-sdk/client-lambda'
import type { RequestContext } from '../../../gateway/service.ts'
import { invalidParameterValue } from '../../../lib/errors/lambda.ts'
import type { Document } from '../../../store/store.ts'
import type { LambdaDependencies, LambdaHandlers } from '../dependencies.ts'
import { takeFunctionCode } from './folder-code.ts'
import { checkSignature } from '../code-signing/function-code-signing.ts'
import { expectRevision, getFunctionDocument, orConflict, updateInProgress } from '../lookup.ts'
import { locateFunction, type Located } from '../names.ts'
import { publicationChanges, publish } from '../versions/publish.ts'
import { functionKey } from '../records.ts'
import type { CodeRecord, FunctionRecord, Settings, VersionRecord } from '../records.ts'
import { renderConfiguration } from './render.ts'
import { refuseManualRuntime } from './runtime-management.ts'
import {
  changeSettings,
  checkRuntime,
  checkSnapStart,
  checkTotalSize,
  refuseUnsupported,
} from './settings.ts'
import { beginSnapshot, keepLatest } from '../versions/snapshots.ts'
import { findUsedLayers } from '../layers/used-layers.ts'

/** The two updates. They answer InProgress, and have settled when the client asks again.
 *  @source AWS Lambda API reference; recorded answers */
export function updateFunctionHandlers(
  deps: LambdaDependencies,
): Pick<LambdaHandlers, 'UpdateFunctionCode' | 'UpdateFunctionConfiguration'> {
  return {
    UpdateFunctionCode: (input, context) => updateCode(deps, input, context),
    UpdateFunctionConfiguration: (input, context) => updateConfiguration(deps, input, context),
  }
}

async function updateCode(
  deps: LambdaDependencies,
  input: UpdateFunctionCodeRequest,
  context: RequestContext,
) {
  const { catalogue } = deps
  refuseUnsupported(input)
  const located = locateFunction(context, input.FunctionName, 'UpdateFunctionCode')
  const before = getFunctionDocument(deps.store.documents, located)
  expectRevision(input.RevisionId, before.value.latest.revisionId)
  if (input.ImageUri !== undefined) {
    throw invalidParameterValue(
      "Please don't provide ImageUri when updating a function with packageType Zip.",
    )
  }
  checkSignature(deps.store.documents, located)
  const code = await takeFunctionCode(deps, input, 'UpdateFunctionCode')
  const now = rereadUnchanged(deps, located, before)
  const { settings: old } = now.value.latest
  checkTotalSize(code.unzippedBytes, old.layers)
  const settings = { ...old, architecture: input.Architectures?.[0] ?? old.architecture }
  const changed = withLatest(deps, now.value, { settings, code })
  if (input.DryRun === true) {
    return renderConfiguration(changed.latest, { ...located, phase: 'settled', catalogue })
  }
  if (input.Publish !== true) return save(deps, located, now, changed)
  return savePublished(deps, located, now, changed)
}

async function updateConfiguration(
  deps: LambdaDependencies,
  input: UpdateFunctionConfigurationRequest,
  context: RequestContext,
) {
  const { documents } = deps.store
  refuseUnsupported(input)
  const located = locateFunction(context, input.FunctionName, 'UpdateFunctionConfiguration')
  const before = getFunctionDocument(documents, located)
  const { settings: old, code, revisionId } = before.value.latest
  expectRevision(input.RevisionId, revisionId)
  if (input.Runtime !== undefined) {
    checkRuntime(input.Runtime, deps.catalogue)
    if (input.Runtime !== old.runtime) refuseManualRuntime(documents, located)
  }
  const layers =
    input.Layers === undefined ? undefined : findUsedLayers(documents, context, input.Layers)
  if (layers !== undefined && layers.length > 0) checkSignature(documents, located)
  const settings = changeSettings(old, input, layers)
  checkSnapStart(settings)
  checkTotalSize(code.unzippedBytes, settings.layers)
  await deps.packages.layersPath(settings.layers.map((layer) => layer.id))
  const now = rereadUnchanged(deps, located, before)
  return save(deps, located, now, withLatest(deps, now.value, { settings, code }))
}

/** The document again, after a wait.
 *  @throws AwsError ResourceConflictException (409) when code or settings were changed meanwhile */
function rereadUnchanged(
  deps: LambdaDependencies,
  located: Located,
  before: Document<FunctionRecord>,
): Document<FunctionRecord> {
  const now = getFunctionDocument(deps.store.documents, located)
  if (now.value.latest.deploymentId !== before.value.latest.deploymentId) {
    throw updateInProgress(located)
  }
  return now
}

function withLatest(
  { ids, clock }: LambdaDependencies,
  record: FunctionRecord,
  change: { settings: Settings; code: CodeRecord },
): FunctionRecord {
  const latest: VersionRecord = {
    ...record.latest,
    ...change,
    revisionId: ids.uuid(),
    deploymentId: ids.uuid(),
    modifiedAtMs: clock.nowMs(),
  }
  return { ...record, latest }
}

async function save(
  deps: LambdaDependencies,
  located: Located,
  now: Document<FunctionRecord>,
  changed: FunctionRecord,
) {
  const { ids, catalogue } = deps
  const key = functionKey(located.place, located.functionName)
  await orConflict(located, deps.store.documents.put(key, changed, now.revision))
  keepLatest(deps, located, changed)
  // What is InProgress has another revision than what is Successful a moment later.
  const shown = { ...changed.latest, revisionId: ids.uuid() }
  return renderConfiguration(shown, { ...located, phase: 'updating', catalogue })
}

async function savePublished(
  deps: LambdaDependencies,
  located: Located,
  now: Document<FunctionRecord>,
  changed: FunctionRecord,
) {
  const { ids, catalogue } = deps
  const { documents } = deps.store
  const publication = publish(deps, located, changed)
  const changes = publicationChanges(located, publication, now.revision)
  await orConflict(located, documents.transact(changes))
  const { version } = publication
  keepLatest(deps, located, changed)
  beginSnapshot(deps, located, version)
  const shown = { ...version, revisionId: ids.uuid() }
  const qualifier = version.version
  return renderConfiguration(shown, { ...located, qualifier, phase: 'creating', catalogue })
}
