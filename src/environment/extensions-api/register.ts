/** `POST extension/register`: an external extension says what it wants to hear of, or an internal one that it exists.
 *  source: AWS Lambda dev guide "Using the Lambda Extensions API", Register; Runtime Interface Emulator, rapi/handler. */
import { lambdaLimits } from '../../config.ts'
import type { RequestHead } from '../../lib/http/head.ts'
import type { FunctionVersion } from '../../model.ts'
import type { Body, Connection, Receiver } from '../runtime-api/connection.ts'
import { jsonReply, truncated } from '../runtime-api/replies.ts'
import { Extension, type ExtensionEvent, extensionEvents } from './extension.ts'
import type { Extensions, Refused } from './extensions.ts'
import { forbidden, invalidState } from './refusals.ts'

/** Lair's own: a list of two words is expected. */
const maxBodyBytes = 64 * 1024
const maxNameLength = 255

export function register(extensions: Extensions, head: RequestHead): Receiver {
  return {
    maxBytes: maxBodyBytes,
    end: (body, connection) => end(extensions, head, body, connection),
  }
}

function end(extensions: Extensions, head: RequestHead, body: Body, connection: Connection): void {
  const name = head.headers['lambda-extension-name'] ?? ''
  if (name === '' || name.length > maxNameLength) {
    const text = name === '' ? 'Empty extension name' : 'Extension name is too long'
    connection.reply(forbidden('Extension.InvalidExtensionName', text))
    return
  }
  if (body.state === 'truncated') {
    connection.reply(truncated)
    return
  }
  const wanted = parseEvents(body)
  if ('refusal' in wanted) {
    connection.reply(wanted.refusal)
    return
  }
  const result = admit(extensions, name, wanted.events)
  if (typeof result === 'string') {
    connection.reply(result)
    return
  }
  connection.reply(welcome(extensions, result, head))
  extensions.listener.onExtensionMoved(result)
}

/** Events first, then its place, then its state. @returns the extension, or the response that refuses it */
function admit(
  extensions: Extensions,
  name: string,
  events: readonly string[],
): Extension | string {
  const known = extensions.findByName(name)
  const isExternal = known?.isExternal === true
  for (const event of events) {
    const reason = eventProblem(event, isExternal, extensions.version)
    if (reason !== undefined) return forbidden('Extension.InvalidEventType', `${event}: ${reason}`)
  }
  const extension = isExternal ? known : extensions.add(name)
  if (!(extension instanceof Extension)) return refusals[extension]
  const before = extension.state
  if (!extension.move('register')) return invalidState(before, 'register', name)
  extension.subscribe(events as readonly ExtensionEvent[])
  return extension
}

/** Where several invocations run at once nobody is told of each. */
function eventProblem(
  event: string,
  isExternal: boolean,
  { maxConcurrency }: FunctionVersion,
): string | undefined {
  if (!extensionEvents.some((known) => known === event)) return 'ErrorInvalidEventType'
  if (event === 'SHUTDOWN') {
    return isExternal ? undefined : 'ShutdownEventNotSupportedForInternalExtension'
  }
  return maxConcurrency === undefined ? undefined : 'ErrorInvalidEventType'
}

const refusals: Readonly<Record<Refused, string>> = {
  closed: forbidden('Extension.RegistrationClosed', 'Extension registration closed already'),
  collision: forbidden(
    'Extension.InvalidExtensionState',
    'Extension with this name already registered',
  ),
  'too-many': forbidden(
    'Extension.TooManyExtensions',
    `Extension limit (${lambdaLimits.maxExtensionCount}) reached`,
  ),
}

function welcome({ version }: Extensions, extension: Extension, head: RequestHead): string {
  const features = (head.headers['lambda-extension-accept-feature'] ?? '').split(',')
  const wantsAccount = features.some((feature) => feature.trim() === 'accountId')
  const { functionName, handler, accountId } = version
  const body = {
    functionName,
    functionVersion: version.version,
    handler,
    ...(wantsAccount && { accountId }),
  }
  return jsonReply('200 OK', body, `Lambda-Extension-Identifier: ${extension.id}\r\n`)
}

type Wanted = { readonly events: readonly string[] } | { readonly refusal: string }

function parseEvents(body: Body): Wanted {
  const refuse = (text: string): Wanted => ({ refusal: forbidden('InvalidRequestFormat', text) })
  if (body.state === 'too-large') return refuse(`The body exceeds ${maxBodyBytes} bytes`)
  const text = Buffer.concat(body.chunks).toString().trim()
  if (text === '') return refuse('unexpected end of JSON input')
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    return refuse(error instanceof Error ? error.message : 'The body is not JSON')
  }
  if (value === null) return { events: [] }
  if (typeof value !== 'object' || Array.isArray(value)) return refuse('The body must be an object')
  const { events, configurationKeys } = value as Record<string, unknown>
  if (Array.isArray(configurationKeys) && configurationKeys.length > 0) {
    return refuse('configurationKeys are deprecated; use environment variables instead')
  }
  if (events === undefined || events === null) return { events: [] }
  if (!Array.isArray(events) || !events.every((event) => typeof event === 'string')) {
    return refuse('events must be an array of strings')
  }
  return { events }
}
