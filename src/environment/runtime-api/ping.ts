/** `GET ping`: is the API there. source: Runtime Interface Emulator, rapi/handler. */
import type { Body, Connection } from './connection.ts'
import { pong } from './replies.ts'
import type { RuntimeSession } from './session.ts'

export function ping(_session: RuntimeSession, _body: Body, connection: Connection): void {
  connection.reply(pong)
}
