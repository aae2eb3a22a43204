/**
 * The platform's events as the log shows them: text lines, or JSON events when the function logs in JSON.
 * source: AWS Lambda dev guide "Understanding Lambda function log formats", "Lambda Telemetry API Event schema reference"; recorded
 * lines.
 */
import type { LogFormat } from '../model.ts'
import type { InvocationReport, PlatformEvent } from './platform-events.ts'

/** @param nowMs  epoch ms
 *  @returns the line without its newline; undefined for an event that this format does not show */
export function toLogLine(
  event: PlatformEvent,
  format: LogFormat,
  nowMs: number,
): string | undefined {
  return format === 'Text' ? toText(event) : toJson(event, nowMs)
}

function toText(event: PlatformEvent): string | undefined {
  switch (event.type) {
    case 'platform.initStart': {
      const { runtimeVersion, runtimeVersionArn } = event.record
      if (runtimeVersion === undefined) return undefined
      return `INIT_START Runtime Version: ${runtimeVersion}\tRuntime Version ARN: ${runtimeVersionArn}`
    }
    case 'platform.initReport': {
      const { phase, status, initializationType, metrics } = event.record
      // A good init on demand has no line.
      if (status === 'success' && initializationType === 'on-demand') return undefined
      const head = `INIT_REPORT Init Duration: ${metrics.durationMs.toFixed(2)} ms\tPhase: ${phase}`
      return `${head}${ending(event.record)}`
    }
    case 'platform.start':
      return `START RequestId: ${event.record.requestId} Version: ${event.record.version}`
    case 'platform.end':
      return `END RequestId: ${event.record.requestId}`
    case 'platform.report':
      return toReportText(event.record)
    default:
      return undefined
  }
}

/** A trailing tab when all went well, `Status` members otherwise. */
function toReportText(record: InvocationReport): string {
  const { metrics } = record
  let text =
    `REPORT RequestId: ${record.requestId}\tDuration: ${metrics.durationMs.toFixed(2)} ms` +
    `\tBilled Duration: ${metrics.billedDurationMs} ms\tMemory Size: ${metrics.memorySizeMB} MB` +
    `\tMax Memory Used: ${metrics.maxMemoryUsedMB} MB`
  if (metrics.initDurationMs !== undefined) {
    text += `\tInit Duration: ${metrics.initDurationMs.toFixed(2)} ms`
  }
  return record.status === 'success' ? `${text}\t` : text + ending(record)
}

function ending(record: { readonly status: string; readonly errorType?: string }): string {
  if (record.status === 'success') return ''
  const { errorType } = record
  return `\tStatus: ${record.status}${errorType === undefined ? '' : `\tError Type: ${errorType}`}`
}

function toJson(event: PlatformEvent, nowMs: number): string | undefined {
  if (!shownInJson.has(event.type)) return undefined
  if (event.type === 'platform.initReport' && event.record.status === 'success') return undefined
  return toEventJson(event, nowMs)
}

/** What the level INFO shows. */
const shownInJson: ReadonlySet<PlatformEvent['type']> = new Set([
  'platform.initStart',
  'platform.initReport',
  'platform.start',
  'platform.report',
])

/** An event as the Telemetry API delivers it, durations with three decimals. @param nowMs  epoch ms */
export function toEventJson(event: PlatformEvent, nowMs: number): string {
  const time = new Date(nowMs).toISOString()
  return JSON.stringify({ time, type: event.type, record: event.record }, rounded)
}

function rounded(key: string, value: unknown): unknown {
  return key.endsWith('Ms') && typeof value === 'number' ? Math.round(value * 1000) / 1000 : value
}
