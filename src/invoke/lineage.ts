/**
 * Recursion detection: the trace header carries how often each function was entered on the way here, since SDKs inside functions
 * pass it on. A function that comes by too often is stopped, unless it may.
 * The form is `Lineage=<functions entered>:<id>:<count>|<id>:<count>…`; the count of the first entry is 0.
 */
import { lambdaLimits } from '../config.ts'
import type { Ids } from '../lib/ids.ts'
import { recursiveInvocation } from '../lib/errors/lambda.ts'
import { traceIdFor } from './trace-id.ts'

/** What recursion detection knows of a function. */
export type Lineage = {
  /** stands for the function in trace headers: 8 hex digits */
  readonly id: string
  /** RecursiveLoop is `Allow` */
  readonly isLoopAllowed: boolean
}

type Entry = { readonly id: string; readonly count: number }

const marker = 'Lineage='
const entryForm = /^(?:\d+:)?([0-9a-f]{8}):(\d{1,9})$/
/** The header stays short: the function that was entered first is forgotten first. */
const maxEntryCount = 16

/** The trace in which a function runs: the caller's or a new one, with this entrance.
 *  @param header  X-Amzn-Trace-Id as it came
 *  @param nowMs  epoch ms */
export function traceOf(
  header: string | undefined,
  lineage: Lineage | undefined,
  nowMs: number,
  ids: Ids,
): string {
  const traceId = traceIdFor(header, nowMs, ids)
  return lineage === undefined ? traceId : enterFunction(traceId, lineage)
}

/** The same for somebody who waits for the answer.
 *  @throws AwsError as `checkRecursion` */
export function traceOfCall(
  header: string | undefined,
  lineage: Lineage | undefined,
  nowMs: number,
  ids: Ids,
): string {
  const traceId = traceOf(header, lineage, nowMs, ids)
  if (header !== undefined && lineage !== undefined) checkRecursion(traceId, lineage)
  return traceId
}

/** The header with which a function is entered: as it came, one entrance further.
 *  @param traceId  a trace header
 *  @source X-Ray dev guide "Tracing header" (`Lineage`); headers observed in functions: the first one has `Lineage=1:<id>:0` */
export function enterFunction(traceId: string, { id }: Lineage): string {
  const at = traceId.indexOf(marker)
  if (at === -1) return `${withoutSemicolon(traceId)};${marker}1:${id}:0`
  const entries = readEntries(traceId, at)
  const others = entries.filter((entry) => entry.id !== id).slice(1 - maxEntryCount)
  const count = (entries.find((entry) => entry.id === id)?.count ?? -1) + 1
  const all = [...others, { id, count }]
  const enteredCount = all.reduce((sum, entry) => sum + entry.count + 1, 0)
  const text = all.map((entry) => `${entry.id}:${entry.count}`).join('|')
  const rest = withoutLineage(traceId, at)
  return `${rest}${rest === '' ? '' : ';'}${marker}${enteredCount}:${text}`
}

/** Stop a function that was entered too often in one chain of requests.
 *  @param traceId  as `enterFunction` made it
 *  @throws AwsError RecursiveInvocationException (400)
 *  @source AWS Lambda dev guide "Use Lambda recursive loop detection": after 16 invocations the next one is stopped */
export function checkRecursion(traceId: string, { id, isLoopAllowed }: Lineage): void {
  const at = traceId.indexOf(marker)
  if (at === -1 || isLoopAllowed) return
  const count = readEntries(traceId, at).find((entry) => entry.id === id)?.count ?? 0
  if (count < lambdaLimits.maxLoopCount) return
  throw recursiveInvocation(
    'Lambda has detected your function being invoked in a recursive loop with other AWS resources ' +
      "and stopped your function's invocation.",
  )
}

/** What is no entry of ours is left out: anybody can send anything. */
function readEntries(traceId: string, at: number): Entry[] {
  const entries: Entry[] = []
  const end = traceId.indexOf(';', at)
  const text = traceId.slice(at + marker.length, end === -1 ? undefined : end)
  for (const part of text.split(/[|,]/, 2 * maxEntryCount)) {
    const [, id = '', count = ''] = entryForm.exec(part) ?? []
    if (id !== '') entries.push({ id, count: Number(count) })
  }
  return entries
}

function withoutLineage(traceId: string, at: number): string {
  const end = traceId.indexOf(';', at)
  const after = end === -1 ? '' : traceId.slice(end + 1)
  return withoutSemicolon(traceId.slice(0, at) + after)
}

function withoutSemicolon(text: string): string {
  return text.endsWith(';') ? text.slice(0, -1) : text
}
