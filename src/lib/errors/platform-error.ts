/** Our own failures: something Lair itself could not do. Always with the cause; the caller sees a 500. */
export class PlatformError extends Error {
  override readonly name = 'PlatformError'
}
