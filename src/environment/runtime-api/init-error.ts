/** `POST runtime/init/error`: the runtime could not initialise.
 *  source: AWS Lambda dev guide "Using the Lambda runtime API", Initialization error; Runtime Interface Emulator, rapi/handler. */
import { lambdaLimits } from '../../config.ts'
import type { RequestHead } from '../../lib/http/head.ts'
import { toErrorType } from './error-type.ts'
import type { Receiver } from './connection.ts'
import { accepted, invalidTransition, tooLarge, truncated } from './replies.ts'
import type { RuntimeSession } from './session.ts'

/** Unlike the other posts, the state is looked at after the body was read. */
export function initError(session: RuntimeSession, head: RequestHead): Receiver {
  return {
    maxBytes: lambdaLimits.maxPayloadBytes,
    end: (body, connection) => {
      if (body.state !== 'complete') {
        connection.reply(body.state === 'too-large' ? tooLarge : truncated)
        return
      }
      const before = session.state
      if (!session.move('init-error')) {
        connection.reply(invalidTransition(before, 'init-error'))
        return
      }
      connection.reply(accepted)
      const errorType = toErrorType(head.headers['lambda-runtime-function-error-type'])
      session.listener.onInitError(session, { errorType, payload: body.chunks })
    },
  }
}
