/** The credentials of an environment that is made for a snapshot: asked for over HTTP with a token, and fresh after a restore.
 *  source: AWS Lambda dev guide "Lambda SnapStart"; Runtime Interface Emulator, core/credentials */
import { timingSafeEqual } from 'node:crypto'
import type { EnvironmentOptions } from '../options.ts'
import type { SnapshotAccess } from '../runtime-api/session.ts'
import type { FunctionCredentials } from '../variables.ts'

/** What the runtime is told instead of static credentials: where to ask, and with which token. */
export type ContainerCredentials = { readonly url: string; readonly token: string }

/** Only an environment that is made for a snapshot has them. */
export function credentialsOfSnapshot({
  initializationType,
  ids,
  credentials,
}: EnvironmentOptions): SnapshotCredentials | undefined {
  if (initializationType !== 'snap-start') return undefined
  return new SnapshotCredentials(ids.hex(32), () => credentials?.())
}

export class SnapshotCredentials implements SnapshotAccess {
  readonly token: string
  readonly #issue: () => FunctionCredentials | undefined
  #current: FunctionCredentials | undefined

  /** @param token  hard to guess */
  constructor(token: string, issue: () => FunctionCredentials | undefined) {
    this.token = token
    this.#issue = issue
    this.#current = issue()
  }

  /** The old ones are not told any more. */
  renew(): void {
    this.#current = this.#issue()
  }

  credentials(token: string): string | undefined {
    const current = this.#current
    if (!current || !isSame(token, this.token)) return undefined
    return JSON.stringify({
      AccessKeyId: current.accessKeyId,
      SecretAccessKey: current.secretAccessKey,
      Token: current.sessionToken,
      ...(current.expiresAtMs !== undefined && {
        Expiration: new Date(current.expiresAtMs).toISOString(),
      }),
    })
  }
}

function isSame(given: string, expected: string): boolean {
  const [one, other] = [Buffer.from(given), Buffer.from(expected)]
  return one.length === other.length && timingSafeEqual(one, other)
}
