/** Outcomes that could not go where they should: said in the function's own log, with as much of the outcome as a line holds. */
import { limits } from '../config.ts'
import type { Clock } from '../lib/clock.ts'
import type { Logs } from '../observe/logs.ts'
import type { AsyncSettingsSource } from './async-settings.ts'
import type { Undelivered } from './destinations.ts'

/** The log stream in which it is said. */
export const undeliveredStream = 'lair/undelivered'

/** Be told of such an outcome. */
export type TellUndelivered = (undelivered: Undelivered) => void

/** Tell users through the log. */
export function createUndeliveredLog(
  logs: Logs,
  settings: AsyncSettingsSource,
  clock: Clock,
): TellUndelivered {
  return ({ delivery, reason }) => {
    const { arn, record, condition, body, deadLetter } = delivery
    const what = deadLetter === undefined ? 'invocation record' : 'event'
    const text = Buffer.from(body).toString('utf8', 0, limits.maxLogLineBytes / 2)
    const logGroup = settings.logGroup(record, record.functionName)
    logs.append(record, logGroup, undeliveredStream, {
      timestampMs: clock.nowMs(),
      message:
        `LAIR Cannot deliver the ${what} of request ${record.requestId} (${condition}) to ${arn}: ${reason}. ` +
        `It is not kept anywhere else: ${text}`,
    })
  }
}
