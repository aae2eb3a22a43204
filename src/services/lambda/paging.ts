/** Pages of lists: how many items one answer holds, and the opaque marker from which the next goes on. */
import { invalidParameterValue } from '../../lib/errors/lambda.ts'
import type { Documents } from '../../store/store.ts'

/** What a list operation is given. */
export type PageInput = {
  readonly Marker?: string | undefined
  readonly MaxItems?: number | undefined
}

/** AWS gives no more than this in one answer, whatever is asked for. source: AWS Lambda API reference, ListFunctions */
const maxPageItemCount = 50

/** How many items the answer may hold. */
export function pageSize(input: PageInput): number {
  return Math.min(input.MaxItems ?? maxPageItemCount, maxPageItemCount)
}

/** The marker that stands for `position`. */
export function toMarker(position: string): string {
  return Buffer.from(position).toString('base64url')
}

/** The position that a marker stands for; undefined at the start.
 *  @throws AwsError InvalidParameterValueException (400) for what is no marker of ours */
export function fromMarker(input: PageInput): string | undefined {
  if (input.Marker === undefined || input.Marker === '') return undefined
  const position = Buffer.from(input.Marker, 'base64url').toString('utf8')
  if (toMarker(position) !== input.Marker || position === '') {
    throw invalidParameterValue('The provided marker is invalid.')
  }
  return position
}

/** One page of the values below `prefix`, in the order of their keys. */
export function listPage<Value>(
  documents: Documents,
  prefix: string,
  input: PageInput,
): { values: Value[]; nextMarker: string | undefined } {
  const position = fromMarker(input)
  const { documents: found, next } = documents.list<Value>(prefix, {
    limit: pageSize(input),
    ...(position !== undefined && { after: prefix + position }),
  })
  const values = found.map((document) => document.value)
  return {
    values,
    nextMarker: next === undefined ? undefined : toMarker(next.slice(prefix.length)),
  }
}

/** One page of a list that is in memory; the marker is a position of `positionOf`, which grows along the list. */
export function slicePage<Item>(
  items: readonly Item[],
  input: PageInput,
  positionOf: (item: Item) => string,
): { items: Item[]; nextMarker: string | undefined } {
  const after = fromMarker(input)
  const start = after === undefined ? 0 : items.findIndex((item) => positionOf(item) > after)
  const page = start === -1 ? [] : items.slice(start, start + pageSize(input))
  const last = page.at(-1)
  const isEnd = last === undefined || start + page.length >= items.length
  return { items: page, nextMarker: isEnd ? undefined : toMarker(positionOf(last)) }
}
