/**
 * `PUT /2022-07-01/telemetry` and `PUT /2020-08-15/logs`: an extension subscribes.
 * source: AWS Lambda dev guide "Lambda Telemetry API reference", "Using the Lambda Logs API"; Runtime Interface Emulator, rapi/handler.
 */
import { telemetryLimits } from '../../config.ts'
import { unreachable } from '../../lib/assert.ts'
import type { RequestHead } from '../../lib/http/head.ts'
import type { Body, Receiver } from '../runtime-api/connection.ts'
import { refusal } from '../runtime-api/refusal.ts'
import { jsonReply, methodNotAllowed, reply, truncated } from '../runtime-api/replies.ts'
import type { SubscribeResult, Telemetry } from '../telemetry/telemetry.ts'
import type { TelemetryApiName } from '../telemetry/subscription.ts'
import { parseSubscription } from './parse.ts'
import { SubscriptionProblem, problemType } from './problem.ts'

/** An extension, or the whole reply that refuses who calls. */
export type Caller = { readonly name: string } | { readonly refusal: string }

/** What the endpoints need of an environment. */
export type TelemetryDoor = {
  readonly telemetry: Pick<Telemetry, 'subscribe' | 'isClosed' | 'reservedPorts'>
  /** Who calls, by its header `Lambda-Extension-Identifier`. */
  findCaller(head: RequestHead): Caller
}

const json = 'application/json'

/** Checked in AWS's order: who calls, then the body, then whether it is too late. */
export function subscribe(door: TelemetryDoor, api: TelemetryApiName, head: RequestHead): Receiver {
  if (head.method !== 'PUT') return refusal(methodNotAllowed)
  const found = door.findCaller(head)
  if ('refusal' in found) return refusal(found.refusal)
  return {
    maxBytes: telemetryLimits.maxRequestBytes,
    end: (body, connection) => connection.reply(answer(door.telemetry, api, found.name, body)),
  }
}

function answer(
  telemetry: TelemetryDoor['telemetry'],
  api: TelemetryApiName,
  name: string,
  body: Body,
): string {
  if (body.state === 'truncated') return truncated
  if (telemetry.isClosed) return closed(api)
  try {
    if (body.state === 'too-large') {
      const message = `a subscription has at most ${telemetryLimits.maxRequestBytes} bytes`
      throw new SubscriptionProblem('DeserializationError', message)
    }
    const subscription = parseSubscription(Buffer.concat(body.chunks), api, telemetry.reservedPorts)
    return toReply(api, name, telemetry.subscribe(name, subscription))
  } catch (error) {
    if (!(error instanceof SubscriptionProblem)) throw error
    const status = error.kind === 'AccessDenied' ? '403 Forbidden' : '400 Bad Request'
    return errorReply(status, problemType(api, error.kind), error.message)
  }
}

function toReply(api: TelemetryApiName, name: string, result: SubscribeResult): string {
  switch (result.kind) {
    case 'subscribed':
      return reply('200 OK', json, '"OK"')
    case 'already-subscribed':
      return reply('200 OK', json, '"AlreadySubscribed"')
    case 'too-many': {
      const message = `extensions of an environment subscribe at most ${telemetryLimits.maxSubscriptionCount} times`
      return errorReply('400 Bad Request', problemType(api, 'ValidationError'), message)
    }
    case 'closed':
      return closed(api)
    case 'other-api': {
      const other = result.api === 'logs' ? 'LogsAPI' : 'TelemetryAPI'
      const message = `The extension ${name} is already subscribed to the ${other}. You must either subscribe to the LogsAPI or the TelemetryAPI`
      return errorReply('400 Bad Request', problemType(api, 'AccessDenied'), message)
    }
    default:
      return unreachable(result)
  }
}

function closed(api: TelemetryApiName): string {
  const name = api === 'logs' ? 'Logs' : 'Telemetry'
  const message = `${name} API subscription is closed already`
  return errorReply('403 Forbidden', `${name}.SubscriptionClosed`, message)
}

function errorReply(status: string, errorType: string, errorMessage: string): string {
  return jsonReply(status, { errorMessage, errorType })
}
