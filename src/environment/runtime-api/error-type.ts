/** The category of an error that a runtime reports. It goes into logs and metrics, never to the caller. */

const known = /(?:Runtime|Function)\.[A-Z][a-zA-Z]+/
const maxLength = 256

/** Sanitise the header `Lambda-Runtime-Function-Error-Type`.
 *  source: Runtime Interface Emulator, fatalerror */
export function toErrorType(value: string | undefined): string {
  if (value === undefined) return 'Runtime.Unknown'
  if (known.test(value)) return value.slice(0, maxLength)
  return value.startsWith('Function.') ? 'Function.Unknown' : 'Runtime.Unknown'
}
