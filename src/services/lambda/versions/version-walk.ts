/** Walking the versions of functions in order, from any position, as far as a page needs. */
import type { Place } from '../../../model.ts'
import type { DocumentPage, Documents } from '../../../store/store.ts'
import { toMarker } from '../paging.ts'
import { functionKey, prefixOf, versionKey } from '../records.ts'
import type { FunctionRecord, VersionRecord } from '../records.ts'

/** A version and where it stands in its list. */
export type Walked = {
  readonly record: FunctionRecord
  readonly version: VersionRecord
  readonly position: string
}

/** $LATEST, then the published versions from the oldest to the newest.
 *  @param after  position after which to go on; undefined = from $LATEST */
export function* walkVersions(
  documents: Documents,
  place: Place,
  record: FunctionRecord,
  after?: string,
): Generator<Walked> {
  const { functionName } = record
  const prefix = prefixOf(place, 'versions', functionName)
  const positionOf = (number: string): string =>
    versionKey(place, functionName, number).slice(prefix.length)
  // Versions count from 1: position 0 is that of $LATEST.
  if (after === undefined) yield { record, version: record.latest, position: positionOf('0') }
  let from: string | undefined = prefix + (after ?? '')
  while (from !== undefined) {
    const page: DocumentPage<VersionRecord> = documents.list(prefix, { after: from })
    for (const { value: version } of page.documents) {
      yield { record, version, position: positionOf(version.version) }
    }
    from = page.next
  }
}

/** All versions of all functions of a place, functions by name. */
export function* walkAllVersions(
  documents: Documents,
  place: Place,
  after?: string,
): Generator<Walked> {
  const [startName = '', startPosition] = after?.split('/') ?? []
  const named = function* (record: FunctionRecord, from?: string): Generator<Walked> {
    for (const walked of walkVersions(documents, place, record, from)) {
      yield { ...walked, position: `${record.functionName}/${walked.position}` }
    }
  }
  const start = documents.get<FunctionRecord>(functionKey(place, startName))
  if (start !== undefined) yield* named(start.value, startPosition)
  let from: string | undefined = functionKey(place, startName)
  while (from !== undefined) {
    const page: DocumentPage<FunctionRecord> = documents.list(prefixOf(place, 'functions'), {
      after: from,
    })
    for (const { value: record } of page.documents) yield* named(record)
    from = page.next
  }
}

/** The first `size` of a walk, and the marker of the last when there is more. */
export function takePage(
  walk: Iterable<Walked>,
  size: number,
): { page: Walked[]; nextMarker: string | undefined } {
  const page: Walked[] = []
  for (const walked of walk) {
    if (page.length === size) {
      return { page, nextMarker: toMarker(page.at(-1)?.position ?? '') }
    }
    page.push(walked)
  }
  return { page, nextMarker: undefined }
}
