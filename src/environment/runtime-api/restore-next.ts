/** `GET runtime/restore/next`: the runtime is initialised and may be snapshotted; the answer comes when it goes on from there.
 *  source: AWS Lambda dev guide "Using the Lambda runtime API" and "Lambda SnapStart"; Runtime Interface Emulator, rapi/handler. */
import type { Body, Connection } from './connection.ts'
import { invalidTransition } from './replies.ts'
import type { RuntimeSession } from './session.ts'

/** Park the call until the restore. */
export function restoreNext(session: RuntimeSession, _body: Body, connection: Connection): void {
  const before = session.state
  if (session.move('restore-next')) session.parkForRestore(connection, before)
  else connection.reply(invalidTransition(before, 'restore-next'))
}
