/**
 * SnapStart as the control plane sees it: a version is Pending until its init has run and its snapshot is kept, then Active, or Failed
 * when its init failed. What a server that ended left Pending is made by the next.
 * source: AWS Lambda dev guide "Improving startup performance with Lambda SnapStart"
 */
import { setImmediate } from 'node:timers/promises'
import type { Snapshots } from '../../../fleet/snapshots.ts'
import { AwsError } from '../../../lib/errors/aws-error.ts'
import { background } from '../../../lib/background.ts'
import { type DocumentPage, RevisionConflict } from '../../../store/store.ts'
import type { LambdaDependencies } from '../dependencies.ts'
import { toFunctionVersion } from '../function-version.ts'
import { isSnapStart } from '../functions/lair-tags.ts'
import type { Located } from '../names.ts'
import {
  functionKey,
  ownerOfKey,
  rootKey,
  versionKey,
  type FunctionRecord,
  type StateRecord,
  type VersionRecord,
} from '../records.ts'

export type Snapshotter = Pick<Snapshots, 'create'>

const pending: StateRecord = {
  state: 'Pending',
  reason: 'The function is being created.',
  reasonCode: 'Creating',
}
const failed: StateRecord = {
  state: 'Failed',
  reason: 'An error occurred during function initialization.',
  reasonCode: 'FunctionError',
}
const pageSize = 100
const maxWriteCount = 10

/** A version as it is published: Pending when a snapshot comes first. */
export function withFirstState(
  { snapshots }: Pick<LambdaDependencies, 'snapshots'>,
  version: VersionRecord,
  tags: FunctionRecord['tags'],
): VersionRecord {
  if (!snapshots || !isSnapStart(version.version, version.settings, tags)) return version
  return { ...version, state: pending }
}

/** Make the snapshot of a version that was just published, if it is to have one; nobody waits. */
export function beginSnapshot(
  deps: LambdaDependencies,
  located: Located,
  version: VersionRecord,
): void {
  const { snapshots } = deps
  if (!snapshots || version.state?.state !== 'Pending') return
  background('make snapshot', makeSnapshot(deps, snapshots, located, version))
}

/** Have a snapshot of $LATEST ready before it is invoked, if the function asks for it; nobody waits. When its init fails, the first
 *  invocation runs another and is told. */
export function keepLatest(
  deps: LambdaDependencies,
  located: Located,
  record: FunctionRecord,
): void {
  const { snapshots } = deps
  const { latest, tags } = record
  if (!snapshots || !isSnapStart(latest.version, latest.settings, tags)) return
  const make = async (): Promise<void> => {
    const runnable = await toFunctionVersion(deps.packages, located, latest, tags)
    await stateAfter(snapshots, runnable)
  }
  background('make snapshot', make())
}

/** Make the snapshots that an earlier server began. */
export async function resumeSnapshots(deps: LambdaDependencies): Promise<void> {
  const { documents } = deps.store
  let after: string | undefined = rootKey
  while (after !== undefined) {
    const page: DocumentPage<unknown> = documents.list(rootKey, { after, limit: pageSize })
    for (const { key, value } of page.documents) {
      const named = ownerOfKey(key)
      if (named?.collection !== 'versions') continue
      const { place, owner: functionName } = named
      beginSnapshot(deps, { place, functionName }, value as VersionRecord)
    }
    after = page.next
    await setImmediate()
  }
}

async function makeSnapshot(
  deps: LambdaDependencies,
  snapshots: Snapshotter,
  located: Located,
  version: VersionRecord,
): Promise<void> {
  const { place, functionName } = located
  const owner = deps.store.documents.get<FunctionRecord>(functionKey(place, functionName))
  if (owner === undefined) return
  const { tags } = owner.value
  const runnable = await toFunctionVersion(deps.packages, located, version, tags)
  const state = await stateAfter(snapshots, runnable)
  if (state?.state !== 'Pending') await settle(deps, located, version.version, state)
}

/** @returns undefined for Active */
async function stateAfter(
  snapshots: Snapshotter,
  runnable: Awaited<ReturnType<typeof toFunctionVersion>>,
): Promise<StateRecord | undefined> {
  try {
    const end = await snapshots.create(runnable)
    if (end === 'closed') return pending
    return end === 'failed' ? failed : undefined
  } catch (error) {
    if (!(error instanceof AwsError)) throw error
    return { ...failed, reason: error.message, reasonCode: 'InvalidRuntime' }
  }
}

/** Write the state, unless the version was deleted meanwhile. */
async function settle(
  { store, ids }: LambdaDependencies,
  { place, functionName }: Located,
  version: string,
  state: StateRecord | undefined,
): Promise<void> {
  const key = versionKey(place, functionName, version)
  for (let count = 0; count < maxWriteCount; count += 1) {
    const document = store.documents.get<VersionRecord>(key)
    if (document?.value.state?.state !== 'Pending') return
    const { state: _before, ...rest } = document.value
    const settled = { ...rest, revisionId: ids.uuid(), ...(state !== undefined && { state }) }
    try {
      await store.documents.put(key, settled, document.revision)
      return
    } catch (error) {
      if (!(error instanceof RevisionConflict)) throw error
    }
  }
}
