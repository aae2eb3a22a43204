/**
 * Words the message about violated constraints, as AWS's validation does:
 * `2 validation errors detected: Value '1' at 'memorySize' failed to satisfy constraint: Member must …; Value …`.
 * Slow and thorough: only called when validate.ts has found that something is wrong.
 * source: messages of Lambda, CloudWatch Logs, IAM, ECR in public error reports.
 */
import { constraintsOf, numberText } from './constraints.ts'
import { shapeAt } from './load-model.ts'
import type { ServiceModel } from './load-model.ts'
import type { ServiceName } from './services.ts'
import type { ListShape, MapShape, ShapeModel, StructureShape } from './shape-model.ts'

export type Violation = {
  /** what stands between `Value` and `at`: ` 'x'`, ` null` of an absent member, nothing of a sensitive one */
  readonly value: string
  readonly path: string
  readonly constraint: string
}

const maxViolationCount = 100
const maxPrintedLength = 16_384

type Walk = { readonly model: ServiceModel; readonly found: Violation[] }

/** All violations in an input, in the order of the model. */
export function violationsOf(
  model: ServiceModel,
  shape: StructureShape,
  input: unknown,
): readonly Violation[] {
  const walk: Walk = { model, found: [] }
  walkStructure(walk, shape, input, '')
  return walk.found.slice(0, maxViolationCount)
}

/** The message of a list of violations, in the words of the service. */
export function wording(service: ServiceName, violations: readonly Violation[]): string {
  const [first] = violations
  if (service === 'ecr' && first !== undefined) {
    return `Invalid parameter at '${first.path}' failed to satisfy constraint: '${first.constraint}'`
  }
  const noun = violations.length === 1 ? 'error' : 'errors'
  const clauses = violations.map(
    ({ value, path, constraint }) =>
      `Value${value} at '${path}' failed to satisfy constraint: ${constraint}`,
  )
  return `${violations.length} validation ${noun} detected: ${clauses.join('; ')}`
}

function walkShape(walk: Walk, shape: ShapeModel, value: unknown, path: string): void {
  if (walk.found.length >= maxViolationCount) return
  const constraints = constraintsOf(shape)
  const broken = constraints.find((constraint) => !constraint.isMet(value))
  if (broken !== undefined) {
    walk.found.push({ value: printed(shape, value), path, constraint: broken.text })
  }
  if (shape.type === 'structure') walkStructure(walk, shape, value, path)
  if (shape.type === 'list') walkList(walk, shape, value as readonly unknown[], path)
  if (shape.type === 'map') walkMap(walk, shape, value as Readonly<Record<string, unknown>>, path)
}

function walkStructure(walk: Walk, shape: StructureShape, value: unknown, path: string): void {
  const source = value as Readonly<Record<string, unknown>>
  for (const [name, member] of Object.entries(shape.members)) {
    const at = path === '' ? lowerFirst(name) : `${path}.${lowerFirst(name)}`
    const given = source[name]
    if (given !== undefined) walkShape(walk, shapeAt(walk.model, member.shape), given, at)
    else if (member.required === 1 && member.token !== 1) {
      walk.found.push({ value: ' null', path: at, constraint: 'Member must not be null' })
    }
  }
}

/** Items that are simple are reported at the list, with all constraints of an item; structures at their place. */
function walkList(walk: Walk, shape: ListShape, value: readonly unknown[], path: string): void {
  const item = shapeAt(walk.model, shape.of)
  if (isNested(item)) {
    value.forEach((given, index) => walkShape(walk, item, given, `${path}.${index + 1}.member`))
    return
  }
  const constraints = constraintsOf(item)
  const isMet = value.every((given) => constraints.every((constraint) => constraint.isMet(given)))
  if (isMet) return
  const texts = constraints.map((constraint) => constraint.text)
  if (walk.model.service === 'lambda') texts.push('Member must not be null')
  const constraint = `Member must satisfy constraint: [${texts.join(', ')}]`
  walk.found.push({ value: printedList(item, value), path, constraint })
}

function walkMap(
  walk: Walk,
  shape: MapShape,
  value: Readonly<Record<string, unknown>>,
  path: string,
): void {
  const key = shapeAt(walk.model, shape.key)
  const item = shapeAt(walk.model, shape.value)
  const pairs = Object.entries(value).map(([name, given]) => `${name}=${shown(item, given)}`)
  const at = { text: `{${pairs.join(', ')}}`, path }
  reportEntries(walk, { noun: 'Map keys', shape: key, entries: Object.keys(value) }, at)
  if (!isNested(item)) {
    reportEntries(walk, { noun: 'Map value', shape: item, entries: Object.values(value) }, at)
    return
  }
  for (const [name, given] of Object.entries(value)) {
    walkShape(walk, item, given, `${path}.${name}.member`)
  }
}

function reportEntries(
  walk: Walk,
  of: { readonly noun: string; readonly shape: ShapeModel; readonly entries: readonly unknown[] },
  at: { readonly text: string; readonly path: string },
): void {
  const constraints = constraintsOf(of.shape)
  if (of.entries.every((entry) => constraints.every((constraint) => constraint.isMet(entry))))
    return
  const isSecret = 'sensitive' in of.shape && of.shape.sensitive === 1
  const texts = constraints.map((constraint) => constraint.text)
  if (walk.model.service === 'lambda' && !isSecret) texts.push('Member must not be null')
  const constraint = `${of.noun} must satisfy constraint: [${texts.join(', ')}]`
  walk.found.push({ value: isSecret ? hidden : quoted(at.text), path: at.path, constraint })
}

function isNested(shape: ShapeModel): boolean {
  return shape.type === 'structure' || shape.type === 'list' || shape.type === 'map'
}

const hidden = ''

function printed(shape: ShapeModel, value: unknown): string {
  if ('sensitive' in shape && shape.sensitive === 1) return hidden
  if (Array.isArray(value)) return quoted(`[${value.map(plain).join(', ')}]`)
  if (value instanceof Uint8Array) {
    return quoted(`java.nio.HeapByteBuffer[pos=0 lim=${value.length} cap=${value.length}]`)
  }
  return quoted(shown(shape, value))
}

function shown(shape: ShapeModel, value: unknown): string {
  return typeof value === 'number' ? numberText(shape, value) : plain(value)
}

function printedList(item: ShapeModel, value: readonly unknown[]): string {
  return 'sensitive' in item && item.sensitive === 1
    ? hidden
    : quoted(`[${value.map(plain).join(', ')}]`)
}

function plain(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value)
  if (value instanceof Date) return value.toISOString()
  if (Array.isArray(value)) return `[${value.map(plain).join(', ')}]`
  const pairs = Object.entries(value).map(([name, given]) => `${name}=${plain(given)}`)
  return `{${pairs.join(', ')}}`
}

function quoted(text: string): string {
  return ` '${text.length > maxPrintedLength ? text.slice(0, maxPrintedLength) : text}'`
}

function lowerFirst(name: string): string {
  return name.charAt(0).toLowerCase() + name.slice(1)
}
