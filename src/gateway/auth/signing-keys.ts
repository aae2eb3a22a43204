/**
 * Signing keys of SigV4, derived once per credential, day, region and service, and kept as key objects: handing raw bytes to
 * an HMAC costs more than the HMAC.
 */
import { createHmac, createSecretKey } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import type { CredentialScope } from './authorization.ts'

/** The key that signs requests of one credential in one scope.
 *  source  AWS IAM user guide "Create a signed AWS API request", step 4 */
export function deriveSigningKey(secretAccessKey: string, scope: CredentialScope): KeyObject {
  let key = Buffer.from(`AWS4${secretAccessKey}`)
  for (const part of [scope.date, scope.region, scope.service, 'aws4_request']) {
    key = createHmac('sha256', key).update(part).digest()
  }
  return createSecretKey(key)
}

type Entry = { readonly secretAccessKey: string; readonly key: KeyObject }

/** A bounded cache of signing keys; the least recently used goes first. */
export class SigningKeys {
  readonly #maxCount: number
  readonly #entries = new Map<string, Entry>()

  constructor(maxCount: number) {
    this.#maxCount = maxCount
  }

  /** The kept key, or one derived now. It is kept only when `keep` is called: scopes are the client's choice until proven. */
  get(
    accessKeyId: string,
    secretAccessKey: string,
    scope: CredentialScope,
  ): { key: KeyObject; keep: () => void } {
    const name = `${accessKeyId}/${scope.date}/${scope.region}/${scope.service}`
    const entry = this.#entries.get(name)
    const key =
      entry?.secretAccessKey === secretAccessKey
        ? entry.key
        : deriveSigningKey(secretAccessKey, scope)
    const keep = (): void => this.#keep(name, { secretAccessKey, key })
    return { key, keep }
  }

  get count(): number {
    return this.#entries.size
  }

  #keep(name: string, entry: Entry): void {
    this.#entries.delete(name)
    this.#entries.set(name, entry)
    if (this.#entries.size <= this.#maxCount) return
    const oldest = this.#entries.keys().next()
    if (!oldest.done) this.#entries.delete(oldest.value)
  }
}
