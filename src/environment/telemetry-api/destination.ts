/**
 * Where a subscription goes to. The server will connect there itself, so this is a door: nothing but a port of the environment's own
 * loopback can be named, under the two names that AWS gives it, and no port of the environment's own APIs.
 * source: AWS Lambda dev guide "Lambda Telemetry API reference", destination.
 */
import type { JsonObject } from '../../lib/json.ts'
import type { Destination } from '../telemetry/subscription.ts'
import { expectMember, expectObject, expectText, unknownVariant } from './members.ts'
import { SubscriptionProblem } from './problem.ts'

/** of AWS's Runtime API */
const awsApiPort = 9001
const names: ReadonlySet<string> = new Set(['sandbox', 'sandbox.localdomain'])
/** No user, no brackets, no fragment, nothing but printable ASCII. */
const uriForm = /^([a-z][a-z0-9+.-]*):\/\/([^/?#@:[\]\s]*)(?::(\d{1,5}))?([/?][!-"$-~]*)?$/i
const maxUriLength = 2048

/** @param problems  gets what is wrong with values
 *  @throws SubscriptionProblem for a wrong form, and for another host */
export function parseDestination(
  value: unknown,
  reservedPorts: readonly number[],
  problems: string[],
): Destination {
  const destination = expectObject(value, 'a destination')
  const protocol = expectText(expectMember(destination, 'protocol'), 'protocol')
  if (protocol !== 'HTTP' && protocol !== 'TCP') throw unknownVariant(protocol, ['HTTP', 'TCP'])
  const parsed = protocol === 'HTTP' ? toHttp(destination, problems) : toTcp(destination, problems)
  if (parsed.port === awsApiPort || reservedPorts.includes(parsed.port)) {
    problems.push(`port ${parsed.port} is reserved`)
  }
  return parsed
}

function toHttp(destination: JsonObject, problems: string[]): Destination {
  const method = expectVariant(destination, 'method', ['POST', 'PUT'] as const)
  expectVariant(destination, 'encoding', ['JSON'] as const)
  const uri = expectText(expectMember(destination, 'URI'), 'URI')
  const match = uri.length <= maxUriLength ? uriForm.exec(uri) : null
  if (!match) {
    problems.push('URI is not valid')
    return { protocol: 'HTTP', port: 0, path: '/', method }
  }
  const [, scheme = '', host = '', port, rest = ''] = match
  if (scheme.toLowerCase() !== 'http') {
    throw new SubscriptionProblem('AccessDenied', "Only 'http' scheme is supported.")
  }
  if (!names.has(host.toLowerCase())) {
    const message = "Only 'sandbox.localdomain' hostname is supported."
    throw new SubscriptionProblem('AccessDenied', message)
  }
  if (port === undefined) problems.push('URI port is not provided')
  else checkPort(Number(port), problems)
  const path = rest.startsWith('/') ? rest : `/${rest}`
  return { protocol: 'HTTP', port: Number(port ?? 0), path, method }
}

function toTcp(destination: JsonObject, problems: string[]): Destination {
  const port = expectMember(destination, 'port')
  if (typeof port !== 'number' || !Number.isSafeInteger(port)) {
    throw new SubscriptionProblem('DeserializationError', 'invalid type for `port`, expected u16')
  }
  checkPort(port, problems)
  return { protocol: 'TCP', port }
}

/** An optional member that has one of a few values; the first when it is absent. */
function expectVariant<Variant extends string>(
  destination: JsonObject,
  name: string,
  variants: readonly [Variant, ...Variant[]],
): Variant {
  const value = destination[name]
  if (value === undefined) return variants[0]
  const text = expectText(value, name)
  const variant = variants.find((known) => known === text)
  if (variant === undefined) throw unknownVariant(text, variants)
  return variant
}

function checkPort(port: number, problems: string[]): void {
  if (port < 1 || port > 65_535) problems.push('port should be between 1 and 65535')
}
