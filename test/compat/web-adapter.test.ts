/**
 * A web server behind an adapter that is an external extension, as AWS's Lambda Web Adapter is: the adapter registers, takes the
 * function's events itself and hands them to the HTTP server that is the function. Built by scripts/prepare-compat.ts.
 */
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import {
  AddPermissionCommand,
  CreateFunctionUrlConfigCommand,
  PublishLayerVersionCommand,
} from '@aws-sdk/client-lambda'
import { lambdaClient, logOf } from '../support/clients.ts'
import { adapterPath } from '../support/programs.ts'
import { deploy, invoke as invokeFunction } from '../support/functions.ts'
import { startServer } from '../support/server.ts'
import { skipOrFail } from '../support/tools.ts'
import { until } from '../support/until.ts'
import { zipOf } from '../support/zip.ts'

/** Instead of the managed runtime's own program, the server is started. */
const wrapper = '#!/bin/sh\nexec "$LAMBDA_TASK_ROOT/$_HANDLER"\n'
const webServer = `#!${process.execPath}
const { createServer } = require('node:http')
let count = 0
createServer((request, response) => {
  const chunks = []
  request.on('data', (chunk) => chunks.push(chunk))
  request.on('end', () => {
    if (request.url !== '/') count += 1
    if (request.url.startsWith('/crash')) process.exit(7)
    response.setHeader('X-Count', count)
    response.statusCode = request.method === 'POST' ? 201 : 200
    response.end(request.method + ' ' + request.url + ' ' + Buffer.concat(chunks) + ' ' + request.headers['x-mine'])
  })
}).listen(Number(process.env.ADAPTER_PORT), '127.0.0.1')
`

/** A request as a function URL gives it. */
function requestOf(method: string, path: string, body = '') {
  return {
    version: '2.0',
    rawPath: path,
    rawQueryString: 'q=1',
    headers: { 'x-mine': 'yes' },
    body,
    isBase64Encoded: false,
    requestContext: { http: { method, path } },
  }
}

test('an HTTP server answers invocations behind an adapter that is an extension', async (t) => {
  if (!existsSync(adapterPath)) {
    skipOrFail(t, 'The adapter is not built: run "node scripts/prepare-compat.ts"')
    return
  }
  await using server = await startServer()
  const client = lambdaClient(server)
  t.after(() => client.destroy())
  const name = 'web'
  const layer = await client.send(
    new PublishLayerVersionCommand({
      LayerName: 'adapter',
      Content: {
        ZipFile: await zipOf({
          'extensions/lambda-adapter': { content: readFileSync(adapterPath), isExecutable: true },
          bootstrap: { content: wrapper, isExecutable: true },
        }),
      },
    }),
  )
  const port = 20_000 + (process.pid % 20_000)
  await deploy(client, name, await zipOf({ server: { content: webServer, isExecutable: true } }), {
    Handler: 'server',
    Layers: [layer.LayerVersionArn ?? ''],
    Environment: {
      Variables: { AWS_LAMBDA_EXEC_WRAPPER: '/opt/bootstrap', ADAPTER_PORT: String(port) },
    },
    MemorySize: 256,
  })
  const invoke = (event: unknown) => invokeFunction(client, name, event)
  for (let count = 1; count <= 20; count += 1) {
    const { body, functionError } = await invoke(requestOf('POST', '/things', `{"n":${count}}`))
    assert.equal(functionError, undefined, JSON.stringify(body))
    const answer = body as { statusCode: number; headers: Record<string, string>; body: string }
    assert.equal(answer.statusCode, 201)
    assert.equal(answer.headers['x-count'], String(count))
    assert.equal(
      Buffer.from(answer.body, 'base64').toString(),
      `POST /things?q=1 {"n":${count}} yes`,
    )
  }
  const { FunctionUrl = '' } = await client.send(
    new CreateFunctionUrlConfigCommand({ FunctionName: name, AuthType: 'NONE' }),
  )
  for (const action of ['InvokeFunctionUrl', 'InvokeFunction']) {
    await client.send(
      new AddPermissionCommand({
        FunctionName: name,
        StatementId: action,
        Action: `lambda:${action}`,
        Principal: '*',
      }),
    )
  }
  const path = `/_lair/url/${new URL(FunctionUrl).hostname.split('.')[0]}/hello?a=b`
  const page = await fetch(`${server.endpoint}${path}`, { headers: { 'x-mine': 'yes' } })
  assert.equal(await page.text(), 'GET /hello?a=b  yes')
  assert.equal(page.headers.get('x-count'), '21')
  // Its end is the function's; the adapter may be quicker to say that nobody answers it any more.
  const crashed = await invoke(requestOf('GET', '/crash'))
  const { errorType, statusCode } = crashed.body as { errorType?: string; statusCode?: number }
  assert.ok(errorType === 'Runtime.ExitError' || statusCode === 502, JSON.stringify(crashed.body))
  await until(async () => {
    const { body } = await invoke(requestOf('GET', '/after'))
    return (body as { headers?: Record<string, string> }).headers?.['x-count'] === '1'
  })
  const log = await logOf(server, name)
  assert.ok(log.includes('EXTENSION\tName: lambda-adapter\tState: Ready\tEvents: []'))
})
