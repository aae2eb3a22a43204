// A runtime client with several workers in one process. What each does is told by its event.
const base = `http://${process.env.AWS_LAMBDA_RUNTIME_API}/2018-06-01/runtime`
const count = Number(process.env.WORKERS ?? process.env.AWS_LAMBDA_MAX_CONCURRENCY)
const late = []
let running = 0
let peak = 0

const post = (path, body, headers = {}) =>
  fetch(`${base}/${path}`, { method: 'POST', body: JSON.stringify(body), headers })

if (process.env.INIT === 'fail') {
  await post('init/error', { errorMessage: 'no', errorType: 'Runtime.Broken' })
  process.exit(1)
}

if (process.env.REGISTER) {
  const extensions = `http://${process.env.AWS_LAMBDA_RUNTIME_API}/2020-01-01/extension`
  const registered = await fetch(`${extensions}/register`, {
    method: 'POST',
    headers: { 'Lambda-Extension-Name': 'internal' },
    body: JSON.stringify({ events: [process.env.REGISTER] }),
  })
  late.push({ status: registered.status, ...(await registered.json()) })
}

async function work() {
  for (;;) {
    const next = await fetch(`${base}/invocation/next`)
    if (next.status !== 200) {
      late.push({ status: next.status, ...(await next.json()) })
      return
    }
    const id = next.headers.get('lambda-runtime-aws-request-id')
    const event = await next.json()
    running += 1
    peak = Math.max(peak, running)
    console.log(JSON.stringify({ requestId: id, message: `at ${event.ms}` }))
    if (event.exit) process.exit(5)
    await new Promise((resolve) => setTimeout(resolve, event.hang ? 60_000 : event.ms))
    running -= 1
    const { pid } = process
    const { AWS_LAMBDA_MAX_CONCURRENCY: max, AWS_LAMBDA_INITIALIZATION_TYPE: type } = process.env
    const answer = await post(`invocation/${id}/response`, { pid, peak, max, type, late, event })
    if (answer.status !== 202) late.push({ status: answer.status, ...(await answer.json()) })
    if (event.twice) {
      const again = await post(`invocation/${id}/response`, {})
      late.push({ status: again.status })
    }
  }
}

await Promise.all(Array.from({ length: count }, () => work()))
