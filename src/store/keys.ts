/** Keys of documents and names of queues: what is a legal one, and which range of the order a prefix covers. */
import { storeLimits } from '../config.ts'
import { PlatformError } from '../lib/errors/platform-error.ts'

/** Check a key or queue name: well-formed text of 1 to 1,024 bytes of UTF-8, without U+0000.
 *  @throws PlatformError */
export function checkKey(key: string): void {
  if (key === '') throw new PlatformError('Cannot use an empty key')
  if (key.includes('\0') || !key.isWellFormed()) {
    throw new PlatformError(`Cannot use key ${JSON.stringify(key)}: it is not plain text`)
  }
  if (
    key.length * 3 > storeLimits.maxKeyBytes &&
    Buffer.byteLength(key) > storeLimits.maxKeyBytes
  ) {
    const start = key.slice(0, 64)
    throw new PlatformError(
      `Cannot use key "${start}...": it is longer than ${storeLimits.maxKeyBytes} bytes`,
    )
  }
}

const maxCodePoint = 0x10ffff

/** A text above every text: no key holds U+10FFFF more often than its limit allows. */
const topOfOrder = String.fromCodePoint(maxCodePoint).repeat(storeLimits.maxKeyBytes / 4 + 1)

/** The least text above every key that starts with `prefix`, in the order of code points. */
export function endOfPrefix(prefix: string): string {
  const points = Array.from(prefix, (character) => character.codePointAt(0) ?? 0)
  while (points.at(-1) === maxCodePoint) points.pop()
  const last = points.pop()
  if (last === undefined) return topOfOrder
  // The code points of surrogates are no characters: the one before them is followed by the one after.
  const next = last === 0xd7ff ? 0xe000 : last + 1
  return String.fromCodePoint(...points, next)
}

/** The least text after `key` in that order. */
export function justAfter(key: string): string {
  return `${key}\0`
}
