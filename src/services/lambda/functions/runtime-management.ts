/**
 * PutRuntimeManagementConfig and GetRuntimeManagementConfig: when a version's runtime is updated. The choice is kept and shown;
 * what runs is always the catalogue's own runtime, since there is one of each name on a machine.
 */
import { functionArn, latest } from '../../../lib/arn.ts'
import { invalidParameterValue } from '../../../lib/errors/lambda.ts'
import type { Documents } from '../../../store/store.ts'
import type { LambdaDependencies, LambdaHandlers } from '../dependencies.ts'
import { getVersion, isVersionNumber } from '../lookup.ts'
import { locate, type Located } from '../names.ts'
import { runtimeManagementKey, type RuntimeManagementRecord } from '../records.ts'

type Operations = 'PutRuntimeManagementConfig' | 'GetRuntimeManagementConfig'

const automatic: RuntimeManagementRecord = { updateRuntimeOn: 'Auto' }

/** The two operations. @source AWS Lambda dev guide "Understanding how Lambda manages runtime version updates" */
export function runtimeManagementHandlers(
  deps: LambdaDependencies,
): Pick<LambdaHandlers, Operations> {
  const { documents } = deps.store
  return {
    PutRuntimeManagementConfig: async (input, context) => {
      const located = locate(context, input, 'PutRuntimeManagementConfig')
      const record = toRecord(input)
      checkQualifier(located)
      getVersion(documents, located)
      await documents.put(keyOf(located), record)
      return render(located, record)
    },
    GetRuntimeManagementConfig: (input, context) => {
      const located = locate(context, input, 'GetRuntimeManagementConfig')
      checkQualifier(located)
      getVersion(documents, located)
      const record = documents.get<RuntimeManagementRecord>(keyOf(located))?.value
      return render(located, record ?? automatic)
    },
  }
}

/** Refuse to change the runtime of $LATEST while its version is set by hand.
 *  @throws AwsError InvalidParameterValueException (400)
 *  @source a text quoted in public reports of users */
export function refuseManualRuntime(documents: Documents, located: Located): void {
  const key = keyOf({ ...located, qualifier: latest })
  const record = documents.get<RuntimeManagementRecord>(key)?.value
  if (record?.updateRuntimeOn !== 'Manual') return
  throw invalidParameterValue(
    "Cannot change runtime identifier when runtime management configuration is set to 'Manual'. " +
      "Change the runtime management configuration to 'Auto' or 'FunctionUpdate', then retry.",
  )
}

type Input = {
  readonly UpdateRuntimeOn: RuntimeManagementRecord['updateRuntimeOn'] | undefined
  readonly RuntimeVersionArn?: string | undefined
}

/** @throws AwsError InvalidParameterValueException (400) unless Manual, and only Manual, comes with a runtime version */
function toRecord({ UpdateRuntimeOn, RuntimeVersionArn }: Input): RuntimeManagementRecord {
  const updateRuntimeOn = UpdateRuntimeOn ?? 'Auto'
  const runtimeVersionArn = RuntimeVersionArn === '' ? undefined : RuntimeVersionArn
  if (updateRuntimeOn === 'Manual') {
    if (runtimeVersionArn !== undefined) return { updateRuntimeOn, runtimeVersionArn }
    throw invalidParameterValue('RuntimeVersionArn is required when UpdateRuntimeOn is Manual.')
  }
  if (runtimeVersionArn === undefined) return { updateRuntimeOn }
  throw invalidParameterValue(
    `RuntimeVersionArn is only allowed when UpdateRuntimeOn is Manual, not ${updateRuntimeOn}.`,
  )
}

/** @throws AwsError InvalidParameterValueException (400) for an alias */
function checkQualifier({ qualifier = latest }: Located): void {
  if (qualifier === latest || isVersionNumber(qualifier)) return
  throw invalidParameterValue(
    'The runtime management configuration belongs to $LATEST or to a published version, not to an alias.',
  )
}

function keyOf({ place, functionName, qualifier = latest }: Located): string {
  const version = isVersionNumber(qualifier) ? String(Number(qualifier)) : qualifier
  return runtimeManagementKey(place, functionName, version)
}

function render(located: Located, record: RuntimeManagementRecord) {
  const { place, functionName, qualifier = latest } = located
  const { updateRuntimeOn, runtimeVersionArn } = record
  return {
    UpdateRuntimeOn: updateRuntimeOn,
    FunctionArn: functionArn(place, functionName, qualifier),
    ...(runtimeVersionArn !== undefined && { RuntimeVersionArn: runtimeVersionArn }),
  }
}
