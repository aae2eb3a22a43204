// An extension that subscribes to telemetry and writes what it is told into the file named by EVENTS, one record a line; what the
// platform answered to the subscription as a record of type "subscription", the end of its life as one of type "shutdown".
// SUBSCRIPTION (JSON) changes the subscription, API chooses the Logs API, LATE subscribes a second time after its first `next`.
import { appendFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { basename } from 'node:path'

const { AWS_LAMBDA_RUNTIME_API, EVENTS, SUBSCRIPTION = '{}', API, LATE } = process.env
const base = `http://${AWS_LAMBDA_RUNTIME_API}`
const path = API === 'logs' ? '2020-08-15/logs' : '2022-07-01/telemetry'
const note = (value) => appendFileSync(EVENTS, `${JSON.stringify(value)}\n`)

const registered = await fetch(`${base}/2020-01-01/extension/register`, {
  method: 'POST',
  headers: { 'Lambda-Extension-Name': basename(process.argv[1]) },
  body: JSON.stringify({ events: ['INVOKE', 'SHUTDOWN'] }),
})
const headers = {
  'Lambda-Extension-Identifier': registered.headers.get('lambda-extension-identifier'),
}

const server = createServer((request, response) => {
  const chunks = []
  request.on('data', (chunk) => chunks.push(chunk))
  request.on('end', () => {
    for (const event of JSON.parse(Buffer.concat(chunks).toString())) note(event)
    response.end()
  })
})
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
const { port } = server.address()

async function subscribe() {
  const answer = await fetch(`${base}/${path}`, {
    method: 'PUT',
    headers,
    body: JSON.stringify({
      schemaVersion: API === 'logs' ? '2021-03-18' : '2022-12-13',
      types: ['platform', 'function', 'extension'],
      buffering: { timeoutMs: 25, maxItems: 1000, maxBytes: 262144 },
      destination: { protocol: 'HTTP', URI: `http://sandbox.localdomain:${port}` },
      ...JSON.parse(SUBSCRIPTION),
    }),
  })
  note({ type: 'subscription', record: [answer.status, await answer.text()] })
}

await subscribe()
console.log('extension is up')
for (let count = 1; ; count += 1) {
  const response = await fetch(`${base}/2020-01-01/extension/event/next`, { headers })
  const event = await response.json()
  if (event.eventType === 'SHUTDOWN') {
    note({ type: 'shutdown', record: event.shutdownReason })
    process.exit(0)
  }
  if (LATE && count === 1) await subscribe()
}
