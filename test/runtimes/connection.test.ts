import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { test } from 'node:test'
import { createCatalogue } from '../../src/runtimes/catalogue.ts'
import { makeFolder } from './support/folder.ts'

const catalogue = createCatalogue({ directory: '/nonexistent' })
const files = {
  'index.js': 'exports.handler = async (event) => event',
  'index.py': 'def handler(event, context):\n    return event\n',
}

const event =
  'HTTP/1.1 200 OK\r\nLambda-Runtime-Aws-Request-Id: id\r\nLambda-Runtime-Deadline-Ms: 1\r\n' +
  'Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}'
const accepted = 'HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n'

/** Run a bootstrap against a server that answers each piece of what the runtime sends with `answer`.
 *  @returns what was received, one string for each connection, and the exit status */
async function converse(
  name: string,
  answer: (received: string, connection: number, socket: Socket) => void,
): Promise<{ received: string[]; exitCode: number | null }> {
  const found = catalogue.find(name)
  assert.ok('argv' in found, `These tests need ${name}`)
  await using folder = await makeFolder(files)
  const received: string[] = []
  const server = createServer((socket) => {
    const connection = received.push('') - 1
    socket.on('error', () => socket.destroy())
    socket.on('data', (bytes) => {
      received[connection] += bytes.toString()
      answer(received[connection] ?? '', connection, socket)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const [program = '', ...rest] = found.argv
  const child = spawn(program, rest, {
    cwd: folder.path,
    stdio: 'ignore',
    env: {
      AWS_LAMBDA_RUNTIME_API: `127.0.0.1:${(server.address() as AddressInfo).port}`,
      AWS_EXECUTION_ENV: `AWS_Lambda_${name}`,
      _HANDLER: 'index.handler',
    },
  })
  const [exitCode] = (await once(child, 'exit')) as [number | null]
  server.close()
  return { received, exitCode }
}

const python =
  catalogue.list().find((entry) => 'argv' in entry && entry.family === 'python')?.name ??
  'python3.9'

for (const name of ['nodejs24.x', python]) {
  test(`${name}: the next event is asked for behind the answer, in one piece`, async () => {
    const pieces: number[] = []
    const { received } = await converse(name, (text, _connection, socket) => {
      pieces.push(text.length)
      if (pieces.length === 1) socket.write(event)
      else socket.destroy()
    })
    assert.equal(pieces.length, 2)
    assert.match(
      received[0] ?? '',
      /^GET \S+\/next .*POST \S+\/id\/response .*\{\}GET \S+\/next .*\r\n\r\n$/s,
    )
  })

  test(`${name}: when the server closes after an answer, the next event is asked for again`, async () => {
    const { received } = await converse(name, (text, connection, socket) => {
      if (connection > 0) socket.destroy()
      else if (!text.includes('POST')) socket.write(event)
      else socket.end(accepted.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'))
    })
    assert.equal(received.length, 2)
    assert.match(received[1] ?? '', /^GET \/2018-06-01\/runtime\/invocation\/next HTTP\/1\.1\r\n/)
  })

  test(`${name}: a Runtime API that is gone, refuses or talks nonsense ends the process`, async () => {
    for (const text of [
      '',
      'HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n',
      'nonsense\r\n\r\n',
    ]) {
      const { exitCode } = await converse(name, (_received, _connection, socket) =>
        socket.end(text),
      )
      assert.equal(exitCode, 1)
    }
  })
}
