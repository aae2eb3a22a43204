'use strict'
// The global `awslambda`: the mark that makes a handler a streaming one, the stream with an HTTP prelude, and the store from
// which libraries read the running invocation's ids.
// source: AWS Lambda dev guide "Writing response streaming-enabled Lambda functions"; npm @aws/lambda-invoke-store, its interface

const STREAMING = Symbol.for('aws.lambda.runtime.handler.streaming')
const HIGH_WATER_MARK = Symbol.for('aws.lambda.runtime.handler.streaming.highWaterMark')
const KEYS = {
  REQUEST_ID: Symbol.for('_AWS_LAMBDA_REQUEST_ID'),
  X_RAY_TRACE_ID: Symbol.for('_AWS_LAMBDA_X_RAY_TRACE_ID'),
  TENANT_ID: Symbol.for('_AWS_LAMBDA_TENANT_ID'),
}
const PRELUDE_TYPE = 'application/vnd.awslambda.http-integration-response'
const PRELUDE_END = Buffer.alloc(8)

/** Install `globalThis.awslambda`, unless the function opted out.
 *  @returns the invocation store, or undefined */
function installGlobals() {
  const optOut = process.env.AWS_LAMBDA_NODEJS_NO_GLOBAL_AWSLAMBDA
  if (optOut === '1' || optOut === 'true') return undefined
  const store = new InvokeStore()
  globalThis.awslambda = {
    ...globalThis.awslambda,
    streamifyResponse,
    HttpResponseStream,
    InvokeStore: store,
  }
  return store
}

/** @returns undefined for a buffered handler, else {highWaterMark?}; throws when the mark is not for responses */
function streamingOptions(handler) {
  const mark = handler[STREAMING]
  if (mark === undefined || mark === null || mark === false) return undefined
  if (mark !== 'response') throw new Error('Only response streaming is supported.')
  const highWaterMark = Number.parseInt(handler[HIGH_WATER_MARK], 10)
  return Number.isNaN(highWaterMark) ? {} : { highWaterMark }
}

function streamifyResponse(handler, options) {
  handler[STREAMING] = 'response'
  if (options && typeof options.highWaterMark === 'number')
    handler[HIGH_WATER_MARK] = options.highWaterMark
  return handler
}

class HttpResponseStream {
  /** Put status, headers and cookies in front of a streamed body. */
  static from(stream, prelude) {
    stream.setContentType(PRELUDE_TYPE)
    const text = JSON.stringify(prelude)
    stream._onBeforeFirstWrite = (write) => {
      write(text)
      write(PRELUDE_END)
    }
    return stream
  }
}

class InvokeStore {
  begin(requestId, traceId, tenantId) {
    this.context = {
      [KEYS.REQUEST_ID]: requestId,
      [KEYS.X_RAY_TRACE_ID]: traceId,
      [KEYS.TENANT_ID]: tenantId,
    }
  }
  getContext() {
    return this.context
  }
  hasContext() {
    return this.context !== undefined
  }
  get(key) {
    return this.context && this.context[key]
  }
  set(key, value) {
    if (Object.values(KEYS).includes(key)) {
      throw new Error(`Cannot modify protected Lambda context field: ${String(key)}`)
    }
    this.context = this.context || {}
    this.context[key] = value
  }
  run(context, act) {
    this.context = context
    return act()
  }
  getRequestId() {
    return this.get(KEYS.REQUEST_ID) || '-'
  }
  getXRayTraceId() {
    return this.get(KEYS.X_RAY_TRACE_ID)
  }
  getTenantId() {
    return this.get(KEYS.TENANT_ID)
  }
}

module.exports = { installGlobals, streamingOptions }
