/** The trace of an invocation, as the platform's events tell it. source: X-Ray dev guide "Tracing header". */
import type { Invocation } from '../model.ts'
import type { Tracing } from './platform-events.ts'

const parent = /(?:^|;)Parent=([^;]*)/

/** What events say of a trace; undefined unless it is sampled. With active tracing the parent is the function's own segment. */
export function toTracing({
  traceId,
  version,
}: Pick<Invocation, 'traceId' | 'version'>): Tracing | undefined {
  if (!traceId.includes('Sampled=1')) return undefined
  const spanId = version.isTracingActive === true ? parent.exec(traceId)?.[1] : undefined
  return {
    ...(spanId !== undefined && { spanId }),
    type: 'X-Amzn-Trace-Id',
    value: traceId,
  }
}
