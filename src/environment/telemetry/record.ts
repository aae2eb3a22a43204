/**
 * One thing to tell subscribers, and how each of them is told: the Telemetry API has the platform's events as they are, the Logs API
 * has fewer and with less in them.
 * source: AWS Lambda dev guide "Lambda Telemetry API Event schema reference", "Using the Lambda Logs API".
 */
import type { PlatformEvent } from '../../observe/platform-events.ts'
import { toEventJson } from '../../observe/platform-lines.ts'
import type { Subscription } from './subscription.ts'

export type TelemetryRecord =
  /** @param timeMs  epoch ms */
  | { readonly timeMs: number; readonly type: 'platform'; readonly event: PlatformEvent }
  | {
      readonly timeMs: number
      readonly type: 'function' | 'extension'
      /** without its newline */
      readonly line: string
    }

/** @param isJson  the function logs in JSON: lines that are JSON objects are delivered as such by schemas that know it
 *  @returns the record as JSON text, without a newline in it; undefined when the subscriber does not get it */
export function toDelivered(
  record: TelemetryRecord,
  { api, types, schemaVersion }: Pick<Subscription, 'api' | 'types' | 'schemaVersion'>,
  isJson: boolean,
): string | undefined {
  if (!types.includes(record.type)) return undefined
  if (record.type === 'platform') {
    const event =
      api === 'logs' ? toLogsApi(record.event, schemaVersion) : toTelemetryApi(record.event)
    return event === undefined ? undefined : toEventJson(event, record.timeMs)
  }
  const { line, type, timeMs } = record
  const time = new Date(timeMs).toISOString()
  const isParsed = isJson && api === 'telemetry' && schemaVersion !== '2022-07-01'
  const content = isParsed && isObject(line) ? line : JSON.stringify(`${line}\n`)
  return `{"time":"${time}","type":"${type}","record":${content}}`
}

/** What it costs to keep, about. */
export function sizeOf(record: TelemetryRecord): number {
  const overheadBytes = 100
  return overheadBytes + (record.type === 'platform' ? 400 : record.line.length)
}

function isObject(line: string): boolean {
  if (!line.startsWith('{')) return false
  try {
    JSON.parse(line)
    return true
  } catch {
    return false
  }
}

function toTelemetryApi(event: PlatformEvent): PlatformEvent | undefined {
  switch (event.type) {
    case 'platform.end':
    case 'platform.fault':
    case 'platform.logsSubscription':
      return undefined
    default:
      return event
  }
}

/** An event of the Logs API, whose records are smaller. */
type LogsEvent = { readonly type: PlatformEvent['type']; readonly record: unknown }

function toLogsApi(event: PlatformEvent, schemaVersion: string): LogsEvent | undefined {
  switch (event.type) {
    case 'platform.start': {
      const { requestId, version } = event.record
      return { type: event.type, record: { requestId, version } }
    }
    case 'platform.runtimeDone': {
      if (schemaVersion === '2020-08-15') return undefined
      const { requestId, status } = event.record
      return { type: event.type, record: { requestId, status } }
    }
    case 'platform.report': {
      const { requestId, metrics } = event.record
      return { type: event.type, record: { requestId, metrics } }
    }
    case 'platform.end':
    case 'platform.extension':
    case 'platform.logsSubscription':
    case 'platform.logsDropped':
    case 'platform.fault':
      return event
    default:
      return undefined
  }
}
