/**
 * Whether the resource policy lets somebody use a function URL. Where a condition is not understood an Allow does not count and a Deny
 * does.
 * source: AWS Lambda dev guide "Control access to Lambda function URLs": since October 2025 both lambda:InvokeFunctionUrl and
 * lambda:InvokeFunction are needed; AWS IAM user guide "Policy evaluation logic".
 */
import type { Statement } from '../records.ts'

/** Somebody who wants to use a URL. */
export type Visitor = {
  readonly authType: 'NONE' | 'AWS_IAM'
  /** undefined for everybody */
  readonly caller?: { readonly accountId: string; readonly arn: string } | undefined
  /** of the function's own account: may do all that nobody denies */
  readonly isOwner?: boolean
}

const neededActions = ['lambda:InvokeFunctionUrl', 'lambda:InvokeFunction'] as const

/** The action that is not allowed; undefined when all are. */
export function missingAction(
  statements: readonly Statement[],
  visitor: Visitor,
): string | undefined {
  return neededActions.find((action) => !isAllowed(statements, visitor, action))
}

function isAllowed(statements: readonly Statement[], visitor: Visitor, action: string): boolean {
  const concerned = statements.filter(
    ({ Principal, Action }) =>
      [Action].flat().some((pattern) => matches(pattern, action)) && isMeant(Principal, visitor),
  )
  const isDenied = concerned.some(
    ({ Effect, Condition }) => Effect === 'Deny' && isMet(Condition, visitor) !== false,
  )
  return (
    !isDenied &&
    (visitor.isOwner === true ||
      concerned.some(
        ({ Effect, Condition }) => Effect === 'Allow' && isMet(Condition, visitor) === true,
      ))
  )
}

function isMeant(principal: unknown, { caller }: Visitor): boolean {
  if (principal === '*') return true
  if (typeof principal !== 'object' || principal === null || !('AWS' in principal)) return false
  return [principal.AWS].flat().some((name) => {
    if (name === '*') return true
    if (caller === undefined) return false
    const { accountId, arn } = caller
    return name === arn || name === accountId || name === `arn:aws:iam::${accountId}:root`
  })
}

/** @returns undefined when there is a condition that says nothing here */
function isMet(condition: Statement['Condition'], visitor: Visitor): boolean | undefined {
  let isUnclear = false
  for (const [operator, keys] of Object.entries(condition ?? {})) {
    for (const [key, values] of Object.entries(keys)) {
      const met = holds(operator, key, [values].flat(), visitor)
      if (met === false) return false
      if (met === undefined) isUnclear = true
    }
  }
  return isUnclear ? undefined : true
}

function holds(
  operator: string,
  key: string,
  values: readonly string[],
  visitor: Visitor,
): boolean | undefined {
  const actual = valueOf(key.toLowerCase(), visitor)
  if (actual === undefined) return undefined
  switch (operator) {
    case 'StringEquals':
    case 'ArnEquals':
      return values.includes(actual)
    case 'Bool':
      return values.some((value) => value.toLowerCase() === actual)
    case 'StringLike':
    case 'ArnLike':
      return values.some((value) => matches(value, actual))
    case 'StringNotEquals':
      return !values.includes(actual)
    default:
      return undefined
  }
}

function valueOf(key: string, { authType, caller }: Visitor): string | undefined {
  switch (key) {
    case 'lambda:functionurlauthtype':
      return authType
    case 'lambda:invokedviafunctionurl':
      return 'true'
    case 'aws:principalaccount':
      return caller?.accountId
    case 'aws:principalarn':
      return caller?.arn
    default:
      return undefined
  }
}

/** `*` stands for any text, `?` for one character; walked without backtracking into every split. */
function matches(pattern: string, text: string): boolean {
  let [at, from] = [0, 0]
  let [star, mark] = [-1, 0]
  while (from < text.length) {
    if (pattern[at] === '*') {
      star = at
      mark = from
      at += 1
    } else if (at < pattern.length && (pattern[at] === '?' || pattern[at] === text[from])) {
      at += 1
      from += 1
    } else if (star !== -1) {
      at = star + 1
      mark += 1
      from = mark
    } else {
      return false
    }
  }
  while (pattern[at] === '*') at += 1
  return at === pattern.length
}
