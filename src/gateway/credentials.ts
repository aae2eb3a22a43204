/** Who may call: access keys of people and sealed session credentials of functions. The contract; see credential-store.ts. */

export type Credential = {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly accountId: string
  /** ARN of the principal */
  readonly arn: string
  /** temporary credentials only: the gateway refuses them from then on */
  readonly expiresAtMs?: number
}

export type SessionCredential = Credential & {
  readonly sessionToken: string
  readonly expiresAtMs: number
}

export type Credentials = {
  /** Synchronous: the hot path. undefined = unknown, revoked or forged. Expired ones are found too, so that the gateway can
   *  word the error: it looks at `expiresAtMs`. */
  find(accessKeyId: string, sessionToken?: string): Credential | undefined
  /** Temporary credentials of an assumed role; the token is sealed, nothing is stored. */
  issueSession(request: {
    accountId: string
    roleArn: string
    sessionName: string
    durationMs: number
  }): SessionCredential
  /** Make long-lived credentials; from then on `test` is gone. The secret is shown once. */
  create(accountId: string): Promise<Credential>
  /** true as long as nobody made credentials of their own: only loopback may be bound */
  readonly isDefault: boolean
}
