/** `POST extension/init/error` and `POST extension/exit/error`: the extension cannot go on and is about to exit. The body is not read.
 *  source: AWS Lambda dev guide "Using the Lambda Extensions API"; Runtime Interface Emulator, rapi/handler. */
import type { RequestHead } from '../../lib/http/head.ts'
import type { Receiver } from '../runtime-api/connection.ts'
import { refusal } from '../runtime-api/refusal.ts'
import { accepted } from '../runtime-api/replies.ts'
import type { Extensions } from './extensions.ts'
import { identify } from './identify.ts'
import { forbidden, invalidState, unknownIdentifier } from './refusals.ts'

const fatalTypes = {
  'init-error': 'Extension.InitError',
  'exit-error': 'Extension.ExitError',
} as const

const maxTypeLength = 256

export function postError(
  extensions: Extensions,
  head: RequestHead,
  call: keyof typeof fatalTypes,
): Receiver {
  const caller = identify(head)
  if (caller.refusal !== undefined) return refusal(caller.refusal)
  const errorType = head.headers['lambda-extension-function-error-type'] ?? ''
  if (errorType === '') {
    const text = 'Lambda-Extension-Function-Error-Type not found'
    return refusal(forbidden('Extension.MissingHeader', text))
  }
  const extension = extensions.findById(caller.id)
  if (!extension) return refusal(unknownIdentifier('Unknown Lambda-Extension-Identifier'))
  return {
    maxBytes: 0,
    end: (_body, connection) => {
      const before = extension.state
      if (!extension.move(call)) {
        connection.reply(invalidState(before, call, extension.id))
        return
      }
      connection.reply(accepted)
      extension.blame(errorType.slice(0, maxTypeLength))
      extensions.listener.onExtensionError(extension, fatalTypes[call])
    },
  }
}
