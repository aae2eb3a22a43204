/** Which extension calls: the header Lambda-Extension-Identifier. Also for what else extensions may call (telemetry, logs). */
import type { RequestHead } from '../../lib/http/head.ts'
import { invalidIdentifier, missingIdentifier } from './refusals.ts'

const uuid = /^(?:urn:uuid:)?\{?([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\}?$/

export type Identified =
  | { readonly id: string; readonly refusal?: undefined }
  | { readonly refusal: string }

/** @returns the identifier in lower case, known or not; or the whole HTTP response that refuses the call */
export function identify(head: RequestHead): Identified {
  const text = head.headers['lambda-extension-identifier'] ?? ''
  if (text === '') return { refusal: missingIdentifier }
  const id = uuid.exec(text.toLowerCase())?.[1]
  return id === undefined ? { refusal: invalidIdentifier } : { id }
}
