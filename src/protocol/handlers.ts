/**
 * The types of a service's handlers, taken from the SDK's client package (types only, gone at run time):
 * `Handlers<typeof import('@aws-sdk/client-lambda'), Ctx>` has one optional member per operation.
 */

/** Names of the operations an SDK client package has, from its `XCommand` classes. */
export type OperationName<Sdk> = {
  [K in keyof Sdk]: K extends `${infer Name}Command`
    ? Sdk[K] extends { prototype: { input: object } }
      ? Name
      : never
    : never
}[keyof Sdk]

type CommandOf<Sdk, Name extends string> = `${Name}Command` extends keyof Sdk
  ? Sdk[`${Name}Command`]
  : never

/** Input of an operation, as the SDK's caller writes it. */
export type OperationInput<Sdk, Name extends string> =
  CommandOf<Sdk, Name> extends { prototype: { input: infer Input } } ? Input : never

/** Output of an operation, without the SDK's own `$metadata`. */
export type OperationOutput<Sdk, Name extends string> =
  CommandOf<Sdk, Name> extends {
    prototype: { resolveMiddleware(...args: never[]): (...args: never[]) => Promise<infer Wrapped> }
  }
    ? Wrapped extends { output: infer Output }
      ? Omit<Output, '$metadata'>
      : never
    : never

/** One function per operation: decoded input and context in, output out; AwsError thrown. */
export type Handlers<Sdk, Ctx> = unknown extends Sdk
  ? Readonly<Record<string, (input: never, context: Ctx) => unknown>>
  : {
      readonly [Name in OperationName<Sdk> & string]?: (
        input: OperationInput<Sdk, Name>,
        context: Ctx,
      ) => OperationOutput<Sdk, Name> | Promise<OperationOutput<Sdk, Name>>
    }
