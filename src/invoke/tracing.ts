/**
 * Active tracing: an invocation gets a segment of its own in its caller's trace. Whether a trace is sampled is its caller's to say,
 * since nothing here collects traces.
 * source: AWS Lambda dev guide "Visualize Lambda function invocations using AWS X-Ray"; X-Ray dev guide "Tracing header".
 */
import type { Ids } from '../lib/ids.ts'
import type { Invocation } from '../model.ts'

const parent = /(^|;)Parent=[^;]*/
const segmentIdBytes = 8

/** The invocation as the function gets it: with active tracing its parent is the function's segment, which is new. */
export function enterSegment(invocation: Invocation, ids: Ids): Invocation {
  if (invocation.version.isTracingActive !== true) return invocation
  const { traceId } = invocation
  const segment = `Parent=${ids.hex(segmentIdBytes)}`
  return {
    ...invocation,
    traceId: parent.test(traceId)
      ? traceId.replace(parent, `$1${segment}`)
      : traceId.replace(/Root=[^;]*/, (root) => `${root};${segment}`),
  }
}
