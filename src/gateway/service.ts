/**
 * What a service gives to the gateway, and what the gateway gives to a service: the meeting point of protocol and rooms above.
 */
import type { Handlers } from '../protocol/handlers.ts'
import type { ServiceName } from '../protocol/services.ts'
import type { Place } from '../model.ts'

/** Who signed the request. */
export type Caller = {
  readonly accountId: string
  readonly accessKeyId: string
  /** `arn:aws:iam::<account>:root`, a user, or an assumed role */
  readonly arn: string
}

/** Everything a handler may know of the request beside its input. */
export type RequestContext = Place & {
  readonly requestId: string
  /** undefined for the operations that are open to unsigned callers */
  readonly caller: Caller | undefined
  /** base URL as this client reaches us, e.g. `http://127.0.0.1:4566`; no trailing slash */
  readonly endpoint: string
  /** lower-case names; repeated headers joined by `, ` */
  readonly headers: Readonly<Record<string, string>>
  /** aborted when the client has gone */
  readonly signal: AbortSignal
}

/** A request that a service wants undecoded: the hot path. */
export type RawRequest = {
  readonly method: string
  /** as on the wire, still percent-encoded, with the query */
  readonly target: string
  readonly headers: Readonly<Record<string, string>>
  /** complete; chunks to be passed on uncopied */
  readonly body: readonly Uint8Array[]
}

export type RawResponse = {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: readonly Uint8Array[]
}

export type RawHandler = (request: RawRequest, context: RequestContext) => Promise<RawResponse>

/** One AWS service. Operations without a handler answer 501 in the protocol's own error form. */
export type Service<Sdk = unknown> = {
  readonly name: ServiceName
  readonly handlers: Handlers<Sdk, RequestContext>
  /** operation name -> handler that bypasses the codec; errors thrown are rendered all the same */
  readonly raw?: Readonly<Record<string, RawHandler>>
}
