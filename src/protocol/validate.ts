/**
 * Checks a decoded input against its model's constraints. The compiled checks only say yes or no; when one says no, violations.ts walks
 * the input again and words the message.
 * source: Smithy 2.0, "Constraint traits".
 */
import { AwsError } from '../lib/errors/aws-error.ts'
import { constraintsOf } from './constraints.ts'
import type { Constraint } from './constraints.ts'
import { validationCode } from './faults.ts'
import type { Operation, ServiceModel } from './load-model.ts'
import { once, perShape } from './per-shape.ts'
import type { PerShape } from './per-shape.ts'
import type { ListShape, MapShape, StructureShape } from './shape-model.ts'
import { violationsOf, wording } from './violations.ts'

/** true when the value and all below it meet their constraints; undefined where there are none */
type Check = ((value: unknown) => boolean) | undefined

const checkOf: PerShape<Check> = perShape((shape, model) => {
  const own = ownCheck(constraintsOf(shape))
  if (shape.type === 'list') return both(own, listCheck(shape, model))
  if (shape.type === 'map') return both(own, mapCheck(shape, model))
  return shape.type === 'structure' ? structureCheck(shape, model) : own
})

/** Check an operation's input.
 *  @throws AwsError ValidationException (400), or the name that the service uses for it */
export function validateInput(operation: Operation, input: unknown): void {
  const { model, inputShape } = operation
  if (operation.input === undefined || checkOf(model, operation.input)?.(input) !== false) return
  const violations = violationsOf(model, inputShape, input)
  throw new AwsError({
    code: validationCode(model.service),
    status: 400,
    message: wording(model.service, violations),
  })
}

function ownCheck(constraints: readonly Constraint[]): Check {
  if (constraints.length === 0) return undefined
  return (value) => {
    for (const constraint of constraints) if (!constraint.isMet(value)) return false
    return true
  }
}

function both(first: Check, second: Check): Check {
  if (first === undefined || second === undefined) return first ?? second
  return (value) => first(value) && second(value)
}

function listCheck(shape: ListShape, model: ServiceModel): Check {
  const check = checkOf(model, shape.of)
  return check && ((value) => (value as readonly unknown[]).every(check))
}

function mapCheck(shape: MapShape, model: ServiceModel): Check {
  const keyCheck = checkOf(model, shape.key)
  const valueCheck = checkOf(model, shape.value)
  const keys: Check = keyCheck && ((value) => Object.keys(value as object).every(keyCheck))
  const values: Check = valueCheck && ((value) => Object.values(value as object).every(valueCheck))
  return both(keys, values)
}

function structureCheck(shape: StructureShape, model: ServiceModel): Check {
  const members = once(() =>
    Object.entries(shape.members)
      .map(([name, member]) => ({
        name,
        isRequired: member.required === 1 && member.token !== 1,
        check: checkOf(model, member.shape),
      }))
      .filter(({ isRequired, check }) => isRequired || check !== undefined),
  )
  return (value) => {
    const source = value as Readonly<Record<string, unknown>>
    for (const { name, isRequired, check } of members()) {
      const given = source[name]
      if (given === undefined ? isRequired : check?.(given) === false) return false
    }
    return true
  }
}
