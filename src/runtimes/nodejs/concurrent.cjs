'use strict'
// Several invocations at once in one process: so many loops of the runtime on one event loop, each with a connection of its own, all
// calling the one handler. What else is of one invocation (its id in log lines, the invocation store) is told apart by the asynchronous
// context it runs in. An error that nobody catches ends the process, and with it all invocations.
// source: AWS Lambda dev guide "Node.js runtime for Lambda Managed Instances"

const { AsyncLocalStorage } = require('node:async_hooks')
const { RuntimeClient } = require('./client.cjs')
const { current } = require('./console.cjs')
const { Runtime } = require('./runtime.cjs')

/** More would only be parked. */
const MAX_COUNT = 1600

class ConcurrentLoops {
  /** @param first   the runtime that loads the handler, with its client */
  constructor(count, first, client) {
    this.context = new AsyncLocalStorage()
    this.first = first
    this.all = [first]
    this.clients = [client]
    client.onInvocation = this.enter(first)
    for (let index = 1; index < Math.min(count, MAX_COUNT); index += 1) this.add(client)
    for (const runtime of this.all) runtime.isConcurrent = true
    this.tellApart(current, ['requestId', 'tenantId'])
    if (first.store !== undefined) this.tellApart(first.store, ['context'])
  }

  /** the loop whose invocation runs; the first one outside of all */
  get current() {
    const own = this.context.getStore()
    return own === undefined ? this.first : own.runtime
  }

  start(handler) {
    this.all.forEach((runtime, index) => {
      runtime.stream = this.first.stream
      runtime.start(this.clients[index], handler)
    })
  }

  add({ authority, onBroken }) {
    const runtime = new Runtime(this.first.model)
    const client = new RuntimeClient(authority, this.enter(runtime), onBroken)
    runtime.client = client
    runtime.store = this.first.store
    this.all.push(runtime)
    this.clients.push(client)
  }

  /** Each invocation has a context of its own. */
  enter(runtime) {
    return (headers, body) => this.context.run({ runtime }, () => runtime.handleOnce(headers, body))
  }

  /** Make members of a shared object those of the running invocation. */
  tellApart(object, names) {
    for (const name of names) {
      const outside = object[name]
      Object.defineProperty(object, name, {
        get: () => {
          const own = this.context.getStore()
          return own === undefined ? outside : own[name]
        },
        set: (value) => {
          const own = this.context.getStore()
          if (own !== undefined) own[name] = value
        },
      })
    }
  }
}

module.exports = { ConcurrentLoops }
