'use strict'
// Lair's own runtime client for Node.js 18 and newer: what runs in a function's process. Started with `--wait` it is generic:
// it loads all it needs, waits on its standard input for one line of JSON that says which function it is, and goes on as if
// it had been started that way.

const { programmingModel } = require('./programming-model.cjs')
const { RuntimeClient } = require('./client.cjs')
const { patchConsole } = require('./console.cjs')
const { runtimeError } = require('./errors.cjs')
const { installGlobals, streamingOptions } = require('./globals.cjs')
const { loadHandler, refuseCallback } = require('./loader.cjs')
const { Runtime } = require('./runtime.cjs')

void main()

async function main() {
  if (process.argv.includes('--wait', 2)) {
    const { becomeAssigned, warmUp } = require('./wait.cjs')
    await warmUp()
    becomeAssigned()
  }
  listenForDebugger()
  const model = programmingModel(process.env.AWS_EXECUTION_ENV)
  const runtime = new Runtime(model)
  patchConsole(model)
  const client = new RuntimeClient(
    process.env.AWS_LAMBDA_RUNTIME_API || '127.0.0.1:9001',
    (headers, body) => runtime.handleOnce(headers, body),
    (error) => {
      process.stderr.write(`Runtime API failed: ${error.message}\n`)
      process.exit(1)
    },
    takeLocalName(process.env.AWS_LAMBDA_RUNTIME_API),
  )
  runtime.client = client
  runtime.store = installGlobals()
  const loops = openLoops(runtime, client)
  watchProcess(loops, model)
  let handler
  try {
    handler = await loadHandler(
      model,
      process.env.LAMBDA_TASK_ROOT || process.cwd(),
      process.env._HANDLER || '',
    )
    runtime.stream = streamOf(model, handler)
    refuseCallback(model, handler, runtime.stream !== undefined)
  } catch (error) {
    if (model.hasCallbacks) runtime.crash('Uncaught Exception', error, 129)
    else runtime.crash('Init Error', error, 1)
    return
  }
  loops.start(handler)
}

/** One loop, or several that share this process where the environment serves several invocations at once. */
function openLoops(runtime, client) {
  const count = Number(process.env.AWS_LAMBDA_MAX_CONCURRENCY)
  if (count > 1) {
    const { ConcurrentLoops } = require('./concurrent.cjs')
    return new ConcurrentLoops(count, runtime, client)
  }
  return { current: runtime, all: [runtime], start: (handler) => runtime.start(client, handler) }
}

/** Before any code of the function is loaded, so that its breakpoints are known. */
function listenForDebugger() {
  const port = process.env._LAIR_INSPECT_PORT
  if (port === undefined) return
  delete process.env._LAIR_INSPECT_PORT
  require('node:inspector').open(Number(port), '127.0.0.1')
}

/** The Unix socket that stands for this address, if there is one. A wrapper may have put a proxy before the API: then it is no more. */
function takeLocalName(address) {
  const [of, name] = (process.env._LAIR_LOCAL_API || '').split(' ')
  delete process.env._LAIR_LOCAL_API
  return of === address ? name : undefined
}

function streamOf(model, handler) {
  let options
  try {
    options = streamingOptions(handler)
  } catch (error) {
    throw runtimeError(model, 'MalformedStreamingHandler', error.message)
  }
  if (options === undefined) return undefined
  const { StreamingModel } = require('./streaming.cjs')
  return new StreamingModel(options)
}

/** source: aws-lambda-ric 3.3.0: exit statuses 129 and 128, and the texts of their log lines */
function watchProcess(loops, model) {
  process.on('uncaughtException', (error) => loops.current.crash('Uncaught Exception', error, 129))
  process.on('unhandledRejection', (reason, promise) => {
    const error = runtimeError(model, 'UnhandledPromiseRejection', String(reason))
    error.reason = reason
    error.promise = promise
    loops.current.crash('Unhandled Promise Rejection', error, 128)
  })
  process.on('beforeExit', () => loops.all.forEach((runtime) => runtime.handleDrained()))
  process.on('exit', () => loops.all.forEach((runtime) => runtime.sendLastAnswer()))
}
