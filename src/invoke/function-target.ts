/** Destination "another function": the invocation record becomes an event of that function, with attempts and destinations of its own. */
import { createHash } from 'node:crypto'
import type { Clock } from '../lib/clock.ts'
import { AwsError } from '../lib/errors/aws-error.ts'
import { parseFunctionReference } from '../lib/arn.ts'
import type { Delivery, DestinationTarget } from './destinations.ts'
import { eventQueue } from './event-record.ts'
import type { EventRecord } from './event-record.ts'
import { enterFunction } from './lineage.ts'
import type { Targets } from './target.ts'

/** The target for ARNs of functions. */
export function createFunctionTarget(targets: Targets, clock: Clock): DestinationTarget {
  return (delivery) => {
    const { arn } = delivery
    const reference = parseFunctionReference(arn)
    if (reference === undefined) return { kind: 'refused', reason: 'it is no ARN of a function' }
    const { functionName, qualifier } = reference
    const { accountId, region } = delivery.record
    try {
      const { lineage } = targets.resolve({ accountId, region }, arn, undefined)
      const { traceId } = delivery.record
      const record: EventRecord = {
        accountId,
        region,
        functionName,
        ...(qualifier !== undefined && { qualifier }),
        requestId: derivedRequestId(delivery),
        traceId: lineage === undefined ? traceId : enterFunction(traceId, lineage),
        acceptedAtMs: clock.nowMs(),
        failureCount: 0,
      }
      const message = { queue: eventQueue(record), body: delivery.body, attributes: record }
      return { kind: 'queued', message }
    } catch (error) {
      if (error instanceof AwsError) return { kind: 'refused', reason: error.message }
      throw error
    }
  }
}

/** The request id of the destination's run. It follows from the event, so that whoever gets two records of one event can tell:
 *  an event whose outcome was lost with the server before it was stored runs again and has one more outcome, under the same id. */
function derivedRequestId({ arn, record }: Delivery): string {
  const hash = createHash('sha256')
    .update(`${record.requestId} ${record.acceptedAtMs} ${record.functionName} ${arn}`)
    .digest()
  // Version 8: made of whatever the maker likes. source: RFC 9562
  hash.writeUInt8((hash.readUInt8(6) & 0x0f) | 0x80, 6)
  hash.writeUInt8((hash.readUInt8(8) & 0x3f) | 0x80, 8)
  const hex = hash.toString('hex', 0, 16)
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}
