'use strict'
// The generic part of a bootstrap that was started before anybody knew for which function.

const fs = require('node:fs')
const Module = require('node:module')
const net = require('node:net')
const { RuntimeClient } = require('./client.cjs')

/** A customer's environment is at most 4 KB; the rest is the platform's. */
const MAX_LINE_BYTES = 1024 * 1024

/** Do once, before anybody waits for it, what costs most the first time: load the module loader, and take one event from a
 *  Runtime API that lives in this process for the moment. */
async function warmUp() {
  // A socket that closes asks whether it is the standard error, which would open that: the function shall be the first to.
  const stderr = Object.getOwnPropertyDescriptor(process, 'stderr')
  Object.defineProperty(process, 'stderr', { ...stderr, get: () => undefined })
  try {
    await import('data:text/javascript,0')
    await takeOneEvent()
  } finally {
    Object.defineProperty(process, 'stderr', stderr)
  }
}

async function takeOneEvent() {
  const server = net.createServer((socket) => {
    socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}'))
    socket.on('error', () => socket.destroy())
  })
  await new Promise((resolve) => {
    server.once('error', resolve)
    server.listen(0, '127.0.0.1', () => {
      const client = new RuntimeClient(`127.0.0.1:${server.address().port}`, ignore, ignore)
      client.next()
      client.socket.once('close', resolve)
    })
  })
  if (server.listening) await new Promise((resolve) => server.close(resolve))
}

function ignore() {}

/** Block until one line `{"environment":{…},"workingDirectory":"…"}` arrives on standard input, then be that process:
 *  environment, working directory, module paths, time zone. A closed input ends the process. */
function becomeAssigned() {
  const { environment, workingDirectory } = JSON.parse(readLine())
  for (const name of Object.keys(process.env)) delete process.env[name]
  Object.assign(process.env, environment)
  // Node.js forgets its cached zone only when TZ is assigned.
  if (environment.TZ === undefined) {
    process.env.TZ = ''
    delete process.env.TZ
  }
  process.chdir(workingDirectory)
  Module._initPaths()
  process.argv.splice(2)
  forgetThisModule()
  fs.closeSync(0)
  fs.openSync('/dev/null', 'r')
}

/** What was started for a function has never loaded it. */
function forgetThisModule() {
  delete require.cache[__filename]
  const siblings = require.main.children
  siblings.splice(siblings.indexOf(module), 1)
}

function readLine() {
  const parts = []
  let size = 0
  for (;;) {
    const bytes = readSome()
    if (bytes.length === 0) process.exit(0)
    parts.push(bytes)
    size += bytes.length
    if (bytes.includes(10)) return Buffer.concat(parts).toString('utf8').split('\n', 1)[0]
    if (size > MAX_LINE_BYTES) throw new Error('Assignment on standard input is too long')
  }
}

function readSome() {
  const bytes = Buffer.allocUnsafe(64 * 1024)
  for (;;) {
    try {
      return bytes.subarray(0, fs.readSync(0, bytes))
    } catch (error) {
      if (error.code !== 'EAGAIN') throw error
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5)
    }
  }
}

module.exports = { becomeAssigned, warmUp }
