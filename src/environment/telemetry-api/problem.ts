/** What is wrong with a subscription, in AWS's words. */
import type { TelemetryApiName } from '../telemetry/subscription.ts'

/** A subscription that is refused. The class of the error says which part of the service refuses it. */
export class SubscriptionProblem extends Error {
  override readonly name = 'SubscriptionProblem'
  readonly kind: 'DeserializationError' | 'ValidationError' | 'AccessDenied'

  constructor(kind: SubscriptionProblem['kind'], message: string) {
    super(message)
    this.kind = kind
  }
}

/** The `errorType` of the reply.
 *  source: AWS Lambda dev guide "Lambda Telemetry API reference" and "Using the Lambda Logs API": a validation error of the
 *  Telemetry API has no prefix */
export function problemType(api: TelemetryApiName, kind: SubscriptionProblem['kind']): string {
  if (api === 'telemetry') return kind === 'ValidationError' ? kind : `Telemetry.${kind}`
  return `Logs.${kind}`
}
