/** The commands around a server: `start`, `credentials`, and those that speak to one. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { resolve } from 'node:path'
import { test } from 'node:test'
import { CreateFunctionCommand } from '@aws-sdk/client-lambda'
import { lambdaClient, roleArn, waitUntilActive } from '../support/clients.ts'
import { runCommand } from '../support/command.ts'
import { deploy } from '../support/functions.ts'
import { startServer } from '../support/server.ts'
import { zipOf } from '../support/zip.ts'
import { lair, refusal, running, temporaryFolder } from './lair.ts'

const source = `export const handler = async (event) => {
  console.log('got', event.word)
  if (event.word === 'fail') throw new Error('as asked')
  return event.word
}`

test('functions, invoke and logs speak to the server that the environment names', async (t) => {
  await using server = await startServer()
  const env = { AWS_ENDPOINT_URL: server.endpoint }
  const none = await lair(['functions'], { env })
  assert.deepEqual([none.exitCode, none.stdout], [0, ''])
  assert.match(none.stderr, /No functions yet/)

  const client = lambdaClient(server)
  t.after(() => client.destroy())
  await client.send(
    new CreateFunctionCommand({
      FunctionName: 'words',
      Runtime: 'nodejs24.x',
      Handler: 'index.handler',
      Role: roleArn,
      Code: { ZipFile: await zipOf({ 'index.mjs': source }) },
    }),
  )
  await waitUntilActive(client, 'words')

  const invoke = (word: string, ...flags: string[]) =>
    lair(['invoke', 'words', '--event', JSON.stringify({ word }), ...flags], { env })
  const [first, failed, table, json] = await Promise.all([
    invoke('one', '--tail'),
    invoke('fail'),
    lair(['functions'], { env }),
    lair(['functions', '--json'], { env }),
  ])
  assert.deepEqual([first.exitCode, first.stdout], [0, '"one"\n'])
  assert.match(first.stderr, /got one[^]*REPORT RequestId/)
  assert.equal(failed.exitCode, 2)
  assert.equal(JSON.parse(failed.stdout).errorMessage, 'as asked')
  assert.match(table.stdout, /^name .*\nwords +nodejs24\.x +index\.handler +128 MB +3 s/)
  assert.equal(JSON.parse(json.stdout)[0].FunctionName, 'words')

  const logs = await lair(['logs', 'words'], { env })
  assert.match(logs.stdout, /got one/)
  assert.match(logs.stdout, /Z? START RequestId/)
  const following = running(t, ['logs', 'words', '--follow', '--json'], { env })
  await following.line()
  assert.equal((await invoke('later')).exitCode, 0)
  let message = ''
  while (!message.includes('got later')) message = JSON.parse(await following.line()).message

  const unknown = await Promise.all([
    refusal(['invoke', 'nobody'], { env }),
    refusal(['logs', 'nobody'], { env }),
    refusal(['functions'], { env: { ...env, AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE' } }),
    refusal(['functions'], { env: { AWS_ENDPOINT_URL: 'http://127.0.0.1:1' } }),
    refusal(['functions'], { env: { AWS_ENDPOINT_URL: 'nowhere' } }),
  ])
  assert.match(unknown[0], /Function not found: .*\(ResourceNotFoundException\)/)
  assert.match(unknown[1], /"lair functions" lists the deployed ones/)
  assert.match(unknown[2], /Run eval "\$\(lair env\)"/)
  assert.match(unknown[3], /start one with "lair start"/)
  assert.match(unknown[4], /AWS_ENDPOINT_URL is no URL/)
})

test('own credentials end the key "test" and open other addresses', async (t) => {
  const data = temporaryFolder(t)
  assert.match(
    await refusal(['start', '--data', data, '--port', '0', '--host', '0.0.0.0']),
    /only loopback is served until "lair credentials create"/,
  )
  assert.match(
    await refusal(['credentials', 'create', '--data', data, '--account', '12']),
    /--account takes 12 digits/,
  )
  const created = await lair(['credentials', 'create', '--data', data, '--account', '111122223333'])
  const script = `${created.stdout}\nenv | grep ACCESS`
  const { stdout } = await runCommand(['/bin/sh', '-c', script], {
    environment: { PATH: '/usr/bin:/bin' },
    timeoutMs: 5000,
  })
  const own = Object.fromEntries(
    stdout
      .trim()
      .split('\n')
      .map((line) => line.split(/=(.*)/s, 2)),
  ) as Record<string, string>
  assert.match(own['AWS_ACCESS_KEY_ID'] ?? '', /^AKIA[A-Z2-7]{16}$/)

  await using server = await startServer({ dataFolder: data, arguments: ['--host', '0.0.0.0'] })
  const { port } = new URL(server.endpoint)
  const env = { AWS_ENDPOINT_URL: `http://127.0.0.1:${port}` }
  const [accepted, variables, refused, locked] = await Promise.all([
    lair(['functions', '--json'], { env: { ...env, ...own } }),
    lair(['env', '--port', port], { env: own }),
    refusal(['functions'], { env }),
    refusal(['credentials', 'create', '--data', data]),
  ])
  assert.deepEqual([accepted.exitCode, accepted.stdout], [0, '[]\n'], accepted.stderr)
  assert.match(
    variables.stdout,
    new RegExp(`^export AWS_ACCESS_KEY_ID='${own['AWS_ACCESS_KEY_ID']}'$`, 'm'),
  )
  assert.match(refused, /UnrecognizedClientException/)
  assert.match(locked, new RegExp(`process ${server.pid} uses it`))
})

test('start refuses what it cannot use, and stops when told to', async (t) => {
  assert.match(await refusal(['start', '--ephemeral', '--port', '-1']), /--port takes a number/)
  const server = running(t, ['start', '--ephemeral', '--port', '0', '--json'])
  const ready = JSON.parse(await server.line())
  assert.equal(ready.isolation, 'process')
  assert.equal(ready.isDefaultCredentials, true)
  const taken = ['start', '--ephemeral', '--port', new URL(ready.endpoint).port]
  assert.match(await refusal(taken), /the port is taken/)
  assert.equal(await server.stop(), 0)
})

test('the demonstration works whatever keys and endpoints the shell has', async () => {
  const env = {
    AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE',
    AWS_SECRET_ACCESS_KEY: 'somewhere else',
    AWS_SESSION_TOKEN: 'token',
    AWS_REGION: 'eu-west-1',
    AWS_ENDPOINT_URL: 'http://127.0.0.1:1',
    AWS_ENDPOINT_URL_LAMBDA: 'http://127.0.0.1:1',
  }
  const { exitCode, stdout, stderr } = await lair(['demo'], { env })
  assert.equal(exitCode, 0, stderr)
  assert.match(stdout, /Hello, Ada![^]*Hello, Grace!/)
})

test('a reader that has seen enough ends a command quietly', async () => {
  const entry = resolve(import.meta.dirname, '../../bin/lair.js')
  const child = spawn(process.execPath, [entry, 'env'], { stdio: ['ignore', 'pipe', 'pipe'] })
  child.stdout.destroy()
  let complaints = ''
  child.stderr.on('data', (chunk: Buffer) => (complaints += chunk.toString()))
  await once(child, 'close')
  assert.deepEqual([child.exitCode, complaints], [0, ''])
})

test('logs finds the lines of a function that writes to a group it shares', async (t) => {
  await using server = await startServer()
  const env = { AWS_ENDPOINT_URL: server.endpoint }
  const client = lambdaClient(server)
  t.after(() => client.destroy())
  for (const FunctionName of ['one', 'another']) {
    await deploy(client, FunctionName, source, {
      LoggingConfig: { LogFormat: 'JSON', LogGroup: 'shared' },
    })
    const event = JSON.stringify({ word: `by ${FunctionName}` })
    assert.equal((await lair(['invoke', FunctionName, '--event', event], { env })).exitCode, 0)
  }
  const { stdout } = await lair(['logs', 'one', '--json'], { env })
  const events = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { message: string; logStreamName: string })
  for (const { logStreamName } of events) {
    assert.match(logStreamName, /^\d{4}\/\d\d\/\d\d\/one\[\$LATEST\][0-9a-f]{32}$/)
  }
  const messages = events.map(({ message }) => JSON.parse(message) as Record<string, unknown>)
  assert.deepEqual(
    messages.map(({ type, level }) => type ?? level),
    ['platform.initStart', 'platform.start', 'INFO', 'platform.report'],
  )
  assert.equal(messages[2]?.['message'], 'got by one')
})
