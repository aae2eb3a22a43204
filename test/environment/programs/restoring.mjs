// A runtime client that takes part in snapshots. The variable RESTORE says what it does after the restore.
const base = `http://${process.env.AWS_LAMBDA_RUNTIME_API}/2018-06-01/runtime`
const started = Date.now()
const post = (path, body, headers = {}) =>
  fetch(`${base}/${path}`, { method: 'POST', body: JSON.stringify(body), headers })

console.log('before the snapshot')
if (process.env.INIT === 'fail') {
  const headers = { 'Lambda-Runtime-Function-Error-Type': 'Runtime.BeforeSnapshotError' }
  await post('init/error', { errorMessage: 'no', errorType: 'BeforeSnapshotError' }, headers)
  process.exit(64)
}
const restored = await fetch(`${base}/restore/next`)
const released = { status: restored.status, body: await restored.text() }
console.log('after the restore')
switch (process.env.RESTORE) {
  case 'fail':
    await post(
      'restore/error',
      { errorMessage: 'no', errorType: 'AfterRestoreError' },
      { 'Lambda-Runtime-Function-Error-Type': 'Runtime.AfterRestoreError' },
    )
    process.exit(65)
  case 'init-error':
    await post('init/error', {})
    process.exit(1)
  case 'exit':
    process.exit(7)
  case 'slow':
    await new Promise((resolve) => setTimeout(resolve, 60_000))
}
for (;;) {
  const next = await fetch(`${base}/invocation/next`)
  const id = next.headers.get('lambda-runtime-aws-request-id')
  const event = await next.json()
  if (event.exit) process.exit(9)
  const credentials = await fetch(process.env.AWS_CONTAINER_CREDENTIALS_FULL_URI, {
    headers: { Authorization: event.token ?? process.env.AWS_CONTAINER_AUTHORIZATION_TOKEN },
  })
  await post(`invocation/${id}/response`, {
    started,
    released,
    credentials: { status: credentials.status, text: await credentials.text() },
    environment: process.env,
  })
}
