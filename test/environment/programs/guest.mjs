// A runtime client on a raw socket. What it does is told by the event: {"do":"…"}; what its init does, by the variable INIT; INTERNAL
// makes it an extension of its own, without events.
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { spawn } from 'node:child_process'

const [host, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(':')
const base = '/2018-06-01/runtime'
const next = `GET ${base}/invocation/next HTTP/1.1\r\nHost: ${host}:${port}\r\n\r\n`
const socket = connect(Number(port), host)
let count = 0
let rest = Buffer.alloc(0)

const post = (path, body, fields = '') =>
  `POST ${base}/${path} HTTP/1.1\r\nHost: ${host}:${port}\r\nContent-Type: application/json\r\n${fields}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms))
const spin = () => {
  for (;;);
}

async function init() {
  const attempts = `${process.env.TMPDIR}/attempts`
  appendFileSync(attempts, 'x')
  const attempt = readFileSync(attempts, 'utf8').length
  console.log(`init ${attempt}`)
  const [kind, untilAttempt = '1000'] = (process.env.INIT ?? '').split(':')
  if (attempt > Number(untilAttempt)) return
  if (kind === 'exit') process.exit(3)
  if (kind === 'slow') await sleep(5000)
  if (kind === 'post') {
    const error = { errorMessage: `attempt ${attempt}`, errorType: 'Runtime.ImportModuleError' }
    const fields = 'Lambda-Runtime-Function-Error-Type: Runtime.ImportModuleError\r\n'
    socket.write(post('init/error', JSON.stringify(error), fields))
    await sleep(30)
    process.exit(128)
  }
}

/** Register and wait for an event that never comes, as Go's client does to be told of its end. */
async function becomeExtension() {
  const own = connect(Number(port), host)
  own.write(
    'POST /2020-01-01/extension/register HTTP/1.1\r\nHost: x\r\nLambda-Extension-Name: inside\r\nContent-Length: 13\r\n\r\n{"events":[]}',
  )
  const answer = await new Promise((resolve) => own.once('data', (chunk) => resolve(String(chunk))))
  const id = /lambda-extension-identifier: (\S+)/i.exec(answer)?.[1]
  own.write(
    `GET /2020-01-01/extension/event/next HTTP/1.1\r\nHost: x\r\nLambda-Extension-Identifier: ${id}\r\n\r\n`,
  )
}

if (process.env.ON_SIGTERM) {
  process.on('SIGTERM', () => {
    process.stdout.write('got SIGTERM\n')
    if (process.env.ON_SIGTERM === 'exit') process.exit(0)
  })
}

const respond = (id, value) => post(`invocation/${id}/response`, JSON.stringify(value))

const acts = {
  fail: (_event, id) =>
    post(
      `invocation/${id}/error`,
      '{"errorMessage":"no","errorType":"Nope"}',
      'Lambda-Runtime-Function-Error-Type: Nope\r\n',
    ),
  exit: (event) => process.exit(event.code),
  signal: (event) => process.kill(process.pid, event.signal),
  sleep: (event) => sleep(event.ms),
  spin,
  log: (event) => {
    for (let line = 1; line <= event.lines; line += 1) console.log(`line ${line}`)
  },
  print: (event) => void process.stdout.write(event.text),
  big: (event, id) => respond(id, 'x'.repeat(event.bytes)),
  environment: (_event, id) => respond(id, { ...process.env, cwd: process.cwd() }),
  file: (_event, id) => {
    const path = `${process.env.TMPDIR}/kept`
    const before = existsSync(path) ? readFileSync(path, 'utf8') : ''
    writeFileSync(path, `${before}x`)
    return respond(id, { count, kept: before.length, pid: process.pid })
  },
  eat: async () => {
    const kept = []
    for (;;) {
      kept.push(Buffer.alloc(8 * 1024 * 1024, 1))
      await sleep(5)
    }
  },
  fill: async (event) => {
    const chunk = Buffer.alloc(1024 * 1024, 1)
    for (let mib = 0; mib < event.mib; mib += 1) appendFileSync(`${process.env.TMPDIR}/big`, chunk)
    for (let turn = 0; turn < 100; turn += 1) await sleep(50)
  },
  'respond-then-exit': async (_event, id) => {
    socket.write(respond(id, 'done'))
    await sleep(50)
    process.exit(1)
  },
  'respond-then-hang': async (_event, id) => {
    socket.write(respond(id, 'done'))
    await sleep(60_000)
  },
  'die-in-body': async (_event, id) => {
    socket.write(
      `POST ${base}/invocation/${id}/response HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf`,
    )
    await sleep(50)
    process.exit(1)
  },
  'exit-later': (event) => void setTimeout(() => process.exit(1), event.ms),
  child: (_event, id) => {
    const child = spawn('/bin/sleep', ['1000'], { stdio: 'ignore' })
    return respond(id, { child: child.pid })
  },
}

/** An act answers by itself or leaves that to us. */
async function handle(id, event) {
  count += 1
  if (event.do === undefined) return respond(id, { count, event })
  const own = await acts[event.do](event, id)
  return typeof own === 'string' ? own : respond(id, { count })
}

function onResponse(head, body) {
  const id = /lambda-runtime-aws-request-id: (.*)/i.exec(head)?.[1]
  if (id === undefined) return
  const handled = handle(id.trim(), body.length > 0 ? JSON.parse(body) : {})
  void handled.then((response) => socket.write(response + next))
}

socket.setNoDelay(true)
socket.on('data', (chunk) => {
  rest = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk
  for (let end = rest.indexOf('\r\n\r\n'); end !== -1; end = rest.indexOf('\r\n\r\n')) {
    const head = rest.toString('latin1', 0, end)
    const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0)
    if (rest.length < end + 4 + length) return
    const body = rest.toString('utf8', end + 4, end + 4 + length)
    rest = rest.subarray(end + 4 + length)
    onResponse(head, body)
  }
})
await init()
if (process.env.INTERNAL) await becomeExtension()
socket.write(next)
