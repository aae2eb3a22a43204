/** The caller's errors: what AWS would answer. Thrown by handlers, turned into bytes by the gateway alone. */

export type AwsErrorFields = Readonly<Record<string, unknown>>

export type AwsErrorOptions = {
  /** the shape's name, e.g. `ResourceNotFoundException` */
  readonly code: string
  readonly status: number
  readonly message: string
  /** further modelled members, e.g. `Type`, `Reason`, `retryAfterSeconds` */
  readonly fields?: AwsErrorFields
}

/** An error of the caller (4xx) or of the service (5xx), as modelled by AWS. */
export class AwsError extends Error {
  readonly code: string
  readonly status: number
  readonly fields: AwsErrorFields

  constructor(options: AwsErrorOptions) {
    super(options.message)
    this.name = options.code
    this.code = options.code
    this.status = options.status
    this.fields = options.fields ?? {}
  }
}
