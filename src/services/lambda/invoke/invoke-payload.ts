/**
 * The checks of an Invoke payload: its size, and that it is UTF-8 and JSON. Small payloads are checked at once; large ones on a
 * worker thread, since parsing megabytes would hold up every other invocation.
 */
import { lambdaLimits } from '../../../config.ts'
import { invalidRequestContent, requestTooLarge } from '../../../lib/errors/lambda.ts'
import { findJsonProblem } from './json-problem.ts'
import type { JsonThread } from './json-thread.ts'

/** Larger payloads are checked off the loop: 256 KiB take about 0.2 ms. */
const maxInlineBytes = 256 * 1024
const emptyEvent: readonly Uint8Array[] = [Buffer.from('{}')]

/** Refuse what is too large.
 *  @throws AwsError RequestTooLargeException (413)
 *  @source AWS Lambda quotas: 6 MB synchronous, 1 MB asynchronous */
export function checkSize(body: readonly Uint8Array[], isAsync: boolean): void {
  const sizeBytes = sizeOf(body)
  const limitBytes = isAsync ? lambdaLimits.maxAsyncPayloadBytes : lambdaLimits.maxPayloadBytes
  if (sizeBytes <= limitBytes) return
  const named = isAsync ? lambdaLimits.maxAsyncPayloadBytes : lambdaLimits.nominalPayloadBytes
  throw requestTooLarge(
    `Request must be smaller than ${named} bytes for the InvokeFunction operation`,
  )
}

/** The event to hand over: the body as it came, or `{}` for none. Synchronous unless the body is large.
 *  @throws AwsError InvalidRequestContentException (400) when it is no JSON */
export function checkPayload(
  body: readonly Uint8Array[],
  thread: JsonThread,
): readonly Uint8Array[] | Promise<readonly Uint8Array[]> {
  const sizeBytes = sizeOf(body)
  if (sizeBytes === 0) return emptyEvent
  if (sizeBytes > maxInlineBytes) {
    return thread.findProblem(body, sizeBytes).then((problem) => {
      if (problem !== undefined) throw notJson(problem)
      return body
    })
  }
  const [first] = body
  const problem = findJsonProblem(
    body.length === 1 && first !== undefined ? first : Buffer.concat(body),
  )
  if (problem !== undefined) throw notJson(problem)
  return body
}

function notJson(problem: string): Error {
  return invalidRequestContent(
    `Could not parse request body into json: Could not parse payload into json: ${problem}`,
  )
}

function sizeOf(body: readonly Uint8Array[]): number {
  let sizeBytes = 0
  for (const chunk of body) sizeBytes += chunk.byteLength
  return sizeBytes
}
