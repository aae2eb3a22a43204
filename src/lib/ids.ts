/** Randomness, handed in: request ids, stream names, tokens. */
import { randomBytes, randomUUID } from 'node:crypto'

export type Ids = {
  /** a version 4 UUID, lower case */
  uuid(): string
  /** `byteCount` random bytes as lower-case hex */
  hex(byteCount: number): string
  /** uniform in [0, 1) */
  fraction(): number
}

/** The platform's cryptographic randomness. */
export const systemIds: Ids = {
  uuid: () => randomUUID(),
  hex: (byteCount) => randomBytes(byteCount).toString('hex'),
  fraction: () => randomBytes(6).readUIntBE(0, 6) / 2 ** 48,
}
