/** What JSON texts may be, once parsed. */

export type JsonObject = Readonly<Record<string, unknown>>

/** An object, and neither a list nor null. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
