/** Reading members of a JSON body, with the words of the parser that AWS's service uses (serde). */
import { isJsonObject, type JsonObject } from '../../lib/json.ts'
import { SubscriptionProblem } from './problem.ts'

/** @throws SubscriptionProblem */
export function expectObject(value: unknown, what: string): JsonObject {
  if (isJsonObject(value)) return value
  throw new SubscriptionProblem('DeserializationError', `invalid type: expected ${what}`)
}

/** @throws SubscriptionProblem when it is not there */
export function expectMember(object: JsonObject, name: string): unknown {
  const value = object[name]
  if (value === undefined) {
    throw new SubscriptionProblem('DeserializationError', `missing field \`${name}\``)
  }
  return value
}

/** @throws SubscriptionProblem */
export function expectText(value: unknown, name: string): string {
  if (typeof value !== 'string') {
    const message = `invalid type for \`${name}\`, expected a string`
    throw new SubscriptionProblem('DeserializationError', message)
  }
  return value
}

/** A value that none of the known ones is. */
export function unknownVariant(value: string, variants: readonly string[]): SubscriptionProblem {
  const quoted = variants.map((variant) => `\`${variant}\``)
  const expected = quoted.length === 2 ? quoted.join(' or ') : `one of ${quoted.join(', ')}`
  const message = `unknown variant \`${value.slice(0, 100)}\`, expected ${expected}`
  return new SubscriptionProblem('DeserializationError', message)
}
