/** The trace header of an invocation: the caller's own, or a new unsampled one. */
import type { Ids } from '../lib/ids.ts'

const field = '[A-Za-z]+=[!-:<>-~]+'
const traceHeader = new RegExp(`^${field}(?:;${field})*;?$`)
const maxHeaderLength = 1024

/** `Root=1-<8 hex>-<24 hex>;Parent=<16 hex>;Sampled=0`, or what the caller sent when it names a root.
 *  @param nowMs  epoch ms; the first part of the root
 *  @source AWS X-Ray dev guide "Tracing header" */
export function traceIdFor(header: string | undefined, nowMs: number, ids: Ids): string {
  if (header !== undefined && isTraceHeader(header)) return header
  const seconds = Math.floor(nowMs / 1000)
    .toString(16)
    .padStart(8, '0')
  const random = ids.hex(20)
  return `Root=1-${seconds}-${random.slice(0, 24)};Parent=${random.slice(24)};Sampled=0`
}

function isTraceHeader(header: string): boolean {
  return header.length <= maxHeaderLength && header.includes('Root=') && traceHeader.test(header)
}
