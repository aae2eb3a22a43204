/** What the commands say of the machine and of themselves: `runtimes`, `doctor`, `env`, help. */
import assert from 'node:assert/strict'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { runCommand } from '../support/command.ts'
import { lair, refusal, temporaryFolder } from './lair.ts'

test('runtimes lists every name with its program or what to do', async (t) => {
  const data = temporaryFolder(t)
  const [table, json, refused] = await Promise.all([
    lair(['runtimes', '--data', data]),
    lair(['runtimes', '--data', data, '--json']),
    refusal(['runtimes', 'install', 'python3.12', '--data', data]),
  ])
  assert.match(table.stdout, /^name +served by +program\n/)
  assert.match(table.stdout, /^nodejs24\.x +nodejs:24\.v\d+ +\//m)
  const list = JSON.parse(json.stdout) as { name: string; isAvailable: boolean; remedy?: string }[]
  assert.equal(list.find(({ name }) => name === 'nodejs24.x')?.isAvailable, true)
  for (const { name, isAvailable, remedy } of list) assert.ok(isAvailable || remedy, name)
  assert.match(refused, /Cannot install python3\.12/)
})

test('doctor looks and changes nothing; what is broken gives status 1', async (t) => {
  const folder = temporaryFolder(t)
  const data = join(folder, 'deep', 'data')
  writeFileSync(join(folder, 'file'), '')
  const [well, ill] = await Promise.all([
    lair(['doctor', '--data', data, '--json']),
    lair(['doctor', '--data', join(folder, 'file', 'data')]),
  ])
  assert.equal(well.exitCode, 0, well.stdout)
  assert.ok(!existsSync(join(folder, 'deep')))
  const findings = JSON.parse(well.stdout) as { what: string; state: string; says: string }[]
  assert.deepEqual(
    findings.slice(0, 2).map(({ what, state }) => [what, state]),
    [
      ['Node.js', 'ok'],
      ['data directory', 'ok'],
    ],
  )
  const telemetry = findings.find(({ what }) => what === 'telemetry')
  if (telemetry?.state !== 'ok')
    assert.match(telemetry?.says ?? '', /"127\.0\.0\.1 .* to \/etc\/hosts/)
  assert.equal(ill.exitCode, 1)
  assert.match(ill.stdout, /✗ data directory +.*: choose another with --data/)
})

test('env gives lines that a shell takes, and replaces keys of AWS', async () => {
  const environment = { AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE', AWS_SESSION_TOKEN: 'x' }
  const { stdout } = await lair(['env', '--port', '5001'], {
    env: { ...environment, LAIR_SECRET_ACCESS_KEY: "it's secret" },
  })
  const shown =
    'echo "$AWS_ENDPOINT_URL $AWS_ACCESS_KEY_ID $AWS_SECRET_ACCESS_KEY $AWS_SESSION_TOKEN"'
  const shell = await runCommand(['/bin/sh', '-c', `${stdout}\n${shown}`], {
    environment,
    timeoutMs: 5000,
  })
  assert.equal(shell.stdout, "http://127.0.0.1:5001 test it's secret \n", shell.stderr)
  assert.match(await refusal(['env', '--port', 'x']), /--port takes a number/)
})

test('help has examples, and a wrong command says where help is', async () => {
  const [help, wrong] = await Promise.all([lair(['--help']), lair(['nosuch'])])
  assert.equal(help.exitCode, 0)
  assert.match(help.stdout, /Examples:\n +\$ lair start/)
  assert.equal(wrong.exitCode, 1)
  assert.match(wrong.stderr, /unknown command 'nosuch'\n\(lair --help shows every command\)/)
})
