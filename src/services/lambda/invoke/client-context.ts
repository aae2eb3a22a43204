/** `X-Amz-Client-Context`: base64 of a JSON object about the caller, handed to the function as it is. */
import { lambdaLimits } from '../../../config.ts'
import { invalidRequestContent } from '../../../lib/errors/lambda.ts'
import { isJsonObject } from '../../../lib/json.ts'

/** The JSON text of the header, as printable ASCII in one line, since it becomes a header again: clients written in Rust take no other;
 *  undefined without one.
 *  @throws AwsError InvalidRequestContentException (400) when it is no JSON object or too long
 *  @source AWS Lambda API reference "Invoke": at most 3,583 bytes of base64; the text is the service's own */
export function readClientContext(header: string | undefined): string | undefined {
  if (header === undefined || header === '') return undefined
  if (header.length > lambdaLimits.maxClientContextBytes) {
    throw invalidRequestContent(
      `Client context must be no more than ${lambdaLimits.maxClientContextBytes} bytes when Base64-encoded.`,
    )
  }
  const text = decodeBase64(header)
  if (text === undefined || !isObject(text)) {
    throw invalidRequestContent('Client context must be a valid Base64-encoded JSON object.')
  }
  return toHeaderText(text)
}

/** In JSON, control characters stand only between its parts, and every other character may be written by its number. */
function toHeaderText(json: string): string {
  return json
    .replaceAll(/[\t\n\r]/g, ' ')
    .replaceAll(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

function decodeBase64(header: string): string | undefined {
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(header)) return undefined
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(header, 'base64'))
  } catch {
    return undefined
  }
}

function isObject(text: string): boolean {
  try {
    return isJsonObject(JSON.parse(text))
  } catch {
    return false
  }
}
