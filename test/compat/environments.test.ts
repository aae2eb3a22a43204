/** AWS's own runtime clients, unmodified from their registries, in environments that are snapshotted or serve several invocations at
 *  once: Python's hooks run, Python's processes and Go's goroutines each ask for events. */
import assert from 'node:assert/strict'
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { PublishVersionCommand, waitUntilPublishedVersionActive } from '@aws-sdk/client-lambda'
import type { LambdaClient } from '@aws-sdk/client-lambda'
import { lambdaClient, logOf } from '../support/clients.ts'
import { requireProgram } from '../support/programs.ts'
import { deploy, invoke as invokeFunction } from '../support/functions.ts'
import { startServer } from '../support/server.ts'
import type { LairServer } from '../support/server.ts'
import { zipOfFolder } from '../support/zip.ts'

/** Of the package snapshot_restore_py, which awslambdaric brings. */
const python = `
import os, time
from snapshot_restore_py import register_after_restore, register_before_snapshot
told = ["init"]
register_before_snapshot(told.append, "before")
register_after_restore(told.append, "after")

def handler(event, context):
    time.sleep(event.get("seconds", 0))
    return {"told": told, "pid": os.getpid(), "id": context.aws_request_id}
`

suite('runtime clients in other environments', () => {
  let server: LairServer
  let client: LambdaClient
  before(async () => {
    server = await startServer()
    client = lambdaClient(server)
  })
  after(async () => {
    client.destroy()
    await server[Symbol.asyncDispose]()
  })

  const create = (name: string, zip: Uint8Array, Tags: Record<string, string>) =>
    deploy(client, name, zip, { Runtime: 'provided.al2023', MemorySize: 512, Tags })

  const invoke = (name: string, event: unknown, Qualifier = '$LATEST') =>
    invokeFunction(client, name, event, { Qualifier })

  /** The program with another handler. */
  async function pythonZip(folder: string): Promise<Buffer> {
    const copy = mkdtempSync(join(tmpdir(), 'lair-python-'))
    cpSync(folder, copy, { recursive: true })
    writeFileSync(join(copy, 'index.py'), python)
    const zip = await zipOfFolder(copy)
    rmSync(copy, { recursive: true })
    return zip
  }

  test('awslambdaric runs its hooks before the snapshot and after the restore', async (t) => {
    const program = requireProgram(t, 'python')
    if (!program) return
    await create('hooks', await pythonZip(program.folder), { 'lair.snapstart': 'latest' })
    const { Version } = await client.send(new PublishVersionCommand({ FunctionName: 'hooks' }))
    const limits = { client, maxWaitTime: 20, minDelay: 0.05, maxDelay: 0.2 }
    await waitUntilPublishedVersionActive(limits, { FunctionName: 'hooks', Qualifier: Version })
    const first = await invoke('hooks', {}, Version)
    assert.deepEqual((first.body as { told: string[] }).told, ['init', 'before', 'after'])
    assert.match(first.log, /\tRestore Duration: /)
    assert.doesNotMatch(first.log, /Init Duration/)
  })

  test('awslambdaric serves several invocations at once in processes of one environment', async (t) => {
    const program = requireProgram(t, 'python')
    if (!program) return
    await create('processes', await pythonZip(program.folder), { 'lair.concurrency': '3' })
    const runs = await Promise.all([0, 1, 2].map(() => invoke('processes', { seconds: 0.5 })))
    const bodies = runs.map(({ body }) => body as { pid: number; id: string })
    assert.equal(new Set(bodies.map(({ pid }) => pid)).size, 3)
    assert.equal(new Set(bodies.map(({ id }) => id)).size, 3)
    for (const { log } of runs) assert.match(log, /"platform.report"/)
  })

  test('aws-lambda-go serves 400 invocations, eight at once, in goroutines of one environment', async (t) => {
    const program = requireProgram(t, 'go')
    if (!program) return
    await create('goroutines', program.zip, { 'lair.concurrency': '8' })
    let next = 0
    const work = async (): Promise<void> => {
      while (next < 400) {
        const event = { index: next++ }
        const { body, functionError } = await invoke('goroutines', event)
        assert.equal(functionError, undefined)
        assert.deepEqual(body, { runtime: 'go', event })
      }
    }
    await Promise.all(Array.from({ length: 8 }, work))
    const starts = await initsOf(server, 'goroutines')
    assert.equal(starts, 1)
  })
})

/** How many environments were started. */
async function initsOf(server: LairServer, name: string): Promise<number> {
  const lines = await logOf(server, name)
  return lines.filter((line) => line.includes('"platform.initStart"')).length
}
