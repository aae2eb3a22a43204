/** Turning $LATEST into a published version. Pure: what to store is returned, the caller writes it. */
import { latest } from '../../../lib/arn.ts'
import type { Change } from '../../../store/store.ts'
import type { LambdaDependencies } from '../dependencies.ts'
import { refuseToPublishFolder } from '../functions/folder-code.ts'
import { findVersion } from '../lookup.ts'
import type { Located } from '../names.ts'
import { functionKey, versionKey, type FunctionRecord, type VersionRecord } from '../records.ts'
import { withFirstState } from './snapshots.ts'

/** What publishing comes to. */
export type Publication = {
  readonly version: VersionRecord
  /** false when nothing changed since the last version, which is then the answer */
  readonly isNew: boolean
  /** the function as it is afterwards */
  readonly record: FunctionRecord
}

/** Publish the $LATEST of `record`, unless the last version was published from the same code and settings.
 *  @param description  of the version; absent = the function's
 *  @source AWS Lambda API reference, PublishVersion */
export function publish(
  deps: Pick<LambdaDependencies, 'store' | 'ids' | 'snapshots'>,
  located: Located,
  record: FunctionRecord,
  description?: string,
): Publication {
  const { ids } = deps
  const { published, latest: newest } = record
  if (published?.deploymentId === newest.deploymentId) {
    const version = findVersion(deps.store.documents, located, published.version)
    if (version !== undefined) return { version, isNew: false, record }
  }
  refuseToPublishFolder(newest.code)
  const number = String(record.lastVersion + 1)
  const settings = description === undefined ? newest.settings : { ...newest.settings, description }
  const version = { ...newest, version: number, revisionId: ids.uuid(), settings }
  return {
    version: withFirstState(deps, version, record.tags),
    isNew: true,
    record: {
      ...record,
      latest: { ...newest, version: latest, revisionId: ids.uuid() },
      lastVersion: record.lastVersion + 1,
      published: { version: number, deploymentId: newest.deploymentId },
    },
  }
}

/** The writes that make a publication last. @param revision  of the function's document */
export function publicationChanges(
  located: Located,
  publication: Publication,
  revision: number,
): Change[] {
  const { place, functionName } = located
  const { version, record, isNew } = publication
  const changes: Change[] = [
    {
      kind: 'put',
      key: functionKey(place, functionName),
      value: record,
      expected: revision,
    },
  ]
  if (isNew) {
    changes.push({
      kind: 'put',
      key: versionKey(place, functionName, version.version),
      value: version,
    })
  }
  return changes
}
