/** `GET /2021-04-23/credentials`: what the variables say in other environments. A snapshot outlives credentials, so here they are
 *  asked for. source: AWS Lambda dev guide "Lambda SnapStart"; Runtime Interface Emulator, rapi/handler. */
import type { RequestHead } from '../../lib/http/head.ts'
import type { Receiver } from './connection.ts'
import { refusal } from './refusal.ts'
import { reply, unknownToken } from './replies.ts'
import type { RuntimeSession } from './session.ts'

/** Answer whoever has the token of AWS_CONTAINER_AUTHORIZATION_TOKEN. */
export function credentials(session: RuntimeSession, head: RequestHead): Receiver {
  const json = session.snapshot?.credentials(head.headers['authorization'] ?? '')
  return refusal(json === undefined ? unknownToken : reply('200 OK', 'application/json', json))
}
