/** What is known of an asynchronous event while it waits, and the name of the queue in which it does. */
import type { Place } from '../model.ts'
import type { Message } from '../store/store.ts'

/** What is kept beside the payload; JSON. */
export type EventRecord = Place & {
  /** the same for every attempt, and in the record that a destination gets */
  readonly requestId: string
  readonly functionName: string
  /** the version or alias that was asked for */
  readonly qualifier?: string
  readonly traceId: string
  readonly tenantId?: string
  /** epoch ms */
  readonly acceptedAtMs: number
  /** attempts that ended in a function error */
  readonly failureCount: number
}

/** Names of all queues of events begin with this. */
export const eventQueuePrefix = 'invoke/'

/** The queue of a function's events. */
export function eventQueue({ accountId, region, functionName }: EventRecord): string {
  return `${eventQueuePrefix}${accountId}/${region}/${functionName}`
}

/** Queues of events that no server here can read begin with this; they are kept, and nobody takes from them. */
export const unreadablePrefix = 'unreadable/'

/** What was kept with a message, which an earlier or later server may have written. Counters that are missing begin anew.
 *  @returns undefined when it does not say what is to be run, and for whom */
export function readEventRecord({ attributes, enqueuedAtMs }: Message): EventRecord | undefined {
  if (typeof attributes !== 'object' || attributes === null) return undefined
  const record = attributes as Readonly<Record<string, unknown>>
  const { qualifier, tenantId, acceptedAtMs, failureCount } = record
  const names = [record['accountId'], record['region'], record['functionName']]
  if (!names.every(isWord) || !isWord(record['requestId'])) return undefined
  if (typeof record['traceId'] !== 'string') return undefined
  if (![qualifier, tenantId].every((text) => text === undefined || typeof text === 'string')) {
    return undefined
  }
  return {
    ...(record as EventRecord),
    acceptedAtMs: isCount(acceptedAtMs) ? acceptedAtMs : enqueuedAtMs,
    failureCount: isCount(failureCount) ? failureCount : 0,
  }
}

function isWord(value: unknown): boolean {
  return typeof value === 'string' && /^[!-~]+$/.test(value)
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0
}
