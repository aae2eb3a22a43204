/**
 * A function's life through the unmodified AWS CLI as Debian ships it: create, wait, invoke with its log, update, publish, alias with
 * routing, list, delete, each output as AWS gives it.
 */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { roleArn, toolEnvironment } from '../support/clients.ts'
import { runCommand } from '../support/command.ts'
import { sourceFolder } from '../support/programs.ts'
import { startServer } from '../support/server.ts'
import { requireTool } from '../support/tools.ts'
import { zipOf } from '../support/zip.ts'

const commandTimeoutMs = 30_000
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

type Json = Record<string, unknown>
type Cli = {
  /** a command as one would type it, words split at spaces; its output parsed, empty output is {} */
  run(command: string): Promise<Json>
  /** stderr of a command that must fail */
  fail(command: string): Promise<string>
}

function cliOf(program: string, server: { endpoint: string }, cwd: string): Cli {
  const call = (command: string) => {
    const words = command.split(' ').filter((word) => word !== '')
    return runCommand(
      [program, 'lambda', '--endpoint-url', server.endpoint, '--output', 'json', ...words],
      { environment: toolEnvironment(server), cwd, timeoutMs: commandTimeoutMs },
    )
  }
  return {
    async run(command) {
      const result = await call(command)
      assert.equal(result.exitCode, 0, `${command}\n${result.stderr}`)
      return (result.stdout.trim() === '' ? {} : JSON.parse(result.stdout)) as Json
    },
    async fail(command) {
      const result = await call(command)
      assert.equal(result.exitCode, 254, `${command}\n${result.stdout}${result.stderr}`)
      return result.stderr.trim()
    },
  }
}

test('the AWS CLI creates, invokes, updates, publishes, aliases, lists and deletes a function', async (t) => {
  const program = requireTool(t, 'aws')
  if (program === undefined) return
  await using server = await startServer()
  const folder = mkdtempSync(join(tmpdir(), 'lair-cli-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const source = readFileSync(join(sourceFolder, 'walk.mjs'), 'utf8')
  writeFileSync(join(folder, 'one.zip'), await zipOf({ 'index.mjs': source }))
  const second = source.replace("'walking'", "'running'")
  writeFileSync(join(folder, 'two.zip'), await zipOf({ 'index.mjs': second }))
  const cli = cliOf(program, server, folder)
  const named = '--function-name cli-walk'
  const arn = 'arn:aws:lambda:us-east-1:000000000000:function:cli-walk'

  await t.test('create-function and wait', async () => {
    const created = await cli.run(
      `create-function ${named} --runtime nodejs24.x --role ${roleArn} --handler index.handler --zip-file fileb://one.zip --timeout 5 --environment Variables={COLOUR=green}`,
    )
    const { CodeSha256, CodeSize, LastModified, RevisionId, ...rest } = created
    assert.match(String(CodeSha256), /^[A-Za-z0-9+/]{43}=$/)
    assert.equal(CodeSize, readFileSync(join(folder, 'one.zip')).length)
    assert.match(String(LastModified), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+0000$/)
    assert.match(String(RevisionId), uuid)
    assert.partialDeepStrictEqual(rest, {
      FunctionName: 'cli-walk',
      FunctionArn: arn,
      Runtime: 'nodejs24.x',
      Role: roleArn,
      Handler: 'index.handler',
      Description: '',
      Timeout: 5,
      MemorySize: 128,
      Version: '$LATEST',
      Environment: { Variables: { COLOUR: 'green' } },
      TracingConfig: { Mode: 'PassThrough' },
      State: 'Pending',
      StateReasonCode: 'Creating',
      StateReason: 'The function is being created.',
      PackageType: 'Zip',
      Architectures: ['x86_64'],
      EphemeralStorage: { Size: 512 },
      SnapStart: { ApplyOn: 'None', OptimizationStatus: 'Off' },
    })
    await cli.run(`wait function-active-v2 ${named}`)
    const { Configuration, Code } = await cli.run(`get-function ${named}`)
    assert.partialDeepStrictEqual(Configuration, {
      State: 'Active',
      LastUpdateStatus: 'Successful',
      CodeSha256,
    })
    const { Location, RepositoryType } = Code as Record<string, string>
    assert.equal(RepositoryType, 'S3')
    const download = await fetch(Location ?? '')
    const bytes = Buffer.from(await download.arrayBuffer())
    assert.ok(bytes.equals(readFileSync(join(folder, 'one.zip'))), 'the zip comes back as it went')
  })

  await t.test('invoke with its log', async () => {
    const payload = '{"greeting":"hello"}'
    const output = await cli.run(
      `invoke ${named} --log-type Tail --payload ${payload} --cli-binary-format raw-in-base64-out out.json`,
    )
    assert.equal(output['StatusCode'], 200)
    assert.equal(output['ExecutedVersion'], '$LATEST')
    assert.equal(output['FunctionError'], undefined)
    assert.deepEqual(JSON.parse(readFileSync(join(folder, 'out.json'), 'utf8')), {
      event: { greeting: 'hello' },
      version: '$LATEST',
      colour: 'green',
    })
    assertTail(Buffer.from(String(output['LogResult']), 'base64').toString(), payload)
  })

  await t.test('update-function-code', async () => {
    const updated = await cli.run(`update-function-code ${named} --zip-file fileb://two.zip`)
    assert.equal(updated['LastUpdateStatus'], 'InProgress')
    await cli.run(`wait function-updated-v2 ${named}`)
    const output = await cli.run(`invoke ${named} --log-type Tail out.json`)
    const log = Buffer.from(String(output['LogResult']), 'base64').toString()
    assert.match(log, /\tINFO\trunning \{\}\n/)
  })

  await t.test('publish-version, and create-alias with routing', async () => {
    const one = await cli.run(`publish-version ${named} --description first`)
    assert.equal(one['Version'], '1')
    assert.equal(one['FunctionArn'], `${arn}:1`)
    await cli.run(`update-function-configuration ${named} --description changed`)
    await cli.run(`wait function-updated-v2 ${named}`)
    const two = await cli.run(`publish-version ${named}`)
    assert.equal(two['Version'], '2')
    const alias = await cli.run(
      `create-alias ${named} --name live --function-version 1 --routing-config AdditionalVersionWeights={2=0.5}`,
    )
    assert.partialDeepStrictEqual(alias, {
      AliasArn: `${arn}:live`,
      Name: 'live',
      FunctionVersion: '1',
      Description: '',
      RoutingConfig: { AdditionalVersionWeights: { 2: 0.5 } },
    })
    const output = await cli.run(`invoke ${named} --qualifier live out.json`)
    assert.match(String(output['ExecutedVersion']), /^[12]$/)
  })

  await t.test('list and delete', async () => {
    const { Functions } = await cli.run('list-functions')
    assert.deepEqual(
      (Functions as Json[]).map((each) => [each['FunctionName'], each['Version']]),
      [['cli-walk', '$LATEST']],
    )
    const { Versions } = await cli.run(`list-versions-by-function ${named}`)
    assert.deepEqual(
      (Versions as Json[]).map((each) => each['Version']),
      ['$LATEST', '1', '2'],
    )
    await cli.run(`delete-function ${named}`)
    assert.equal(
      await cli.fail(`get-function ${named}`),
      `An error occurred (ResourceNotFoundException) when calling the GetFunction operation: Function not found: ${arn}`,
    )
    assert.equal(
      await cli.fail(`invoke ${named} out.json`),
      `An error occurred (ResourceNotFoundException) when calling the Invoke operation: Function not found: ${arn}:$LATEST`,
    )
  })
})

/** START, the function's line, END, REPORT with figures that can be true. */
function assertTail(log: string, payload: string): void {
  const match =
    /^START RequestId: (?<id>[0-9a-f-]{36}) Version: \$LATEST\n(?<stamp>\S+Z)\t(?<again>[0-9a-f-]{36})\tINFO\twalking (?<event>.*)\nEND RequestId: \k<id>\nREPORT RequestId: \k<id>\tDuration: (?<duration>[\d.]+) ms\tBilled Duration: (?<billed>\d+) ms\tMemory Size: 128 MB\tMax Memory Used: (?<memory>\d+) MB\tInit Duration: (?<init>[\d.]+) ms\t\n$/.exec(
      log,
    )
  assert.ok(match?.groups, log)
  const { id, again, stamp, event, duration, billed, memory, init } = match.groups
  assert.equal(again, id)
  assert.ok(Math.abs(Date.parse(stamp ?? '') - Date.now()) < 60_000)
  assert.equal(event, payload)
  assert.ok(Number(duration) > 0 && Number(duration) < 5000)
  assert.ok(Number(init) > 0 && Number(init) < 10_000)
  assert.equal(Number(billed), Math.ceil(Number(duration) + Number(init)))
  assert.ok(Number(memory) > 5 && Number(memory) <= 128)
}
