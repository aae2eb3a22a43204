/** `GET extension/event/next`: the extension is initialised, or done with its event, and waits for the next one.
 *  source: AWS Lambda dev guide "Using the Lambda Extensions API", Next; Runtime Interface Emulator, rapi/handler. */
import type { RequestHead } from '../../lib/http/head.ts'
import type { Receiver } from '../runtime-api/connection.ts'
import { refusal } from '../runtime-api/refusal.ts'
import type { Extensions } from './extensions.ts'
import { identify } from './identify.ts'
import { invalidState, unknownIdentifier } from './refusals.ts'

export function next(extensions: Extensions, head: RequestHead): Receiver {
  const caller = identify(head)
  if (caller.refusal !== undefined) return refusal(caller.refusal)
  const extension = extensions.findById(caller.id)
  if (!extension) return refusal(unknownIdentifier(`Unknown extension ${caller.id}`))
  return {
    maxBytes: 0,
    end: (_body, connection) => {
      const before = extension.state
      if (!extension.isUnheard && !extension.move('next')) {
        connection.reply(invalidState(before, 'next', extension.id))
        return
      }
      extension.park(connection)
      extensions.listener.onExtensionMoved(extension)
    },
  }
}
