/**
 * START, END and REPORT as the log shows them: text lines, or the platform's JSON events when the function logs in JSON.
 * source: AWS Lambda dev guide "Understanding Lambda function log formats", "Lambda Telemetry API Event schema reference"
 */
import type { Invocation } from '../model.ts'
import type { Report } from './report.ts'

/** @param nowMs  epoch ms */
export function startLine(invocation: Invocation, nowMs: number): string {
  const { requestId, version } = invocation
  if (version.logFormat === 'Text')
    return `START RequestId: ${requestId} Version: ${version.version}`
  return toEvent('platform.start', nowMs, { requestId, version: version.version })
}

/** undefined in JSON, which has no such event. */
export function endLine(invocation: Invocation): string | undefined {
  if (invocation.version.logFormat === 'JSON') return undefined
  return `END RequestId: ${invocation.requestId}`
}

/** A trailing tab when all went well, `Status` members otherwise.
 *  @param nowMs  epoch ms */
export function reportLine(report: Report, invocation: Invocation, nowMs: number): string {
  if (invocation.version.logFormat === 'JSON')
    return toEvent('platform.report', nowMs, record(report))
  const { initDurationMs } = report
  const members = [
    `REPORT RequestId: ${report.requestId}`,
    `Duration: ${report.durationMs.toFixed(2)} ms`,
    `Billed Duration: ${report.billedDurationMs} ms`,
    `Memory Size: ${report.version.memoryMib} MB`,
    `Max Memory Used: ${Math.round(report.maxMemoryUsedMib)} MB`,
  ]
  if (initDurationMs !== undefined) members.push(`Init Duration: ${initDurationMs.toFixed(2)} ms`)
  if (report.status === 'success') members.push('')
  else members.push(`Status: ${report.status}`)
  if (report.errorType !== undefined) members.push(`Error Type: ${report.errorType}`)
  return members.join('\t')
}

function record(report: Report): object {
  const { initDurationMs, errorType } = report
  return {
    requestId: report.requestId,
    status: report.status,
    ...(errorType === undefined ? {} : { errorType }),
    metrics: {
      durationMs: rounded(report.durationMs),
      billedDurationMs: report.billedDurationMs,
      memorySizeMB: report.version.memoryMib,
      maxMemoryUsedMB: Math.round(report.maxMemoryUsedMib),
      ...(initDurationMs === undefined ? {} : { initDurationMs: rounded(initDurationMs) }),
    },
  }
}

function rounded(ms: number): number {
  return Math.round(ms * 1000) / 1000
}

function toEvent(type: string, nowMs: number, event: object): string {
  return JSON.stringify({ time: new Date(nowMs).toISOString(), type, record: event })
}
