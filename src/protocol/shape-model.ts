/**
 * The form of the generated service models (`models/<service>.json`, written by scripts/generate-models.ts) and of the index over
 * them. Shapes refer to each other by their place in the `shapes` array. Types only.
 * source: Smithy 2.0 IDL, "Aggregate types", "HTTP bindings", "XML bindings" and "Constraint traits".
 */
import type { ServiceName } from './services.ts'

/** The wire protocols that the codec speaks. */
export type Protocol =
  | 'restJson1'
  | 'restXml'
  | 'awsJson1_0'
  | 'awsJson1_1'
  | 'awsQuery'
  | 'rpcv2Cbor'

export type TimestampFormat = 'date-time' | 'http-date' | 'epoch-seconds'

export type StringShape = {
  readonly type: 'string'
  readonly min?: number
  readonly max?: number
  /** as AWS prints it; always matches the whole value */
  readonly pattern?: string
  /** the same for JavaScript, where AWS's own is no valid or no safe expression */
  readonly regex?: string
  readonly enum?: readonly string[]
  readonly sensitive?: 1
}

export type NumberShape = {
  readonly type: 'integer' | 'long' | 'float' | 'double'
  readonly min?: number
  readonly max?: number
  readonly sensitive?: 1
}

export type BooleanShape = { readonly type: 'boolean' }
/** `format` undefined: the default of the place where it stands */
export type TimestampShape = { readonly type: 'timestamp'; readonly format?: TimestampFormat }
export type BlobShape = {
  readonly type: 'blob'
  /** bytes */
  readonly min?: number
  readonly max?: number
  readonly streaming?: 1
  readonly sensitive?: 1
}
export type ListShape = {
  readonly type: 'list'
  readonly of: number
  /** XML name of an item; `member` unless told */
  readonly item?: string
  readonly min?: number
  readonly max?: number
  readonly sensitive?: 1
}
export type MapShape = {
  readonly type: 'map'
  readonly key: number
  readonly value: number
  readonly keyName?: string
  readonly valueName?: string
  readonly min?: number
  readonly max?: number
  readonly sensitive?: 1
}

/** Where in a message a member travels, unless in its body. */
export type Location =
  | 'label'
  | 'header'
  | 'query'
  | 'queryParams'
  | 'prefixHeaders'
  | 'payload'
  | 'statusCode'
  | 'hostLabel'
  | 'eventHeader'
  | 'eventPayload'

export type MemberModel = {
  readonly shape: number
  readonly required?: 1
  readonly in?: Location
  /** name at that location: header, query key, header prefix */
  readonly name?: string
  readonly json?: string
  readonly xml?: string
  readonly flat?: 1
  readonly attribute?: 1
  /** prefix and URI of an XML namespace declared on the element */
  readonly namespace?: readonly [string, string]
  /** filled in by the server when absent */
  readonly token?: 1
}

export type ErrorModel = {
  readonly fault: 'client' | 'server'
  readonly status: number
  /** name and status in the query protocol, where they differ */
  readonly query?: readonly [code: string, status: number]
}

export type StructureShape = {
  readonly type: 'structure'
  readonly name: string
  readonly members: Readonly<Record<string, MemberModel>>
  /** XML name of the root element */
  readonly xml?: string
  readonly error?: ErrorModel
  /** a union whose values are the events of a stream */
  readonly events?: 1
}

export type ShapeModel =
  | StringShape
  | NumberShape
  | BooleanShape
  | TimestampShape
  | BlobShape
  | ListShape
  | MapShape
  | StructureShape

export type OperationModel = {
  /** method, URI pattern with static query, status; REST protocols only */
  readonly http?: readonly [method: string, uri: string, status: number]
  readonly input?: number
  readonly output?: number
  /** names of the errors this operation declares */
  readonly errors: readonly string[]
  /** may be called without a signature */
  readonly unsigned?: 1
}

export type ModelFile = {
  readonly service: ServiceName
  readonly shapes: readonly ShapeModel[]
  readonly operations: Readonly<Record<string, OperationModel>>
  /** error name -> shape */
  readonly errors: Readonly<Record<string, number>>
}

/** What must be known of a service before its model is loaded. */
export type ServiceFacts = {
  readonly protocol: Protocol
  /** `X-Amz-Target` prefix, and the service name in rpcv2Cbor paths */
  readonly target: string
  /** service name in the credential scope */
  readonly signingName: string
  /** first labels of AWS's host name, e.g. `api.ecr` */
  readonly hostPrefix: string
  readonly version: string
  /** `Service` of shape ids in errors, e.g. `com.amazonaws.sqs` */
  readonly namespace: string
  readonly xmlNamespace?: string
  /** speaks the query protocol beside its own; errors carry query codes */
  readonly queryCompatible?: 1
}

export type ModelIndex = Readonly<Record<ServiceName, ServiceFacts>>
