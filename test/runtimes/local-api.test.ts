/** Lair's Node client calls the Runtime API by a Unix socket; who puts a proxy before the API gets the calls all the same. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync, readdirSync, readlinkSync, rmSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { deploy, invoke } from '../support/functions.ts'
import { openServer } from '../support/in-process.ts'
import { zipOf } from '../support/zip.ts'

const source = 'export const handler = async () => process.env._LAIR_LOCAL_API ?? null\n'

/** Connected abstract sockets of this process, named as an environment's API is.
 *  source: proc_pid_net(5): /proc/net/unix; state 03 is connected */
function connectedCount(): number {
  const inodes = new Set(
    readdirSync('/proc/self/fd').flatMap((fd) => {
      try {
        return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/self/fd/${fd}`))?.[1] ?? []
      } catch {
        return []
      }
    }),
  )
  const lines = readFileSync('/proc/net/unix', 'utf8').split('\n')
  return lines.filter((line) => {
    const [, , , , , state, inode = '', name = ''] = line.trim().split(/ +/)
    return state === '03' && inodes.has(inode) && name.startsWith('@lair-')
  }).length
}

test('Node calls by the Unix socket, and its function sees nothing of that', async () => {
  await using here = await openServer()
  await deploy(here.client, 'local', source)
  assert.equal((await invoke(here.client, 'local')).body, null)
  assert.equal(connectedCount(), 1)
})

test('behind a wrapper that puts a proxy before the API, Node calls the proxy', async () => {
  const addressFile = join(tmpdir(), `lair-test-address-${process.pid}`)
  const seen: string[] = []
  const proxy = createServer((socket) => {
    const [host, port] = readFileSync(addressFile, 'utf8').trim().split(':')
    const api = connect(Number(port), host)
    for (const end of [socket, api]) end.on('error', () => end.destroy())
    socket.on('data', (bytes) => seen.push(bytes.toString()))
    socket.pipe(api).pipe(socket)
  })
  proxy.listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  try {
    await using here = await openServer()
    const content = `#!/bin/sh
printf %s "$AWS_LAMBDA_RUNTIME_API" > ${addressFile}
export AWS_LAMBDA_RUNTIME_API=127.0.0.1:${(proxy.address() as AddressInfo).port}
exec "$@"
`
    const wrapper = { content, isExecutable: true }
    await deploy(here.client, 'wrapped', await zipOf({ 'index.mjs': source, wrapper }), {
      Environment: { Variables: { AWS_LAMBDA_EXEC_WRAPPER: '/var/task/wrapper' } },
    })
    assert.equal((await invoke(here.client, 'wrapped')).body, null)
    assert.equal(connectedCount(), 0)
    assert.match(seen.join(''), /GET \/2018-06-01\/runtime\/invocation\/next[^]*\/response HTTP/)
  } finally {
    proxy.close()
    rmSync(addressFile, { force: true })
  }
})
