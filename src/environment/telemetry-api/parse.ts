/**
 * Reads the body of a subscription: its form first (one error, the first that is found), then its values (all errors in one text).
 * source: AWS Lambda dev guide "Lambda Telemetry API reference", "Using the Lambda Logs API"; recorded replies.
 */
import { telemetryLimits } from '../../config.ts'
import type { TelemetryType } from '../../observe/platform-events.ts'
import {
  type Buffering,
  type SchemaVersion,
  type Subscription,
  type TelemetryApiName,
  schemaVersions,
} from '../telemetry/subscription.ts'
import { parseDestination } from './destination.ts'
import { expectMember, expectObject, expectText, unknownVariant } from './members.ts'
import { SubscriptionProblem } from './problem.ts'

const members = ['schemaVersion', 'types', 'buffering', 'destination'] as const
const typeNames = ['platform', 'function', 'extension'] as const satisfies TelemetryType[]

/** @param reservedPorts  no destinations: those of the environment's own APIs
 *  @throws SubscriptionProblem */
export function parseSubscription(
  body: Buffer,
  api: TelemetryApiName,
  reservedPorts: readonly number[],
): Subscription {
  const request = expectObject(parseJson(body), 'a subscription')
  for (const name of Object.keys(request)) {
    if (members.some((member) => member === name)) continue
    const expected = members.map((member) => `\`${member}\``).join(', ')
    const message = `unknown field \`${name.slice(0, 100)}\`, expected one of ${expected}`
    throw new SubscriptionProblem('DeserializationError', message)
  }
  const problems: string[] = []
  const subscription: Subscription = {
    api,
    schemaVersion: parseSchemaVersion(request['schemaVersion'], api, problems),
    types: parseTypes(expectMember(request, 'types'), problems),
    buffering: parseBuffering(request['buffering'], problems),
    destination: parseDestination(expectMember(request, 'destination'), reservedPorts, problems),
  }
  if (problems.length > 0) throw new SubscriptionProblem('ValidationError', problems.join('; '))
  return subscription
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'))
  } catch (error) {
    const message = error instanceof Error ? error.message : 'malformed JSON'
    throw new SubscriptionProblem('DeserializationError', message)
  }
}

function parseSchemaVersion(
  value: unknown,
  api: TelemetryApiName,
  problems: string[],
): SchemaVersion {
  const [oldest] = schemaVersions[api]
  if (value === undefined) {
    // The Logs API is older than its schemas.
    if (api === 'telemetry') problems.push(otherSchema(api))
    return oldest
  }
  const text = expectText(value, 'schemaVersion')
  const all = [...schemaVersions.logs, ...schemaVersions.telemetry]
  if (!all.some((version) => version === text)) throw unknownVariant(text, all)
  const version = schemaVersions[api].find((known) => known === text)
  if (version === undefined) problems.push(otherSchema(api))
  return version ?? oldest
}

function otherSchema(api: TelemetryApiName): string {
  return api === 'telemetry'
    ? 'TelemetryAPI only supports the SchemaVersion released after 2021-03-18'
    : 'LogsAPI only supports the following SchemaVersion: 2020-08-15, 2021-03-18'
}

function parseTypes(value: unknown, problems: string[]): TelemetryType[] {
  if (!Array.isArray(value)) {
    throw new SubscriptionProblem('DeserializationError', 'invalid type: expected a sequence')
  }
  const types: TelemetryType[] = []
  for (const item of value) {
    const text = expectText(item, 'types')
    const type = typeNames.find((name) => name === text)
    if (type === undefined) throw unknownVariant(text, typeNames)
    if (types.includes(type)) {
      problems.push('types should be unique')
      break
    }
    types.push(type)
  }
  if (types.length === 0) problems.push('types should not be empty')
  return types
}

function parseBuffering(value: unknown, problems: string[]): Buffering {
  const buffering = value === undefined ? {} : expectObject(value, 'buffering')
  const read = (name: keyof Buffering): number => {
    const given = buffering[name]
    const { least, most, usual } = telemetryLimits[name]
    if (given === undefined) return usual
    if (typeof given !== 'number' || !Number.isSafeInteger(given) || given < 0) {
      const message = `invalid type for \`${name}\`, expected u64`
      throw new SubscriptionProblem('DeserializationError', message)
    }
    if (given < least || given > most)
      problems.push(`${name} should be between ${least} and ${most}`)
    return given
  }
  return { maxBytes: read('maxBytes'), maxItems: read('maxItems'), timeoutMs: read('timeoutMs') }
}
