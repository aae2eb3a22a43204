'use strict'
// Handlers that stream their response: the body leaves in chunks as it is written; an error after the first chunk travels in
// trailers. Loaded only when a handler is marked as streaming.
// source: AWS Lambda dev guide "Building custom runtimes", section on response streaming; aws-lambda-ric 4.0.2, observed bytes

const { Writable } = require('node:stream')
const { invocationMembers } = require('./context.cjs')
const { runtimeError, toPayload } = require('./errors.cjs')
const { logError } = require('./console.cjs')

const TRAILERS = 'Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body'

/** The third programming model: handler(event, responseStream, context). */
class StreamingModel {
  constructor(options) {
    this.options = options
  }

  async invoke(runtime, headers, body) {
    const stream = new ResponseStream(runtime, this.options)
    let waits = runtime.model.hasCallbacks
    runtime.whenDrained = () => {
      if (runtime.isStreaming) process.exit(13)
      else runtime.failUnsettled()
    }
    try {
      const context = Object.assign(invocationMembers(headers), runtime.members)
      if (runtime.model.hasCallbacks) {
        Object.defineProperty(context, 'callbackWaitsForEmptyEventLoop', {
          enumerable: true,
          get: () => waits,
          set: (value) => (waits = value),
        })
      }
      const result = runtime.handler(JSON.parse(body.toString()), stream, context)
      if (!result || typeof result.then !== 'function')
        throw new Error('Streaming does not support non-async handlers.')
      if ((await result) !== undefined) console.warn('Streaming handlers ignore return values.')
      if (stream.destroyed && !stream.isClosed) {
        throw new Error('The response stream was destroyed before its end.')
      }
      await stream.replied
    } catch (error) {
      logError('Invoke Error', error)
      stream.fail(toPayload(runtime.model, error))
      await stream.replied
    }
    this.finish(runtime, waits)
  }

  finish(runtime, waits) {
    runtime.isStreaming = false
    const next = () => {
      runtime.requestId = undefined
      runtime.client.next()
    }
    if (waits) {
      runtime.client.release()
      runtime.whenDrained = () => setImmediate(next)
    } else {
      runtime.whenDrained = undefined
      next()
    }
  }
}

/** Writes HTTP chunks to the Runtime API's socket; opens the request at the first byte.
 *  `replied` settles when the Runtime API has taken the whole response. */
class ResponseStream extends Writable {
  constructor(runtime, options) {
    super(options)
    this.runtime = runtime
    this.contentType = 'application/octet-stream'
    this.request = undefined
    this.isClosed = false
    this.trailers = ''
    this._onBeforeFirstWrite = undefined
    this.replied = new Promise((resolve) => (this.resolveReplied = resolve))
    this.on('error', (error) => {
      // Nobody else listens: it is an uncaught exception, as with any stream.
      if (this.listenerCount('error') === 1) setImmediate(rethrow, error)
    })
  }

  setContentType(contentType) {
    if (this.request !== undefined) {
      throw runtimeError(
        this.runtime.model,
        'InvalidStreamingOperation',
        'Cannot set content-type, too late.',
      )
    }
    this.contentType = contentType
  }

  write(chunk, encoding, callback) {
    const isBytes = typeof chunk === 'string' || chunk instanceof Uint8Array
    return super.write(isBytes ? chunk : JSON.stringify(chunk), encoding, callback)
  }

  _write(chunk, _encoding, callback) {
    const { socket } = this.open()
    this.writePrelude(socket)
    if (chunk.length === 0) {
      callback()
      return
    }
    socket.cork()
    socket.write(`${chunk.length.toString(16)}\r\n`)
    socket.write(chunk)
    socket.write('\r\n', callback)
    socket.uncork()
  }

  _final(callback) {
    this.close()
    callback()
  }

  /** An end that was promised comes, also when a write after it is an error. */
  _destroy(error, callback) {
    if (this.writableEnded && !this.isClosed) this.close()
    callback(error)
  }

  /** End the response with an error, after what was written before: in trailers, the body as base64 so that no line break gets
   *  into a header. A response that was ended already stays as it is. */
  fail(payload) {
    if (this.isClosed || this.writableEnded) return
    const text = Buffer.from(JSON.stringify(payload)).toString('base64')
    this.trailers =
      `Lambda-Runtime-Function-Error-Type: ${String(payload.errorType).replace(/[^\u0020-\u007e]/g, '?')}\r\n` +
      `Lambda-Runtime-Function-Error-Body: ${text}\r\n`
    if (this.destroyed) this.close()
    else this.end()
  }

  open() {
    if (this.request !== undefined) return this.request
    this.runtime.isStreaming = true
    this.request = this.runtime.client.openStream(
      this.runtime.requestId,
      `Content-Type: ${this.contentType}\r\nLambda-Runtime-Function-Response-Mode: streaming\r\nTrailer: ${TRAILERS}\r\n`,
    )
    return this.request
  }

  /** A prelude goes before the first write, even of nothing; a stream that is ended without one has none, as in the managed runtime. */
  writePrelude(socket) {
    const before = this._onBeforeFirstWrite
    if (typeof before !== 'function') return
    this._onBeforeFirstWrite = undefined
    before((part) => {
      const bytes = Buffer.from(part)
      socket.write(`${bytes.length.toString(16)}\r\n`)
      socket.write(bytes)
      socket.write('\r\n')
    })
  }

  close() {
    const { socket, expectReply } = this.open()
    this.isClosed = true
    socket.write(`0\r\n${this.trailers}\r\n`)
    expectReply(() => this.resolveReplied())
  }
}

function rethrow(error) {
  throw error
}

module.exports = { StreamingModel }
