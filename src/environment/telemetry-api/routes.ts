/** Which of the two APIs a request is for. They are where the Extensions API is: nobody else can subscribe.
 *  source: Runtime Interface Emulator, rapi/router. */
import type { RequestHead } from '../../lib/http/head.ts'
import type { Extensions } from '../extensions-api/extensions.ts'
import { identify } from '../extensions-api/identify.ts'
import { unknownIdentifier } from '../extensions-api/refusals.ts'
import type { Receiver } from '../runtime-api/connection.ts'
import type { TelemetryApiName } from '../telemetry/subscription.ts'
import { type Caller, subscribe } from './subscribe.ts'

const paths: ReadonlyMap<string, TelemetryApiName> = new Map([
  ['/2022-07-01/telemetry', 'telemetry'],
  ['/2022-07-01/telemetry/', 'telemetry'],
  ['/2020-08-15/logs', 'logs'],
  ['/2020-08-15/logs/', 'logs'],
])

/** @returns undefined when the path is none of these APIs */
export function routeTelemetry(
  extensions: Extensions,
  head: RequestHead,
  path: string,
): Receiver | undefined {
  const { telemetry, isEnabled } = extensions
  const api = paths.get(path)
  if (api === undefined || telemetry === undefined || !isEnabled) return undefined
  return subscribe({ telemetry, findCaller: (asked) => findCaller(extensions, asked) }, api, head)
}

function findCaller(extensions: Extensions, head: RequestHead): Caller {
  const caller = identify(head)
  if (caller.refusal !== undefined) return caller
  const extension = extensions.findById(caller.id)
  if (!extension) return { refusal: unknownIdentifier(`Unknown extension ${caller.id}`) }
  return { name: extension.name }
}
