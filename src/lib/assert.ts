/** Assertions that stay on in production: what must hold, or a defect of ours. */

/** Throw unless `condition` holds. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(`Assertion failed: ${message}`)
}

/** The end of a switch over a closed set. */
export function unreachable(value: never): never {
  throw new Error(`Assertion failed: unreachable value ${String(value)}`)
}
