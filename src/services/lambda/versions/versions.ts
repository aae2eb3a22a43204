/** PublishVersion and ListVersionsByFunction. */
import { invalidParameterValue } from '../../../lib/errors/lambda.ts'
import type { LambdaDependencies, LambdaHandlers } from '../dependencies.ts'
import { expectRevision, getFunctionDocument, orConflict } from '../lookup.ts'
import { locateFunction } from '../names.ts'
import { fromMarker, pageSize } from '../paging.ts'
import { publicationChanges, publish } from './publish.ts'
import type { VersionRecord } from '../records.ts'
import { renderConfiguration } from '../functions/render.ts'
import { refuseUnsupported } from '../functions/settings.ts'
import { beginSnapshot } from './snapshots.ts'
import { takePage, walkVersions } from './version-walk.ts'

/** The two operations on versions. @source AWS Lambda API reference; recorded answers */
export function versionHandlers(
  deps: LambdaDependencies,
): Pick<LambdaHandlers, 'PublishVersion' | 'ListVersionsByFunction'> {
  const { documents } = deps.store
  const { catalogue, ids } = deps
  return {
    PublishVersion: async (input, context) => {
      refuseUnsupported(input)
      const located = locateFunction(context, input.FunctionName, 'PublishVersion')
      const { value: record, revision } = getFunctionDocument(documents, located)
      expectRevision(input.RevisionId, record.latest.revisionId)
      expectCode(input.CodeSha256, record.latest)
      const publication = publish(deps, located, record, input.Description)
      const { version, isNew } = publication
      const qualifier = version.version
      if (isNew) {
        const changes = publicationChanges(located, publication, revision)
        await orConflict(located, documents.transact(changes))
        beginSnapshot(deps, located, version)
      }
      // Only a version whose snapshot is being taken is Pending at first.
      if (!isNew || version.settings.snapStart === 'None') {
        return renderConfiguration(version, { ...located, qualifier, phase: 'settled', catalogue })
      }
      const shown = { ...version, revisionId: ids.uuid() }
      return renderConfiguration(shown, { ...located, qualifier, phase: 'creating', catalogue })
    },
    ListVersionsByFunction: (input, context) => {
      const located = locateFunction(context, input.FunctionName, 'ListVersionsByFunction')
      const record = getFunctionDocument(documents, located).value
      const walk = walkVersions(documents, located.place, record, fromMarker(input))
      const { page, nextMarker } = takePage(walk, pageSize(input))
      const versions = page.map(({ version }) => {
        const qualifier = version.version
        return renderConfiguration(version, { ...located, qualifier, phase: 'listed', catalogue })
      })
      return { Versions: versions, ...(nextMarker !== undefined && { NextMarker: nextMarker }) }
    },
  }
}

function expectCode(expected: string | undefined, newest: VersionRecord): void {
  const { codeSha256 } = newest.code
  if (expected === undefined || expected === '' || expected === codeSha256) return
  throw invalidParameterValue(
    `CodeSHA256 (${expected}) is different from current CodeSHA256 in $LATEST (${codeSha256}). ` +
      'Please try again with the CodeSHA256 in $LATEST.',
  )
}
