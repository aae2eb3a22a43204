/** Answers of the query protocol. source: Smithy 2.0, "AWS query protocol", response serialization. */
import type { Operation } from '../load-model.ts'
import type { WireResponse } from '../wire.ts'
import { encodeXmlContent, escapeText, queryNamespace } from '../xml/encode.ts'

/** `<XResponse><XResult>…</XResult><ResponseMetadata>…`; the result is left out where the operation has no output. */
export function encodeQueryOutput(
  operation: Operation,
  output: Readonly<Record<string, unknown>>,
  requestId: string,
): WireResponse {
  const { name, model, outputShape } = operation
  const content = encodeXmlContent(model, outputShape, output)
  const result = operation.output === undefined ? '' : `<${name}Result>${content}</${name}Result>`
  const metadata = `<ResponseMetadata><RequestId>${escapeText(requestId)}</RequestId></ResponseMetadata>`
  const body = `<${name}Response xmlns="${queryNamespace(model)}">${result}${metadata}</${name}Response>`
  return { status: 200, headers: { 'content-type': 'text/xml' }, body: Buffer.from(body) }
}
