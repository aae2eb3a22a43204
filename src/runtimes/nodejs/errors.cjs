'use strict'
// Errors on their way out: what the invoker gets, what the log shows, what X-Ray is told.
// source: aws-lambda-ric 3.3.0 (nodejs22.x and older) and 4.0.2 (nodejs24.x and newer), observed outputs

const { types } = require('node:util')

/** The runtime's own frames say nothing to the function's author and name folders of the machine. */
function stackLines(stack) {
  return stack.split('\n').filter((line) => !line.includes(__dirname))
}

/** An error of the runtime itself, e.g. `Runtime.HandlerNotFound`. From nodejs24.x the name is a property of the error and
 *  shows in its log line; before, it was inherited. */
function runtimeError(model, name, message) {
  const error = new Error(message)
  Object.defineProperty(error, 'name', {
    value: `Runtime.${name}`,
    enumerable: !model.hasCallbacks,
    configurable: true,
    writable: true,
  })
  error.stack = error.stack.replace(/^Error/, error.name)
  return error
}

/** Whatever was thrown, as an Error. */
function toError(model, thrown) {
  if (thrown instanceof Error) return thrown
  return new Error(model.hasCallbacks ? thrown : String(thrown))
}

/** The error object that the invoker receives.
 *  units  trace: lines of the stack, the first is `<name>: <message>` */
function toPayload(model, thrown) {
  try {
    if (isError(model, thrown)) return errorPayload(model, thrown)
    if (model.isAncient) return { errorMessage: String(thrown) }
    return { errorType: typeof thrown, errorMessage: describe(model, thrown), trace: [] }
  } catch {
    return {
      errorType: 'handled',
      errorMessage:
        'callback called with Error argument, but there was a problem while retrieving one or more of its message, name, and stack',
    }
  }
}

function errorPayload(model, error) {
  const trace = stackLines(escapeDel(String(error.stack)))
  const errorType = escapeDel(error.name)
  const errorMessage = escapeDel(error.message)
  if (!model.isAncient) return { errorType, errorMessage, trace }
  const stackTrace = trace.slice(1).map((line) => line.trim().replace(/^at /, ''))
  return { errorMessage, errorType, stackTrace }
}

/** nodejs22.x and older take for an error what looks like one. */
function isError(model, value) {
  if (!model.hasCallbacks) return value instanceof Error
  if (types.isNativeError(value)) return true
  return isText(value && value.name) && isText(value.message) && isText(value.stack)
}

function isText(value) {
  return typeof value === 'string' && value !== ''
}

/** nodejs22.x and older fail on `null` and `undefined` here, and say so with the text above. */
function describe(model, thrown) {
  return model.hasCallbacks ? thrown.toString() : String(thrown)
}

function escapeDel(text) {
  return typeof text === 'string' ? text.replaceAll('\u007f', '%7F') : text
}

/** An error with its own properties and its stack in lines, as one JSON text for a log line. */
function toLogText(model, thrown) {
  const error = toError(model, thrown)
  try {
    return JSON.stringify(error, (_key, value) =>
      value instanceof Error ? withDetails(value) : value,
    )
  } catch {
    return JSON.stringify(toPayload(model, error))
  }
}

function withDetails(error) {
  const details = { errorType: error.name, errorMessage: error.message, code: error.code, ...error }
  if (typeof error.stack === 'string') details.stack = stackLines(error.stack)
  return details
}

/** Request headers that go with a posted error: its type, and the cause for X-Ray when it fits. */
function errorHeaders(thrown, errorType) {
  const cause = xrayCause(thrown)
  const type = headerText(String(errorType || 'Error')).slice(0, 256)
  return (
    `Lambda-Runtime-Function-Error-Type: ${type}\r\n` +
    (cause === '' ? '' : `Lambda-Runtime-Function-XRay-Error-Cause: ${cause}\r\n`)
  )
}

const MAX_CAUSE_LENGTH = 64 * 1024

function xrayCause(thrown) {
  if (!(thrown instanceof Error)) return ''
  try {
    const stack = stackLines(String(thrown.stack)).slice(1).map(toFrame)
    const cause = JSON.stringify({
      working_directory: process.cwd(),
      exceptions: [{ type: thrown.name, message: thrown.message, stack }],
      paths: [...new Set(stack.map((frame) => frame.path))],
    })
    const ascii = cause.replace(
      /[\u007f-\uffff]/g,
      (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
    )
    return ascii.length <= MAX_CAUSE_LENGTH ? ascii : ''
  } catch {
    return ''
  }
}

function toFrame(line) {
  const match = /^\s*at (?:(.*) \()?(.*?):(\d+)(?::\d+)?\)?$/.exec(line)
  if (match === null) return { path: line.trim(), line: 0, label: 'anonymous' }
  return { path: match[2], line: Number(match[3]), label: match[1] || 'anonymous' }
}

function headerText(text) {
  return text.replace(/[^\u0020-\u007e]/g, '?')
}

module.exports = { stackLines, runtimeError, toError, toPayload, toLogText, errorHeaders }
