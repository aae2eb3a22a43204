// A runtime client on a raw socket. What it does is told by the event: {"do":"…"}; what its init does, by the variable INIT.
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

async function handle(id, event) {
  count += 1
  const respond = (value) => post(`invocation/${id}/response`, JSON.stringify(value))
  const act = event.do
  if (act === undefined) return respond({ count, event })
  if (act === 'fail') {
    return post(
      `invocation/${id}/error`,
      '{"errorMessage":"no","errorType":"Nope"}',
      'Lambda-Runtime-Function-Error-Type: Nope\r\n',
    )
  }
  if (act === 'exit') process.exit(event.code)
  if (act === 'signal') process.kill(process.pid, event.signal)
  if (act === 'sleep') await sleep(event.ms)
  if (act === 'spin') spin()
  if (act === 'log') for (let line = 1; line <= event.lines; line += 1) console.log(`line ${line}`)
  if (act === 'print') process.stdout.write(event.text)
  if (act === 'big') return respond('x'.repeat(event.bytes))
  if (act === 'environment') return respond({ ...process.env, cwd: process.cwd() })
  if (act === 'file') {
    const path = `${process.env.TMPDIR}/kept`
    const before = existsSync(path) ? readFileSync(path, 'utf8') : ''
    writeFileSync(path, `${before}x`)
    return respond({ count, kept: before.length, pid: process.pid })
  }
  if (act === 'eat') {
    const kept = []
    for (;;) {
      kept.push(Buffer.alloc(8 * 1024 * 1024, 1))
      await sleep(5)
    }
  }
  if (act === 'fill') {
    const chunk = Buffer.alloc(1024 * 1024, 1)
    for (let mib = 0; mib < event.mib; mib += 1) appendFileSync(`${process.env.TMPDIR}/big`, chunk)
    for (let turn = 0; turn < 100; turn += 1) await sleep(50)
  }
  if (act === 'respond-then-exit') {
    socket.write(respond('done'))
    await sleep(50)
    process.exit(1)
  }
  if (act === 'respond-then-hang') {
    socket.write(respond('done'))
    await sleep(60_000)
  }
  if (act === 'die-in-body') {
    socket.write(
      `POST ${base}/invocation/${id}/response HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf`,
    )
    await sleep(50)
    process.exit(1)
  }
  if (act === 'exit-later') setTimeout(() => process.exit(1), event.ms)
  if (act === 'child') {
    const child = spawn('/bin/sleep', ['1000'], { stdio: 'ignore' })
    return respond({ child: child.pid })
  }
  return respond({ count })
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
socket.write(next)
