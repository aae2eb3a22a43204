// An extension whose behaviour the variable EXTENSIONS tells, by its name: {"<name>":{"events":[…],"<when>":"<what>"}}.
// What: `exit:<code>`, `exit-later:<ms>`, `exit-after:<ms>`, `signal:<name>`, `hold:<MiB>`, `sleep:<ms>`, `hang`, `init-error`, `exit-error`. When: start, registered, invoke, shutdown.
const { basename } = require('node:path')
const http = require('node:http')

const name = basename(process.argv[1])
const plan = JSON.parse(process.env.EXTENSIONS ?? '{}')[name] ?? {}
const [host, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(':')
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 })
let id
let held

function ask(method, path, headers = {}, body = '') {
  return new Promise((resolve, reject) => {
    const options = { host, port, method, agent, path: `/2020-01-01/extension/${path}`, headers }
    const request = http.request(options, (response) => {
      let text = ''
      response.on('data', (chunk) => (text += chunk))
      response.on('end', () =>
        resolve({ ...response, status: response.statusCode, headers: response.headers, text }),
      )
    })
    request.on('error', reject)
    request.end(body)
  })
}

const say = (...words) => console.log(name, ...words)
process.on('exit', () => held?.length)
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms))
const mine = () => ({ 'Lambda-Extension-Identifier': id })

async function act(what = '') {
  const [kind, value] = what.split(':')
  if (kind === 'exit') process.exit(Number(value))
  if (kind === 'exit-later') setTimeout(() => process.exit(1), Number(value))
  if (kind === 'signal') process.kill(process.pid, value)
  if (kind === 'hold') held = Buffer.alloc(Number(value) * 1024 * 1024, 1)
  if (kind === 'exit-after') {
    await sleep(Number(value))
    process.exit(1)
  }
  if (kind === 'sleep') await sleep(Number(value))
  if (kind === 'hang') await sleep(60_000)
  if (kind === 'init-error' || kind === 'exit-error') {
    const headers = { ...mine(), 'Lambda-Extension-Function-Error-Type': 'Extension.Mine' }
    const { status } = await ask('POST', kind.replace('-', '/'), headers, '{}')
    say(kind, status)
    process.exit(Number(value ?? 1))
  }
}

async function main() {
  say('starts', Date.now())
  await act(plan.start)
  if (plan.ignoresSigterm) process.on('SIGTERM', () => {})
  const events = JSON.stringify({ events: plan.events ?? ['INVOKE', 'SHUTDOWN'] })
  const registered = await ask(
    'POST',
    'register',
    { 'Lambda-Extension-Name': plan.as ?? name },
    events,
  )
  id = registered.headers['lambda-extension-identifier']
  say('registered', registered.status, registered.text.trim())
  await act(plan.registered)
  for (;;) {
    const { text, status } = await ask('GET', 'event/next', mine())
    if (status !== 200) return say('refused', status, text.trim())
    const event = JSON.parse(text)
    if (event.eventType === 'SHUTDOWN') {
      say('SHUTDOWN', event.shutdownReason, event.deadlineMs - Date.now())
      await act(plan.shutdown)
      process.exit(0)
    }
    say('INVOKE', event.requestId, event.deadlineMs - Date.now(), event.tracing?.value ?? '')
    await act(plan.invoke)
  }
}

void main()
