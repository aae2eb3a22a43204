/**
 * Where the outcome of asynchronous events goes: destinations and dead-letter queues. The seam is one function per AWS service that
 * says which durable queue a delivery is put into; that happens in the transaction which ends the event, so a delivery is
 * neither lost nor made twice. A service that is not here refuses, and the refusal is told where the function logs.
 */
import type { NewMessage } from '../store/store.ts'
import type { AsyncSettings } from './async-settings.ts'
import type { EventRecord } from './event-record.ts'
import { toDeadLetterAttributes, toInvocationRecord } from './invocation-record.ts'
import type { DeadLetterAttributes, EndedEvent } from './invocation-record.ts'

/** Something that goes to an ARN. */
export type Delivery = {
  /** of the queue, topic, function, bus or bucket */
  readonly arn: string
  /** whose outcome it is */
  readonly record: EventRecord
  readonly condition: EndedEvent['condition']
  /** the invocation record, or for a dead-letter queue the event itself; JSON */
  readonly body: Uint8Array
  /** only for a dead-letter queue */
  readonly deadLetter?: DeadLetterAttributes
}

/** A message and the queue it goes to. */
export type QueuedMessage = NewMessage & { readonly queue: string }

/** What a target makes of a delivery. */
export type Acceptance =
  | { readonly kind: 'queued'; readonly message: QueuedMessage }
  /** `reason`: a sentence for the user */
  | { readonly kind: 'refused'; readonly reason: string }

/** One kind of target. Decides at once, from memory or the store; what it queues is delivered by whoever serves that queue. */
export type DestinationTarget = (delivery: Delivery) => Acceptance

/** Targets by the service in their ARNs: `lambda`, `sqs`, `sns`, `events`, `s3`. */
export type DestinationTargets = Readonly<Record<string, DestinationTarget>>

/** A delivery that no target takes. */
export type Undelivered = {
  readonly delivery: Delivery
  readonly reason: string
}

/** What is to be done when an event is over. */
export type Outcome = {
  readonly messages: readonly QueuedMessage[]
  readonly undelivered: readonly Undelivered[]
}

const serviceNames: Readonly<Record<string, string>> = {
  sqs: 'Amazon SQS',
  sns: 'Amazon SNS',
  events: 'Amazon EventBridge',
  s3: 'Amazon S3',
}
const nothing: Outcome = { messages: [], undelivered: [] }

/** Decide what goes where.
 *  @param deadLetterArn  of the version that ran, asked for only when the event failed
 *  @source AWS Lambda dev guide: a failed event goes to the dead-letter queue and to the destination, where both are configured */
export function outcomeOf(
  event: EndedEvent,
  targets: DestinationTargets,
  settings: AsyncSettings,
  deadLetterArn: () => string | undefined,
): Outcome {
  const { condition } = event
  if (condition === 'NotInvocable') return nothing
  const isSuccess = condition === 'Success'
  const destination = isSuccess ? settings.onSuccess : settings.onFailure
  const deadLetter = isSuccess ? undefined : deadLetterArn()
  if (destination === undefined && deadLetter === undefined) return nothing
  const messages: QueuedMessage[] = []
  const undelivered: Undelivered[] = []
  const { record } = event
  if (deadLetter !== undefined) {
    deliver({
      arn: deadLetter,
      record,
      condition,
      body: event.payload,
      deadLetter: toDeadLetterAttributes(event),
    })
  }
  if (destination !== undefined) {
    const body = toInvocationRecord(event)
    const delivery = { arn: destination, record, condition, body: body ?? new Uint8Array() }
    if (body === undefined) {
      undelivered.push({ delivery, reason: 'request and response are more than 1 MB together' })
    } else deliver(delivery)
  }
  return { messages, undelivered }

  function deliver(delivery: Delivery): void {
    const acceptance = accept(targets, delivery)
    if (acceptance.kind === 'queued') messages.push(acceptance.message)
    else undelivered.push({ delivery, reason: acceptance.reason })
  }
}

function accept(targets: DestinationTargets, delivery: Delivery): Acceptance {
  const service = delivery.arn.split(':', 3)[2] ?? ''
  const target = Object.hasOwn(targets, service) ? targets[service] : undefined
  if (target !== undefined) return target(delivery)
  const name = serviceNames[service] ?? `service "${service}"`
  return { kind: 'refused', reason: `${name} is not part of this server yet` }
}
