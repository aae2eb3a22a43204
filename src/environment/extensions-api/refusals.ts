/** What an extension is told when its call is refused: always 403, with AWS's types and texts.
 *  source: Runtime Interface Emulator, rapi/handler and rapi/middleware; AWS's guide lists 400 and 403. */
import { jsonReply } from '../runtime-api/replies.ts'
import { type ExtensionState, wantedExtensionState } from '../states.ts'

export function forbidden(errorType: string, errorMessage: string): string {
  return jsonReply('403 Forbidden', { errorMessage, errorType })
}

/** @param subject  its name when it registers, its identifier afterwards */
export function invalidState(
  from: ExtensionState,
  call: keyof typeof wantedExtensionState,
  subject: string,
): string {
  return forbidden(
    'Extension.InvalidExtensionState',
    `State transition from ${from} to ${wantedExtensionState[call]} failed for extension ${subject}. Error: State transition is not allowed`,
  )
}

export const missingIdentifier = forbidden(
  'Extension.MissingExtensionIdentifier',
  'Missing Lambda-Extension-Identifier header',
)
export const invalidIdentifier = forbidden(
  'Extension.InvalidExtensionIdentifier',
  'Invalid Lambda-Extension-Identifier',
)

export function unknownIdentifier(text: string): string {
  return forbidden('Extension.UnknownExtensionIdentifier', text)
}
