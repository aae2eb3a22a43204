/** The hash that the SDK's signer wants to be handed: sha256, or HMAC with a secret. */
import { createHash, createHmac } from 'node:crypto'
import type { SourceData } from '@smithy/types'

function bytesOf(data: SourceData): string | Uint8Array {
  if (typeof data === 'string') return data
  return ArrayBuffer.isView(data)
    ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    : new Uint8Array(data)
}

/** For `new SignatureV4({ sha256: Sha256 })`. */
export class Sha256 {
  readonly #hash

  constructor(secret?: SourceData) {
    this.#hash = secret === undefined ? createHash('sha256') : createHmac('sha256', bytesOf(secret))
  }

  update(chunk: SourceData): void {
    this.#hash.update(bytesOf(chunk))
  }

  async digest(): Promise<Uint8Array> {
    return new Uint8Array(this.#hash.digest())
  }

  reset(): void {}
}
