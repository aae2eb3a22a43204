/** `lair invoke` of folders and zips, without any server. */
import assert from 'node:assert/strict'
import { mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { zipOf } from '../support/zip.ts'
import { example, lair, refusal, running, temporaryFolder } from './lair.ts'

const failing = 'export const handler = async () => { throw new TypeError("no good") }'

test('a folder runs without a server: the answer alone on standard output', async (t) => {
  const file = join(temporaryFolder(t), 'event.json')
  writeFileSync(file, '{"name":"Grace"}')
  const folder = example('hello-node')
  const [given, fromFile, fromInput] = await Promise.all([
    lair(['invoke', folder, '--event', '{"name":"Ada"}', '--tail']),
    lair(['invoke', folder, '--event', `@${file}`]),
    lair(['invoke', folder, '--event', '-'], { input: '{"name":"Joan"}' }),
  ])
  assert.equal(given.exitCode, 0)
  assert.equal(JSON.parse(given.stdout).message, 'Hello, Ada!')
  assert.match(given.stderr, /START RequestId[^]*END RequestId[^]*REPORT RequestId/)
  assert.equal(JSON.parse(fromFile.stdout).message, 'Hello, Grace!')
  assert.equal(fromFile.stderr, '')
  assert.equal(JSON.parse(fromInput.stdout).message, 'Hello, Joan!')
})

test('a log of several lines is shown as several lines', async (t) => {
  const folder = temporaryFolder(t)
  writeFileSync(
    join(folder, 'index.mjs'),
    "export const handler = async () => console.log('a\\nb')",
  )
  assert.match((await lair(['invoke', folder, '--tail'])).stderr, /\tINFO\ta\nb\nEND/)
})

test('a zip runs as its folder does, with variables, and a handler of another name', async (t) => {
  const path = join(temporaryFolder(t), 'function.zip')
  const source = 'export const main = async () => [process.env.COLOUR, process.env.SHAPE]'
  writeFileSync(path, await zipOf({ 'lib/run.mjs': source }))
  const flags = ['--runtime', 'nodejs24.x', '--handler', 'lib/run.main']
  const result = await lair(['invoke', path, ...flags, '--env', 'COLOUR=red', 'SHAPE=a=b'])
  assert.equal(result.stdout, '["red","a=b"]\n', result.stderr)
})

test('a function that fails gives status 2, its answer and its log', async (t) => {
  const folder = temporaryFolder(t)
  writeFileSync(join(folder, 'index.mjs'), failing)
  const [plain, json] = await Promise.all([
    lair(['invoke', folder]),
    lair(['invoke', folder, '--json']),
  ])
  assert.equal(plain.exitCode, 2)
  assert.equal(JSON.parse(plain.stdout).errorMessage, 'no good')
  assert.match(plain.stderr, /REPORT RequestId/)
  assert.equal(json.exitCode, 2)
  const answer = JSON.parse(json.stdout)
  assert.equal(answer.functionError, 'Unhandled')
  assert.equal(JSON.parse(answer.payload).errorType, 'TypeError')
  assert.match(answer.log, /^START RequestId/)
})

test('what cannot be run is said in one sentence, with status 1', async (t) => {
  const folder = temporaryFolder(t)
  mkdirSync(join(folder, 'empty'))
  writeFileSync(join(folder, 'no.zip'), 'no zip')
  const hello = example('hello-node')
  const cases: readonly (readonly [readonly string[], RegExp])[] = [
    [['./nothing'], /Cannot read "\.\/nothing"/],
    [[join(folder, 'gone.zip')], /Cannot read/],
    [[join(folder, 'no.zip')], /Could not unzip/],
    [[join(folder, 'empty')], /--runtime and --handler/],
    [[hello, '--event', '{bad'], /The event is not JSON/],
    [[hello, '--event', '@/nothing'], /Cannot read the event/],
    [[hello, '--memory', 'much'], /--memory takes a number/],
    [[hello, '--timeout', '1e12'], /--timeout takes a number above 0, up to 86400/],
    [[hello, '--env', 'novalue'], /--env takes NAME=value/],
    [['deployed', '--watch'], /--watch needs a folder/],
  ]
  const sentences = await Promise.all(cases.map(([argv]) => refusal(['invoke', ...argv])))
  for (const [index, [, expected]] of cases.entries()) {
    assert.match(sentences[index] ?? '', expected)
  }
})

test('--watch runs the function again when a file changes', async (t) => {
  const folder = temporaryFolder(t)
  const file = join(folder, 'index.mjs')
  const write = (text: string, path = file) =>
    writeFileSync(path, `export const handler = async () => "${text}"`)
  write('first')
  const watching = running(t, ['invoke', folder, '--watch'])
  assert.equal(await watching.line(), '"first"')
  write('second')
  assert.equal(await watching.line(), '"second"')
  // As editors save: a new file takes the place of the old one.
  for (const text of ['third', 'fourth']) {
    write(text, `${file}~`)
    renameSync(`${file}~`, file)
    assert.equal(await watching.line(), `"${text}"`)
  }
  write('fifth')
  assert.equal(await watching.line(), '"fifth"')
})
