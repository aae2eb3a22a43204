/** A function's life through boto3 as Debian ships it: test/support/programs/boto3-walk.py, step by step. */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { toolEnvironment } from '../support/clients.ts'
import { runCommand } from '../support/command.ts'
import { sourceFolder } from '../support/programs.ts'
import { startServer } from '../support/server.ts'
import { requireTool, skipOrFail } from '../support/tools.ts'
import { zipOf } from '../support/zip.ts'

test('boto3 walks a function through its life', async (t) => {
  const python = requireTool(t, 'python3')
  if (python === undefined) return
  const probe = await runCommand([python, '-c', 'import boto3'], {
    environment: {},
    timeoutMs: 20_000,
  })
  if (probe.exitCode !== 0) return skipOrFail(t, 'boto3 is not installed for this python3')
  await using server = await startServer()
  const folder = mkdtempSync(join(tmpdir(), 'lair-boto3-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const zipPath = join(folder, 'walk.zip')
  writeFileSync(zipPath, await zipOf({ 'index.mjs': readFileSync(join(sourceFolder, 'walk.mjs')) }))
  const walk = await runCommand(
    [python, join(sourceFolder, 'boto3-walk.py'), server.endpoint, zipPath],
    { environment: toolEnvironment(server), timeoutMs: 60_000 },
  )
  assert.equal(walk.exitCode, 0, walk.stdout + walk.stderr)
  const steps = walk.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { step: string } & Record<string, unknown>)
  const at = (step: string): Record<string, unknown> => {
    const found = steps.find((each) => each.step === step)
    assert.ok(found, `Step "${step}" is missing`)
    return found
  }
  const arn = 'arn:aws:lambda:us-east-1:000000000000:function:boto3-walk'

  assert.partialDeepStrictEqual(at('create'), { state: 'Pending', version: '$LATEST', arn })
  assert.partialDeepStrictEqual(at('invoke'), {
    status: 200,
    version: '$LATEST',
    body: { event: { n: 1 }, version: '$LATEST', colour: 'blue' },
  })
  assert.match(
    String(at('invoke')['log']),
    /^START RequestId: .*\n.*\tINFO\twalking \{"n":1\}\nEND .*\nREPORT .*\t\n$/,
  )
  assert.partialDeepStrictEqual(at('event'), { event: 202, dry: 204 })
  assert.partialDeepStrictEqual(at('configure'), { memory: 256, revision: true })
  assert.partialDeepStrictEqual(at('publish'), {
    version: '1',
    same: '1',
    alias: `${arn}:live`,
    executed: '1',
  })
  assert.partialDeepStrictEqual(at('list'), {
    functions: ['boto3-walk'],
    versions: ['$LATEST', '1'],
    tags: { team: 'walk' },
  })
  assert.partialDeepStrictEqual(at('gone'), {
    code: 'ResourceNotFoundException',
    message: `Function not found: ${arn}`,
  })
  assert.partialDeepStrictEqual(at('invalid'), {
    code: 'ValidationException',
    message:
      "1 validation error detected: Value 'nonsense' at 'role' failed to satisfy constraint: Member must satisfy regular expression pattern: arn:(aws[a-zA-Z-]*)?:iam::\\d{12}:role/?[a-zA-Z_0-9+=,.@\\-_/]+",
  })
})
