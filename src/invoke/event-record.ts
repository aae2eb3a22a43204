/** What is known of an asynchronous event while it waits, and the name of the queue in which it does. */
import type { Place } from '../model.ts'

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
