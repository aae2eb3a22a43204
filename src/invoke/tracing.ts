/**
 * The trace of an invocation as the platform's events tell it. A function with active tracing gets a segment of its own; whether it is
 * sampled is for its caller to say, since nothing here collects traces.
 * source: AWS Lambda dev guide "Visualize Lambda function invocations using AWS X-Ray"; X-Ray dev guide "Tracing header".
 */
import type { Ids } from '../lib/ids.ts'
import type { Invocation } from '../model.ts'
import type { Tracing } from '../observe/platform-events.ts'

const parent = /(^|;)Parent=([^;]*)/
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

/** What events say of a trace; undefined unless it is sampled. */
export function toTracing({
  traceId,
  version,
}: Pick<Invocation, 'traceId' | 'version'>): Tracing | undefined {
  if (!traceId.includes('Sampled=1')) return undefined
  const spanId = version.isTracingActive === true ? parent.exec(traceId)?.[2] : undefined
  return {
    ...(spanId !== undefined && { spanId }),
    type: 'X-Amzn-Trace-Id',
    value: traceId,
  }
}
