'use strict'
// The invoke loop: an event comes in, the handler runs, its answer goes out together with the request for the next event.
// Two programming models meet here: callbacks with an awaited event loop (up to nodejs22.x) and promises only.
// source: aws-lambda-ric 3.3.0 and 4.0.2, observed order of calls; AWS Lambda dev guide "Runtime.NodejsExit"

const { current, logError } = require('./console.cjs')
const { environmentMembers, invocationMembers } = require('./context.cjs')
const { errorHeaders, runtimeError, toPayload } = require('./errors.cjs')

const NEVER_SETTLED =
  'Lambda runtime client detected an unexpected Node.js exit code. This is most commonly caused by a Promise that was never settled. For more information, see https://nodejs.org/docs/latest/api/process.html#exit-codes'
/** Node.js's own status for a promise at the top that never settles. */
const NEVER_SETTLED_STATUS = 13
const UNSTRINGIFIABLE = 'Unable to stringify response body'
/** How long the post of a last error may take before the process ends without its reply. */
const LAST_POST_MS = 2000

/** One function's life in this process.
 *  shape  requestId   of the running invocation; undefined between invocations
 *  shape  answer      what will be sent at the end of this turn of the event loop: () => void
 *  shape  isStreaming a streamed answer has begun: nothing else can be posted before its end
 *  shape  isConcurrent others like it run in this process: nothing of the process is this invocation's own
 *  shape  whenDrained what to do if the event loop drains during the invocation */
class Runtime {
  constructor(model) {
    this.model = model
    this.client = undefined
    this.handler = undefined
    this.stream = undefined
    this.requestId = undefined
    this.answer = undefined
    this.whenDrained = undefined
    this.isInitialised = false
    this.isEnding = false
    this.isStreaming = false
    this.isConcurrent = false
    this.members = environmentMembers()
    this.flush = () => this.sendAnswer()
  }

  /** Ask for the first event: initialisation is over. */
  start(client, handler) {
    this.client = client
    this.handler = handler
    this.isInitialised = true
    client.next()
  }

  /** An event has arrived. */
  handleOnce(headers, body) {
    const requestId = headers['lambda-runtime-aws-request-id']
    const traceId = headers['lambda-runtime-trace-id']
    this.requestId = requestId
    current.requestId = requestId
    current.tenantId = headers['lambda-runtime-aws-tenant-id']
    if (!this.isConcurrent) setTraceId(traceId)
    if (this.store !== undefined) this.store.begin(requestId, traceId, current.tenantId)
    if (this.stream !== undefined) this.stream.invoke(this, headers, body)
    else if (this.model.hasCallbacks) this.invokeWithCallback(headers, body)
    else this.invoke(headers, body)
  }

  /** nodejs24.x and newer: what the handler returns, awaited, is the answer. */
  invoke(headers, body) {
    let result
    try {
      const context = Object.assign(invocationMembers(headers), this.members)
      context.xRayTraceId = headers['lambda-runtime-trace-id']
      result = this.handler(JSON.parse(body.toString()), context)
    } catch (error) {
      this.fail(error)
      return
    }
    if (!isPromise(result)) {
      this.succeedOrFail(result)
      return
    }
    this.whenDrained = () => this.failUnsettled()
    result.then(
      (value) => this.succeedOrFail(value),
      (error) => this.fail(error),
    )
  }

  succeedOrFail(result) {
    try {
      this.succeed(result)
    } catch (error) {
      this.fail(error)
    }
  }

  /** nodejs22.x and older: callback, context.done and its kin, or a promise; the first of them counts. */
  invokeWithCallback(headers, body) {
    let isFinished = false
    let waits = true
    const once = (act) => (first, second) => {
      if (isFinished) return
      act(first, second)
      isFinished = true
    }
    const done = (error, result) => {
      if (error === undefined || error === null) this.succeed(result)
      else this.fail(error)
    }
    const succeed = once((result) => done(null, result))
    const fail = once((error) => done(error === undefined || error === null ? 'handled' : error))
    const callback = once((error, result) => {
      const isAtOnce = !waits || this.isConcurrent
      if ((error !== undefined && error !== null) || isAtOnce) done(error, result)
      else this.whenDrained = () => setImmediate(() => this.succeed(result))
    })
    const context = {
      get callbackWaitsForEmptyEventLoop() {
        return waits
      },
      set callbackWaitsForEmptyEventLoop(value) {
        waits = value
      },
      succeed,
      fail,
      done: once(done),
    }
    this.whenDrained = () => {
      isFinished = true
      this.succeed(null)
    }
    try {
      Object.assign(context, this.members, invocationMembers(headers))
      const result = this.handler(JSON.parse(body.toString()), context, callback)
      if (!isPromise(result)) return
      if (!isFinished) this.whenDrained = () => this.failUnsettled()
      result.then(succeed, fail).catch(fail)
    } catch (error) {
      callback(error)
    }
  }

  /** Answer with a result; throws when it cannot be made JSON. */
  succeed(result) {
    const text = this.stringify(result)
    const id = this.requestId
    this.settle((isLast) => this.client.respond(id, text, isLast))
  }

  stringify(result) {
    try {
      const text = JSON.stringify(result)
      return text === undefined ? 'null' : text
    } catch {
      if (this.model.hasCallbacks) throw new Error(UNSTRINGIFIABLE)
      throw runtimeError(this.model, 'JSONStringifyError', UNSTRINGIFIABLE)
    }
  }

  /** Answer with an error of the handler. */
  fail(error) {
    logError('Invoke Error', error)
    const payload = toPayload(this.model, error)
    const headers = errorHeaders(error, payload.errorType)
    const text = JSON.stringify(payload)
    const id = this.requestId
    this.settle(() => this.client.fail(id, headers, text))
  }

  /** The answer leaves at the end of this turn of the event loop: what else the handler started in it (a rejected promise
   *  nobody awaits) comes first, as in the managed runtime. */
  settle(send) {
    this.whenDrained = undefined
    this.answer = send
    setImmediate(this.flush)
  }

  sendAnswer() {
    const send = this.answer
    if (send === undefined) return
    this.answer = undefined
    this.requestId = undefined
    send(false)
  }

  /** The process is about to end: nodejs22.x and older had sent their answer by now, so it goes out without asking for more. */
  sendLastAnswer() {
    const send = this.answer
    if (send === undefined || !this.model.hasCallbacks) return false
    this.answer = undefined
    this.requestId = undefined
    send(true)
    return true
  }

  /** Called when nothing is left to run while an invocation waits for its handler. */
  handleDrained() {
    if (this.isEnding) return
    if (!this.isInitialised) {
      process.exit(NEVER_SETTLED_STATUS)
      return
    }
    const act = this.whenDrained
    this.whenDrained = undefined
    if (act !== undefined) act()
  }

  /** source: AWS Lambda dev guide "Unexpected Node.js exit in runtime (Runtime.NodejsExit)" */
  failUnsettled() {
    const errorType = 'Runtime.NodeJsExit'
    const errorMessage = `RequestId: ${this.requestId} Error: ${NEVER_SETTLED}`
    this.end(
      { errorType, errorMessage },
      `Lambda-Runtime-Function-Error-Type: ${errorType}\r\n`,
      NEVER_SETTLED_STATUS,
    )
  }

  /** An error that this process does not survive: report it for the phase it happened in, then exit.
   *  @param label   for the log line
   *  @param status  exit status */
  crash(label, error, status) {
    logError(label, error)
    const isAnswered = this.isInitialised && (this.requestId === undefined || this.sendLastAnswer())
    if (isAnswered || this.isStreaming) {
      this.isEnding = true
      this.client.afterWrites(() => process.exit(status))
      return
    }
    const payload = toPayload(this.model, error)
    this.end(payload, errorHeaders(error, payload.errorType), status)
  }

  end(payload, headers, status) {
    if (this.isEnding) return
    this.isEnding = true
    this.answer = undefined
    const exit = () => process.exit(status)
    setTimeout(exit, LAST_POST_MS)
    const path = this.isInitialised ? `/invocation/${this.requestId}/error` : '/init/error'
    this.client.failFinally(path, headers, JSON.stringify(payload), exit)
  }
}

function setTraceId(traceId) {
  if (traceId) process.env._X_AMZN_TRACE_ID = traceId
  else delete process.env._X_AMZN_TRACE_ID
}

function isPromise(value) {
  return Boolean(value) && typeof value.then === 'function'
}

module.exports = { Runtime }
