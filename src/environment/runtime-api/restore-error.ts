/** `POST runtime/restore/error`: what the function does after a restore failed.
 *  source: AWS Lambda dev guide "Using the Lambda runtime API"; Runtime Interface Emulator, rapi/handler. */
import type { RequestHead } from '../../lib/http/head.ts'
import type { Receiver } from './connection.ts'
import { postedErrorReceiver } from './init-error.ts'
import type { RuntimeSession } from './session.ts'

/** Allowed while the runtime goes on from its snapshot only. */
export function restoreError(session: RuntimeSession, head: RequestHead): Receiver {
  return postedErrorReceiver(session, head, 'restore-error')
}
