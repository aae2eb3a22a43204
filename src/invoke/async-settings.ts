/** What a function, version or alias says about its asynchronous invocations: the services hand these in, as they know the functions. */
import { eventLimits } from '../config.ts'
import type { Place } from '../model.ts'

/** How events of one qualifier are retried, and where their outcome goes. */
export type AsyncSettings = {
  /** 0 to 2 */
  readonly maxRetryCount: number
  readonly maxAgeMs: number
  /** ARNs */
  readonly onSuccess?: string
  readonly onFailure?: string
}

/** Looks settings up; what is not there, or no longer, has AWS's defaults. */
export type AsyncSettingsSource = {
  /** @param qualifier  as invoked; undefined means $LATEST */
  asyncSettings(place: Place, functionName: string, qualifier: string | undefined): AsyncSettings
  /** The ARN of the dead-letter queue or topic.
   *  @param qualifier  the version that ran, or as invoked */
  deadLetterTarget(
    place: Place,
    functionName: string,
    qualifier: string | undefined,
  ): string | undefined
  /** The log group of the function. */
  logGroup(place: Place, functionName: string): string
}

/** @source AWS Lambda API reference, PutFunctionEventInvokeConfig */
export const defaultAsyncSettings: AsyncSettings = {
  maxRetryCount: eventLimits.retryDelaysMs.length,
  maxAgeMs: eventLimits.maxAgeMs,
}
