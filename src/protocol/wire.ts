/** What crosses the boundary between the gateway and the codec: requests, responses and what a request was identified as. */
import type { ServiceName } from './services.ts'
import type { Protocol } from './shape-model.ts'

export type WireRequest = {
  readonly method: string
  /** as on the wire: path, still percent-encoded, and query */
  readonly target: string
  /** lower-case names; repeated headers joined by `, ` */
  readonly headers: Readonly<Record<string, string>>
  /** the `Host` header */
  readonly host: string
}

/** A body as bytes, or the bytes as they arrive. */
export type WireBody = Uint8Array | AsyncIterable<Uint8Array>

export type WireResponse = {
  readonly status: number
  /** lower-case names; without content-length, request id and date, which the gateway adds */
  readonly headers: Readonly<Record<string, string>>
  /** empty for 204, 304 and for answers to HEAD */
  readonly body: WireBody
}

/** The credential scope of a request, from its `Authorization` header or its presigned query. */
export type Scope = { readonly service: string; readonly region: string }

/** What a request asks for. */
export type Identified = {
  readonly service: ServiceName
  readonly protocol: Protocol
  /** undefined: the service has no such operation, or `needsBody` */
  readonly operation?: string
  /** the operation stands in the form body: identify again with it */
  readonly needsBody: boolean
  /** the body is one opaque stream, to be handed to decodeInput as it arrives */
  readonly streamsInput: boolean
  /** the model lets anybody call this operation, without a signature */
  readonly isUnsigned: boolean
  /** answers carry no body */
  readonly isHead: boolean
  /** raw values of the URI's labels, decoded */
  readonly labels: Readonly<Record<string, string>>
}
