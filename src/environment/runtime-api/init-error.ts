/** `POST runtime/init/error`: the runtime could not initialise.
 *  source: AWS Lambda dev guide "Using the Lambda runtime API", Initialization error; Runtime Interface Emulator, rapi/handler. */
import { lambdaLimits } from '../../config.ts'
import type { RequestHead } from '../../lib/http/head.ts'
import { toErrorType } from './error-type.ts'
import type { Receiver } from './connection.ts'
import { accepted, invalidTransition, tooLarge, truncated } from './replies.ts'
import type { RuntimeSession } from './session.ts'

/** While the runtime goes on from a snapshot it means the same as restore/error. */
export function initError(session: RuntimeSession, head: RequestHead): Receiver {
  return postedErrorReceiver(session, head, 'init-error')
}

/** Takes an error that ends the process. Unlike the other posts, the state is looked at after the body was read. */
export function postedErrorReceiver(
  session: RuntimeSession,
  head: RequestHead,
  call: 'init-error' | 'restore-error',
): Receiver {
  return {
    maxBytes: lambdaLimits.maxPayloadBytes,
    end: (body, connection) => {
      if (body.state !== 'complete') {
        connection.reply(body.state === 'too-large' ? tooLarge : truncated)
        return
      }
      const before = session.state
      if (!session.move(call)) {
        connection.reply(invalidTransition(before, call))
        return
      }
      connection.reply(accepted)
      const errorType = toErrorType(head.headers['lambda-runtime-function-error-type'])
      session.listener.onInitError(session, { errorType, payload: body.chunks })
    },
  }
}
