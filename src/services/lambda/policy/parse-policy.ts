/**
 * A whole policy document, as a caller writes it, checked and taken apart. Only what is understood is let in: a statement that
 * nothing here would heed must not look as if it protected something.
 */
import { invalidParameterValue } from '../../../lib/errors/lambda.ts'
import type { PolicyRecord, Statement } from '../records.ts'
import { isJsonObject, type JsonObject } from '../../../lib/json.ts'

const documentMembers = ['Version', 'Id', 'Statement']
const statementMembers = ['Sid', 'Effect', 'Principal', 'Action', 'Resource', 'Condition']
const versions = ['2012-10-17', '2008-10-17']
const maxStatementCount = 200

/** Take a policy apart.
 *  @param text  JSON
 *  @param resource  ARN of what it hangs on: each statement must name it, and nothing else
 *  @throws AwsError InvalidParameterValueException (400) saying what is wrong
 *  source  AWS IAM user guide "IAM JSON policy element reference"; the texts are our own */
export function parsePolicy(text: string, resource: string): PolicyRecord {
  const document = asObject(parseJson(text), 'The policy')
  onlyMembers(document, documentMembers, 'The policy')
  const { Version: version, Id: id, Statement: given } = document
  if (typeof version !== 'string' || !versions.includes(version)) {
    throw refused(`Version must be ${versions.join(' or ')}`)
  }
  if (id !== undefined && typeof id !== 'string') throw refused('Id must be a text')
  const list: readonly unknown[] = Array.isArray(given) ? given : given === undefined ? [] : [given]
  if (list.length === 0) throw refused('it has no Statement')
  if (list.length > maxStatementCount) {
    throw refused(`it has more than ${maxStatementCount} statements`)
  }
  const statements = list.map((statement, index) => parseStatement(statement, index, resource))
  const sids = statements.flatMap(({ Sid }) => Sid ?? [])
  if (new Set(sids).size < sids.length) throw refused('two statements have the same Sid')
  return { statements, version, ...(id !== undefined && { id }) }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw refused('it is not valid JSON')
  }
}

function parseStatement(value: unknown, index: number, resource: string): Statement {
  const name = `Statement ${index + 1}`
  const statement = asObject(value, name)
  onlyMembers(statement, statementMembers, name)
  const { Sid, Effect, Principal, Action, Resource, Condition } = statement
  if (Sid !== undefined && (typeof Sid !== 'string' || !/^[a-zA-Z0-9-_ ]{0,100}$/.test(Sid))) {
    throw refused(`the Sid of ${name} must be a text of letters, digits, - and _`)
  }
  if (Effect !== 'Allow' && Effect !== 'Deny') {
    throw refused(`the Effect of ${name} must be Allow or Deny`)
  }
  if (!isPrincipal(Principal)) {
    throw refused(`the Principal of ${name} must be "*" or an object of AWS, Service and the like`)
  }
  const isAction = (text: string) => text === '*' || /^lambda:[a-zA-Z*?]+$/.test(text)
  if (!isTextOrList(Action) || ![Action].flat().every(isAction)) {
    throw refused(`the Action of ${name} must name actions of lambda`)
  }
  if (!isTextOrList(Resource) || ![Resource].flat().every((text) => text === resource)) {
    throw refused(`the Resource of ${name} must be ${resource}`)
  }
  if (Condition !== undefined && !isCondition(Condition)) {
    throw refused(`the Condition of ${name} must be an object of operators, keys and texts`)
  }
  return {
    ...(Sid !== undefined && { Sid }),
    Effect,
    Principal,
    Action,
    Resource,
    ...(Condition !== undefined && { Condition }),
  }
}

function asObject(value: unknown, name: string): JsonObject {
  if (isJsonObject(value)) return value
  throw refused(`${name} must be a JSON object`)
}

function onlyMembers(value: JsonObject, members: readonly string[], name: string): void {
  const unknown = Object.keys(value).find((key) => !members.includes(key))
  if (unknown !== undefined) throw refused(`${name} has a member that is not supported: ${unknown}`)
}

function isTextOrList(value: unknown): value is string | readonly string[] {
  if (typeof value === 'string') return value !== ''
  return Array.isArray(value) && value.length > 0 && value.every((item) => typeof item === 'string')
}

function isPrincipal(value: unknown): boolean {
  if (value === '*') return true
  if (!isJsonObject(value)) return false
  const kinds = Object.keys(value)
  const areKnown = kinds.every((kind) => ['AWS', 'Service', 'Federated'].includes(kind))
  return kinds.length > 0 && areKnown && Object.values(value).every(isTextOrList)
}

function isCondition(value: unknown): value is NonNullable<Statement['Condition']> {
  if (!isJsonObject(value)) return false
  return Object.values(value).every(
    (keys) => isJsonObject(keys) && Object.values(keys).every(isTextOrList),
  )
}

function refused(reason: string): Error {
  return invalidParameterValue(`The policy is not valid: ${reason}.`)
}
