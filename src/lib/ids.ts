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

/** One call of the kernel's generator costs microseconds whatever its size, so bytes are drawn in pages; each is used once. */
const pageBytes = 4096
let page = Buffer.alloc(0)
let used = 0

function take(byteCount: number): Buffer {
  if (byteCount > pageBytes) return randomBytes(byteCount)
  if (used + byteCount > page.length) {
    page = randomBytes(pageBytes)
    used = 0
  }
  const bytes = page.subarray(used, used + byteCount)
  used += byteCount
  return bytes
}

/** The platform's cryptographic randomness. */
export const systemIds: Ids = {
  uuid: () => randomUUID(),
  hex: (byteCount) => take(byteCount).toString('hex'),
  fraction: () => take(6).readUIntBE(0, 6) / 2 ** 48,
}
