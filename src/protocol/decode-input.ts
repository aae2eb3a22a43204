/** A request's input in whichever protocol it came. Called by codec.ts, which validates it afterwards. */
import { decodeCbor } from './cbor/decode.ts'
import { serializationError } from './faults.ts'
import { jsonDecoder, parseJson } from './json/decode.ts'
import type { Operation } from './load-model.ts'
import { decodeQueryInput } from './query/decode.ts'
import { decodeRestInput } from './rest/input.ts'
import type { Identified, WireBody, WireRequest } from './wire.ts'

/** Decode an input without checking its constraints.
 *  @throws AwsError SerializationException, MalformedInput, MalformedXML (400) */
export function decodeUnchecked(
  identified: Identified,
  operation: Operation,
  { request, body }: { readonly request: WireRequest; readonly body: WireBody },
): unknown {
  const { protocol } = identified
  if (protocol === 'restJson1' || protocol === 'restXml') {
    return decodeRestInput({ operation, identified, request }, body)
  }
  if (!(body instanceof Uint8Array)) throw serializationError('The body is not complete')
  if (protocol === 'awsQuery') return decodeQueryInput(operation, request, body)
  const isCbor = protocol === 'rpcv2Cbor'
  const value = isCbor && body.length > 0 ? decodeCbor(body) : isCbor ? {} : parseJson(body)
  return jsonDecoder(operation.model, operation.inputShape)(value)
}
