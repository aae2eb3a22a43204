/**
 * The platform's events as the log shows them: text lines, or JSON events when the function logs in JSON.
 * source: AWS Lambda dev guide "Understanding Lambda function log formats", "Lambda Telemetry API Event schema reference"; recorded
 * lines.
 */
import type { LogFormat } from '../model.ts'
import type { InvocationReport, PlatformEvent, TelemetryType, Tracing } from './platform-events.ts'
import { isLoudEnough } from './platform-levels.ts'

/** @param nowMs  epoch ms
 *  @param systemLogLevel  of a function that logs in JSON; INFO when absent
 *  @returns the line without its newline; undefined for an event that this format or level does not show */
export function toLogLine(
  event: PlatformEvent,
  format: LogFormat,
  nowMs: number,
  systemLogLevel?: string,
): string | undefined {
  if (format === 'Text') return toText(event)
  return isShownInJson(event, systemLogLevel) ? toEventJson(event, nowMs) : undefined
}

/** May the log show events of this type at all? Ask before building one that few want. */
export function mayShow(type: PlatformEvent['type'], format: LogFormat): boolean {
  return format === 'JSON' ? !isOfLogsApi(type) : !silentInText.has(type)
}

const silentInText: ReadonlySet<PlatformEvent['type']> = new Set([
  'platform.initRuntimeDone',
  'platform.restoreRuntimeDone',
  'platform.runtimeDone',
  'platform.logsDropped',
  'platform.fault',
])

function toText(event: PlatformEvent): string | undefined {
  switch (event.type) {
    case 'platform.initStart':
      return startText('INIT_START', event.record)
    case 'platform.initReport': {
      const { phase, status, initializationType, metrics } = event.record
      // A good init on demand has no line.
      if (status === 'success' && initializationType === 'on-demand') return undefined
      const head = `INIT_REPORT Init Duration: ${toMs(metrics.durationMs)}\tPhase: ${phase}`
      return `${head}${ending(event.record)}`
    }
    case 'platform.restoreStart':
      return startText('RESTORE_START', event.record)
    case 'platform.restoreReport':
      return `RESTORE_REPORT Restore Duration: ${toMs(event.record.metrics.durationMs)}${ending(event.record)}`
    case 'platform.start':
      return `START RequestId: ${event.record.requestId} Version: ${event.record.version}`
    case 'platform.end':
      return `END RequestId: ${event.record.requestId}`
    case 'platform.report':
      return toReportText(event.record)
    case 'platform.extension': {
      const { name, state, events, errorType } = event.record
      const head = `EXTENSION\tName: ${toWord(name)}\tState: ${state}\tEvents: [${events.join(', ')}]`
      return errorType === undefined ? head : `${head}\tError Type: ${toWord(errorType)}`
    }
    case 'platform.telemetrySubscription':
      return subscriptionText('TELEMETRY', event.record)
    case 'platform.logsSubscription':
      return subscriptionText('LOGS', event.record)
    default:
      return undefined
  }
}

/** Names and types that functions and extensions give themselves begin no field and no line. */
function toWord(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029]/gu, '?')
}

function toMs(durationMs: number): string {
  return `${durationMs.toFixed(2)} ms`
}

/** A runtime of the customer's own has no version and no line. */
function startText(
  head: string,
  record: { readonly runtimeVersion?: string; readonly runtimeVersionArn?: string },
): string | undefined {
  const { runtimeVersion, runtimeVersionArn } = record
  if (runtimeVersion === undefined) return undefined
  return `${head} Runtime Version: ${runtimeVersion}\tRuntime Version ARN: ${runtimeVersionArn}`
}

const typeNames: Readonly<Record<TelemetryType, string>> = {
  platform: 'Platform',
  function: 'Function',
  extension: 'Extension',
}

function subscriptionText(
  head: string,
  record: {
    readonly name: string
    readonly state: string
    readonly types: readonly TelemetryType[]
  },
): string {
  const types = record.types.map((type) => typeNames[type]).join(', ')
  return `${head}\tName: ${toWord(record.name)}\tState: ${record.state}\tTypes: [${types}]`
}

/** A trailing tab when all went well, `Status` members otherwise; a second line for a traced invocation. */
function toReportText(record: InvocationReport): string {
  const { metrics, tracing } = record
  let text =
    `REPORT RequestId: ${record.requestId}\tDuration: ${toMs(metrics.durationMs)}` +
    `\tBilled Duration: ${metrics.billedDurationMs} ms\tMemory Size: ${metrics.memorySizeMB} MB` +
    `\tMax Memory Used: ${metrics.maxMemoryUsedMB} MB`
  if (metrics.initDurationMs !== undefined) {
    text += `\tInit Duration: ${toMs(metrics.initDurationMs)}`
  }
  if (metrics.restoreDurationMs !== undefined) {
    text += `\tRestore Duration: ${toMs(metrics.restoreDurationMs)}`
  }
  if (metrics.billedRestoreDurationMs !== undefined) {
    text += `\tBilled Restore Duration: ${metrics.billedRestoreDurationMs} ms`
  }
  text = record.status === 'success' ? `${text}\t` : text + ending(record)
  return tracing?.spanId === undefined ? text : `${text}\n${toXrayText(tracing)}`
}

function toXrayText({ spanId, value }: Tracing): string {
  const root = /(?:^|;)Root=([^;]*)/.exec(value)?.[1] ?? ''
  return `XRAY TraceId: ${root}\tSegmentId: ${spanId}\tSampled: true\t`
}

function ending(record: { readonly status: string; readonly errorType?: string }): string {
  if (record.status === 'success') return ''
  const { errorType } = record
  return `\tStatus: ${record.status}${errorType === undefined ? '' : `\tError Type: ${toWord(errorType)}`}`
}

function isShownInJson(event: PlatformEvent, systemLogLevel: string | undefined): boolean {
  return !isOfLogsApi(event.type) && isLoudEnough(event, systemLogLevel)
}

/** Events that only the Logs API has; `end` is a line in text besides. */
function isOfLogsApi(type: PlatformEvent['type']): boolean {
  return type === 'platform.end' || type === 'platform.fault'
}

/** An event as the Telemetry API delivers it, durations with three decimals. @param nowMs  epoch ms */
export function toEventJson(
  event: { readonly type: PlatformEvent['type']; readonly record: unknown },
  nowMs: number,
): string {
  const time = new Date(nowMs).toISOString()
  return JSON.stringify({ time, type: event.type, record: event.record }, rounded)
}

function rounded(key: string, value: unknown): unknown {
  return key.endsWith('Ms') && typeof value === 'number' ? Math.round(value * 1000) / 1000 : value
}
