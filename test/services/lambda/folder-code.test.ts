/** Functions whose code is a folder of this machine: the bucket `hot-reload`. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import {
  CreateFunctionCommand,
  InvokeCommand,
  PublishVersionCommand,
  UpdateFunctionCodeCommand,
} from '@aws-sdk/client-lambda'
import { openServer } from '../../support/in-process.ts'
import { newFunction, nodeZip, openHarness } from './harness.ts'

const S3Bucket = 'hot-reload'
const refusal = { name: 'InvalidParameterValueException' }

function folderOf(t: TestContext, text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'lair-folder-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  writeFileSync(join(folder, 'index.mjs'), text)
  return folder
}

test('a folder runs where it lies, new environments see what it holds now, and it is never a version', async (t) => {
  const folder = folderOf(t, 'export const handler = async () => import.meta.dirname')
  const { client, close } = await openServer()
  t.after(close)
  const FunctionName = 'folder'
  const Code = { S3Bucket, S3Key: folder }
  await assert.rejects(
    client.send(new CreateFunctionCommand({ ...newFunction(FunctionName), Code, Publish: true })),
    refusal,
  )
  const made = await client.send(new CreateFunctionCommand({ ...newFunction(FunctionName), Code }))
  const invoke = async (): Promise<unknown> => {
    const { Payload } = await client.send(new InvokeCommand({ FunctionName }))
    return JSON.parse(Payload?.transformToString() ?? '')
  }
  assert.equal(await invoke(), folder)
  writeFileSync(join(folder, 'index.mjs'), 'export const handler = async () => 2')
  assert.equal(await invoke(), folder)
  const updated = await client.send(new UpdateFunctionCodeCommand({ FunctionName, ...Code }))
  assert.notEqual(updated.CodeSha256, made.CodeSha256)
  assert.equal(await invoke(), 2)
  await assert.rejects(client.send(new PublishVersionCommand({ FunctionName })), refusal)
  const zip = { FunctionName, ZipFile: nodeZip('exports.handler = async () => 3') }
  await client.send(new UpdateFunctionCodeCommand(zip))
  assert.equal(await invoke(), 3)
  await client.send(new PublishVersionCommand({ FunctionName }))
  for (const S3Key of ['relative', join(folder, 'absent'), join(folder, 'index.mjs')]) {
    const update = new UpdateFunctionCodeCommand({ FunctionName, S3Bucket, S3Key })
    await assert.rejects(client.send(update), refusal)
  }
})

test('folders are refused where the server is not for this machine alone', async (t) => {
  const folder = folderOf(t, '')
  await using harness = await openHarness()
  const input = { ...newFunction('folder'), Code: { S3Bucket, S3Key: folder } }
  await assert.rejects(harness.call('CreateFunction', input), {
    message: /only a server with the default key serves/,
  })
})
