// A runtime with an internal extension in its own process, which subscribes to telemetry and writes what it is told into EVENTS.
import { appendFileSync } from 'node:fs'
import { createServer } from 'node:http'

const { AWS_LAMBDA_RUNTIME_API, EVENTS } = process.env
const base = `http://${AWS_LAMBDA_RUNTIME_API}`

const registered = await fetch(`${base}/2020-01-01/extension/register`, {
  method: 'POST',
  headers: { 'Lambda-Extension-Name': 'inner' },
  body: '{"events":[]}',
})
const headers = {
  'Lambda-Extension-Identifier': registered.headers.get('lambda-extension-identifier'),
}
const server = createServer((request, response) => {
  const chunks = []
  request.on('data', (chunk) => chunks.push(chunk))
  request.on('end', () => {
    for (const event of JSON.parse(Buffer.concat(chunks).toString())) {
      appendFileSync(EVENTS, `${JSON.stringify(event)}\n`)
    }
    response.end()
  })
})
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
await fetch(`${base}/2022-07-01/telemetry`, {
  method: 'PUT',
  headers,
  body: JSON.stringify({
    schemaVersion: '2022-07-01',
    types: ['platform'],
    buffering: { timeoutMs: 30000, maxItems: 10000, maxBytes: 1048576 },
    destination: { protocol: 'HTTP', URI: `http://sandbox:${server.address().port}/` },
  }),
})
// It is subscribed to no event: this waits for ever.
fetch(`${base}/2020-01-01/extension/event/next`, { headers }).catch(() => {})

const runtime = `${base}/2018-06-01/runtime/invocation`
for (;;) {
  const event = await fetch(`${runtime}/next`)
  await event.arrayBuffer()
  const id = event.headers.get('lambda-runtime-aws-request-id')
  await fetch(`${runtime}/${id}/response`, { method: 'POST', body: '{}' })
}
