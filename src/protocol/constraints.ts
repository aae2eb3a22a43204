/**
 * The constraints of one shape, each as a test and as the clause that AWS's messages use.
 * source: Smithy 2.0, "Constraint traits"; messages of AWS's services, e.g. Lambda CreateFunctionUrlConfig with `cors.allowMethods`.
 */
import { once } from './per-shape.ts'
import type { ShapeModel, StringShape } from './shape-model.ts'

export type Constraint = {
  /** `Member must …` */
  readonly text: string
  readonly isMet: (value: unknown) => boolean
}

const none: readonly Constraint[] = []

/** All constraints of a shape itself, in the order in which AWS names them; a later one may rely on the earlier. */
export function constraintsOf(shape: ShapeModel): readonly Constraint[] {
  switch (shape.type) {
    case 'string':
      return [...lengths(shape, codePointCount), ...textConstraints(shape)]
    case 'blob':
      return lengths(shape, (value) => (value instanceof Uint8Array ? value.length : 0))
    case 'list':
      return lengths(shape, (value) => (value as readonly unknown[]).length)
    case 'map':
      return lengths(shape, (value) => Object.keys(value as object).length)
    case 'integer':
    case 'long':
    case 'float':
    case 'double':
      return values(shape, shape)
    default:
      return none
  }
}

type Range = { readonly min?: number; readonly max?: number }

function lengths({ min, max }: Range, lengthOf: (value: unknown) => number): Constraint[] {
  const found: Constraint[] = []
  if (max !== undefined) {
    const text = `Member must have length less than or equal to ${max}`
    found.push({ text, isMet: (value) => lengthOf(value) <= max })
  }
  if (min !== undefined) {
    const text = `Member must have length greater than or equal to ${min}`
    found.push({ text, isMet: (value) => lengthOf(value) >= min })
  }
  return found
}

function values(shape: ShapeModel, { min, max }: Range): Constraint[] {
  const found: Constraint[] = []
  if (max !== undefined) {
    const text = `Member must have value less than or equal to ${numberText(shape, max)}`
    found.push({ text, isMet: (value) => (value as number) <= max })
  }
  if (min !== undefined) {
    const text = `Member must have value greater than or equal to ${numberText(shape, min)}`
    found.push({ text, isMet: (value) => (value as number) >= min })
  }
  return found
}

/** A number as Java writes one of its type: a whole `double` is `2.0`. */
export function numberText(shape: ShapeModel, value: number): string {
  const isReal = shape.type === 'double' || shape.type === 'float'
  return isReal && Number.isInteger(value) ? value.toFixed(1) : String(value)
}

function textConstraints(shape: StringShape): Constraint[] {
  const found: Constraint[] = []
  if (shape.pattern !== undefined) {
    const expression = once(() => wholeExpression(shape.regex ?? shape.pattern ?? ''))
    found.push({
      text: `Member must satisfy regular expression pattern: ${shape.pattern}`,
      isMet: (value) => expression().test(value as string),
    })
  }
  if (shape.enum !== undefined) {
    const allowed = new Set<unknown>(shape.enum)
    const text = `Member must satisfy enum value set: [${shape.enum.join(', ')}]`
    found.push({ text, isMet: (value) => allowed.has(value) })
  }
  return found
}

/** AWS matches the whole value; its patterns are Java's, some of which only JavaScript's older grammar reads. */
export function wholeExpression(pattern: string): RegExp {
  try {
    return new RegExp(`^(?:${pattern})$`, 'u')
  } catch {
    return new RegExp(`^(?:${pattern})$`)
  }
}

const surrogate = /[\uD800-\uDBFF]/

function codePointCount(value: unknown): number {
  const text = value as string
  if (!surrogate.test(text)) return text.length
  let count = 0
  for (const _ of text) count += 1
  return count
}
