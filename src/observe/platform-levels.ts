/**
 * How loud an event of the platform is. A function that logs in JSON shows what is as loud as its system log level; subscribers get
 * everything.
 * source: AWS Lambda dev guide "System log level event mapping".
 */
import type { PlatformEvent, PlatformStatus } from './platform-events.ts'

const levels = ['DEBUG', 'INFO', 'WARN'] as const
export type SystemLogLevel = (typeof levels)[number]

/** @param least  the function's SystemLogLevel; INFO when it is none of the three */
export function isLoudEnough(event: PlatformEvent, least: string | undefined): boolean {
  const leastIndex = levels.findIndex((level) => level === least)
  return levels.indexOf(levelOf(event)) >= (leastIndex === -1 ? 1 : leastIndex)
}

function levelOf(event: PlatformEvent): SystemLogLevel {
  switch (event.type) {
    case 'platform.initStart':
    case 'platform.restoreStart':
      return event.record.runtimeVersion === undefined ? 'DEBUG' : 'INFO'
    case 'platform.initRuntimeDone':
    case 'platform.restoreRuntimeDone':
    case 'platform.runtimeDone':
      return unless(event.record.status, 'DEBUG')
    case 'platform.initReport':
      return unless(
        event.record.status,
        event.record.initializationType === 'on-demand' ? 'DEBUG' : 'INFO',
      )
    case 'platform.report':
    case 'platform.restoreReport':
      return unless(event.record.status, 'INFO')
    case 'platform.extension':
      return event.record.errorType === undefined ? 'INFO' : 'WARN'
    case 'platform.logsDropped':
    case 'platform.fault':
      return 'WARN'
    default:
      return 'INFO'
  }
}

/** What did not succeed is a warning. */
function unless(status: PlatformStatus, level: SystemLogLevel): SystemLogLevel {
  return status === 'success' ? level : 'WARN'
}
