'use strict'
// The function's console as the managed runtime shapes it: one event a line, with time, request id and level, as text or as
// JSON. Lines are written synchronously, so that they are in the pipe before the answer that follows them.
// source: AWS Lambda dev guide "Log and monitor Node.js Lambda functions"; aws-lambda-ric 4.0.2, observed outputs

const fs = require('node:fs')
const { format } = require('node:util')
const { stackLines, toError, toLogText } = require('./errors.cjs')

const LEVELS = ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL']
const METHODS = {
  trace: 'TRACE',
  debug: 'DEBUG',
  info: 'INFO',
  log: 'INFO',
  warn: 'WARN',
  error: 'ERROR',
  fatal: 'FATAL',
}

/** What lines say about the running invocation. */
const current = { requestId: undefined, tenantId: undefined }

const output = { isJson: false, model: undefined, stdout: undefined }

/** Replace the console's methods by the model's and the environment's log settings. */
function patchConsole(model) {
  output.isJson = (process.env.AWS_LAMBDA_LOG_FORMAT || '').toUpperCase() === 'JSON'
  output.model = model
  current.requestId = model.hasCallbacks ? undefined : '-'
  const lowest = Math.max(0, LEVELS.indexOf((process.env.AWS_LAMBDA_LOG_LEVEL || '').toUpperCase()))
  for (const [method, level] of Object.entries(METHODS)) {
    const isSilent = LEVELS.indexOf(level) < lowest
    console[method] = isSilent ? silent : (message, ...rest) => log(level, message, rest)
  }
  holdStream('stdout')
  holdStream('stderr')
}

/** Write an error of the runtime's own: `Invoke Error`, `Uncaught Exception` and the like.
 *  @param label  what the text form says before the error */
function logError(label, thrown) {
  if (output.isJson) console.error(toError(output.model, thrown))
  else console.error(label, `\t${toLogText(output.model, thrown)}`)
}

function silent() {}

function log(level, message, rest) {
  const line = output.isJson ? jsonLine(level, message, rest) : textLine(level, message, rest)
  // One event a line, but for the oldest runtimes, whose lines were read as they are.
  writeLine(`${output.model.isAncient ? line : line.replaceAll('\n', '\r')}\n`)
}

function textLine(level, message, rest) {
  const text = format(message, ...rest)
  const time = new Date().toISOString()
  if (output.model.isAncient) return `${time}\t${current.requestId}\t${text}`
  return `${time}\t${current.requestId}\t${level}\t${text}`
}

function jsonLine(level, message, rest) {
  const line = { timestamp: new Date().toISOString(), level, requestId: current.requestId }
  if (current.tenantId) line.tenantId = current.tenantId
  if (rest.length === 0) {
    line.message = message
    try {
      return JSON.stringify(line, (_key, value) =>
        value instanceof Error ? errorFields(value) : value,
      )
    } catch {
      line.message = format(message)
      return JSON.stringify(line)
    }
  }
  line.message = format(message, ...rest)
  const error = rest.find((param) => param instanceof Error)
  if (error !== undefined) {
    line.errorType = typeName(error)
    line.errorMessage = error.message
    line.stackTrace = typeof error.stack === 'string' ? stackLines(error.stack) : []
  }
  return JSON.stringify(line)
}

function errorFields(error) {
  const stackTrace = typeof error.stack === 'string' ? stackLines(error.stack) : error.stack
  return { errorType: typeName(error), errorMessage: error.message, stackTrace, ...error }
}

function typeName(error) {
  return (error.constructor && error.constructor.name) || 'UnknownError'
}

/** A function that touched process.stdout may have replaced its `write`: then lines go through it, as in the managed runtime. */
function writeLine(line) {
  if (output.stdout !== undefined) output.stdout.write(line)
  else writeSync(1, Buffer.from(line))
}

const pause = new Int32Array(new SharedArrayBuffer(4))

function writeSync(fd, bytes) {
  let offset = 0
  while (offset < bytes.length) {
    try {
      offset += fs.writeSync(fd, bytes, offset)
    } catch (error) {
      if (error.code !== 'EAGAIN') return
      Atomics.wait(pause, 0, 0, 1)
    }
  }
}

/** Node.js makes its output streams when they are first touched (a millisecond or two): keep that, and make them blocking. */
function holdStream(name) {
  const original = Object.getOwnPropertyDescriptor(process, name)
  let stream
  Object.defineProperty(process, name, {
    configurable: true,
    enumerable: true,
    get() {
      if (stream === undefined) {
        stream = original.get.call(process)
        if (stream._handle && typeof stream._handle.setBlocking === 'function')
          stream._handle.setBlocking(true)
        output[name] = stream
      }
      return stream
    },
    set(value) {
      stream = value
      output[name] = value
    },
  })
}

module.exports = { patchConsole, logError, current }
