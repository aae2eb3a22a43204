/**
 * Builds the real runtime clients (bash with curl, Rust's lambda_runtime, aws-lambda-go, awslambdaric, aws-lambda-ric, Java's) as
 * functions, and fetches AWS's Runtime Interface Emulator, each from its registry and unmodified, into .cache/compat/. What is up to date is kept.
 * Each program must answer one event under the emulator. Exits 1 when something is missing and CI=true.
 */
import { createHash } from 'node:crypto'
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  openSync,
  closeSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { arch } from 'node:os'
import { dirname, join, relative, resolve } from 'node:path'
import { artifacts } from '../src/runtimes/java/client.ts'
import { installRuntime } from '../src/runtimes/install.ts'
import { startEmulator } from '../test/support/emulator.ts'
import {
  adapterPath,
  boto3Folder,
  cacheFolder,
  debugpyFolder,
  emulatorPath,
  javaDataFolder,
  partNames,
  programFolder,
  programNames,
  programZipPath,
  sourceFolder,
} from '../test/support/programs.ts'
import type { PartName, ProgramName } from '../test/support/programs.ts'
import { findTool, isCi } from '../test/support/tools.ts'
import { zipOfFolder } from '../test/support/zip.ts'

const versions = {
  awslambdaric: '4.2.2',
  awsLambdaRic3: '3.3.0',
  awsLambdaRic4: '4.0.2',
  awsSamCli: '1.170.0',
  debugpy: '1.8.22',
  boto3: '1.43.11',
} as const

/** Raise it when a recipe changes in a way that its sources and versions do not show. */
const recipeRevision = '2'

const stepTimeoutMs = 8 * 60_000

/** One program: what it needs on the machine, what it is made of, how `folder` is filled. */
type Recipe = {
  readonly tools: readonly string[]
  readonly source: string
  readonly salt: string
  build(folder: string): Promise<void>
}

const recipes: Readonly<Record<ProgramName | PartName, Recipe>> = {
  bash: { tools: ['bash', 'curl'], source: 'bash-echo', salt: '', build: buildBash },
  go: { tools: ['go'], source: 'go-echo', salt: '', build: buildGo },
  rust: rustRecipe('bootstrap', 'bootstrap'),
  'rust-extension': rustRecipe('telemetry', 'extensions/telemetry'),
  python: {
    tools: ['python3'],
    source: 'python-ric',
    salt: versions.awslambdaric,
    build: buildPython,
  },
  node3: nodeRecipe(versions.awsLambdaRic3, 'bin/index.mjs'),
  node4: nodeRecipe(versions.awsLambdaRic4, 'index.mjs'),
  java: javaRecipe(buildJava),
  'java-classes': javaRecipe(buildJavaClasses),
}

await main()

async function main(): Promise<void> {
  mkdirSync(join(cacheFolder, 'programs'), { recursive: true })
  const problems: string[] = []
  await attempt('emulator', fetchEmulator, problems)
  await attempt('debugpy', () => fetchPython(debugpyFolder, 'debugpy'), problems)
  await attempt('boto3', () => fetchPython(boto3Folder, 'boto3'), problems)
  await attempt('adapter', buildAdapter, problems)
  for (const name of [...programNames, ...partNames]) {
    await attempt(name, () => prepare(name), problems)
  }
  for (const problem of problems) console.error(`prepare-compat: ${problem}`)
  if (problems.length > 0 && isCi) process.exitCode = 1
}

async function attempt(
  name: string,
  work: () => Promise<string>,
  problems: string[],
): Promise<void> {
  const started = performance.now()
  try {
    const outcome = await work()
    const seconds = ((performance.now() - started) / 1000).toFixed(1)
    console.log(`prepare-compat: ${name} ${outcome} (${seconds} s)`)
  } catch (error) {
    problems.push(`${name}: ${error instanceof Error ? error.message : String(error)}`)
  }
}

async function prepare(name: ProgramName | PartName): Promise<string> {
  const recipe = recipes[name]
  const missing = recipe.tools.filter((tool) => findTool(tool) === undefined)
  if (missing.length > 0) throw new Error(`Missing on this machine: ${missing.join(', ')}`)
  const source = join(sourceFolder, recipe.source)
  const stamp = stampOf(source, recipe.salt)
  const stampPath = `${programFolder(name)}.stamp`
  if (existsSync(programZipPath(name)) && existsSync(stampPath)) {
    if (readFileSync(stampPath, 'utf8') === stamp) return 'is up to date'
  }
  const folder = programFolder(name)
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  await recipe.build(folder)
  const hasBootstrap = existsSync(join(folder, 'bootstrap'))
  if (hasBootstrap && existsSync(emulatorPath)) await proveUnderEmulator(folder)
  writeFileSync(programZipPath(name), await zipOfFolder(folder))
  writeFileSync(stampPath, stamp)
  return 'was built'
}

/** The digest of everything that shapes a program: its sources, its version and the Node that runs it. */
function stampOf(source: string, salt: string): string {
  const hash = createHash('sha256').update(recipeRevision + salt + process.execPath)
  const files = readdirSync(source, { recursive: true, withFileTypes: true })
  const paths = files
    .filter((file) => file.isFile())
    .map((file) => join(file.parentPath, file.name))
  for (const path of paths.toSorted()) {
    hash.update(relative(source, path)).update(readFileSync(path))
  }
  return hash.digest('hex')
}

async function proveUnderEmulator(folder: string): Promise<void> {
  await using emulator = await startEmulator({ folder, handler: 'index.handler' })
  const response = await fetch(emulator.url, {
    method: 'POST',
    body: '{"n":1}',
    signal: AbortSignal.timeout(20_000),
  })
  const text = await response.text()
  const reply = JSON.parse(text) as { event?: { n?: number } }
  if (reply.event?.n !== 1) throw new Error(`Wrong answer under the emulator: ${text}`)
}

function buildBash(folder: string): Promise<void> {
  cpSync(join(sourceFolder, 'bash-echo'), folder, { recursive: true })
  return Promise.resolve()
}

/** Needs no registry: it has no dependencies. */
async function buildAdapter(): Promise<string> {
  const source = join(sourceFolder, 'go-adapter')
  const stamp = stampOf(source, '')
  const stampPath = `${adapterPath}.stamp`
  if (existsSync(adapterPath) && existsSync(stampPath)) {
    if (readFileSync(stampPath, 'utf8') === stamp) return 'is up to date'
  }
  if (findTool('go') === undefined) throw new Error('Missing on this machine: go')
  await run('go', ['build', '-trimpath', '-ldflags=-s -w', '-o', adapterPath, '.'], {
    cwd: source,
    environment: { CGO_ENABLED: '0', GOFLAGS: '-buildvcs=false' },
  })
  writeFileSync(stampPath, stamp)
  return 'was built'
}

async function buildGo(folder: string): Promise<void> {
  await run('go', ['build', '-trimpath', '-ldflags=-s -w', '-o', join(folder, 'bootstrap'), '.'], {
    cwd: join(sourceFolder, 'go-echo'),
    environment: { CGO_ENABLED: '0', GOFLAGS: '-buildvcs=false' },
  })
}

/** The programs of one workspace share what is compiled. */
function rustRecipe(program: string, path: string): Recipe {
  return {
    tools: ['cargo', 'cc'],
    source: 'rust',
    salt: '',
    build: (folder) => buildRust(program, join(folder, path)),
  }
}

async function buildRust(program: string, path: string): Promise<void> {
  const workspace = workspaceFor('rust')
  cpSync(join(sourceFolder, 'rust'), workspace, { recursive: true })
  const target = join(cacheFolder, 'cargo')
  await run('cargo', ['build', '--workspace'], {
    cwd: workspace,
    environment: { CARGO_TARGET_DIR: target },
  })
  mkdirSync(dirname(path), { recursive: true })
  cpSync(join(target, 'debug', program), path)
}

function javaRecipe(build: (folder: string) => Promise<void>): Recipe {
  return {
    tools: ['java', 'javac'],
    source: 'java-echo',
    salt: JSON.stringify(artifacts),
    build,
  }
}

/** The client's jars beside the code, as it is deployed where no runtime brings them. */
async function buildJava(folder: string): Promise<void> {
  await compileJava(folder)
  const isJar = (path: string) => path.endsWith('.jar') && !path.endsWith('launcher.jar')
  for (const name of readdirSync(join(javaDataFolder, 'runtimes/java')).filter(isJar)) {
    cpSync(join(javaDataFolder, 'runtimes/java', name), join(folder, 'lib', name))
  }
  const main = 'com.amazonaws.services.lambda.runtime.api.client.AWSLambda'
  const java = findTool('java') ?? 'java'
  writeBootstrap(folder, [
    `exec "${java}" -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -cp "$PWD/lib/*" ${main} lair.Echo`,
  ])
}

/** As they are deployed where a runtime brings the client; and in a layer beside them. */
async function buildJavaClasses(folder: string): Promise<void> {
  await compileJava(folder)
  const jar = join(folder, 'layer/java/lib/echo.jar')
  mkdirSync(dirname(jar), { recursive: true })
  await run('jar', ['--create', '--file', jar, '-C', folder, 'lair'], { cwd: folder })
}

async function compileJava(folder: string): Promise<void> {
  await installJava()
  const jars = join(javaDataFolder, 'runtimes/java/*')
  const source = join(sourceFolder, 'java-echo/lair/Echo.java')
  await run('javac', ['--release', '17', '-cp', jars, '-d', folder, source], { cwd: folder })
}

/** Once, by the installer that users have. */
async function installJava(): Promise<void> {
  const stampPath = join(javaDataFolder, 'runtimes/java.stamp')
  const stamp = JSON.stringify(artifacts)
  if (existsSync(stampPath) && readFileSync(stampPath, 'utf8') === stamp) return
  await installRuntime('java17', { directory: javaDataFolder })
  writeFileSync(stampPath, stamp)
}

/** Fetch a Python package with all it needs into a folder of its own. */
async function fetchPython(folder: string, name: 'debugpy' | 'boto3'): Promise<string> {
  const stamp = join(folder, `.${versions[name]}`)
  if (existsSync(stamp)) return 'is up to date'
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const wanted = `${name}==${versions[name]}`
  const argv = ['-m', 'pip', 'install', '--quiet', '--target', folder, wanted]
  await run(findTool('python3') ?? 'python3', argv, { cwd: cacheFolder })
  writeFileSync(stamp, '')
  return 'was fetched'
}

async function buildPython(folder: string): Promise<void> {
  cpSync(join(sourceFolder, 'python-ric'), folder, { recursive: true })
  const python = findTool('python3') ?? 'python3'
  const packages = [`awslambdaric==${versions.awslambdaric}`]
  const vendor = join(folder, 'vendor')
  await run(python, ['-m', 'pip', 'install', '--quiet', '--target', vendor, ...packages], {
    cwd: folder,
  })
  writeBootstrap(folder, [
    'export PYTHONPATH="$PWD:$PWD/vendor"',
    `exec "${python}" -m awslambdaric "$_HANDLER"`,
  ])
}

function nodeRecipe(version: string, entry: string): Recipe {
  return {
    tools: ['npm', 'cmake', 'make', 'autoconf', 'libtoolize', 'c++', 'python3', 'xz'],
    source: 'node-ric',
    salt: version,
    build: (folder) => buildNode(folder, version, entry),
  }
}

/** The client is compiled once for a version and a Node; what it runs changes more often. */
async function buildNode(folder: string, version: string, entry: string): Promise<void> {
  const built = join(cacheFolder, 'clients', `node-${version}-${process.versions.modules}`)
  if (!existsSync(built)) await compileNodeClient(built, version)
  cpSync(built, join(folder, 'node_modules'), { recursive: true })
  cpSync(join(sourceFolder, 'node-ric'), folder, { recursive: true })
  writeBootstrap(folder, [
    `exec "${process.execPath}" node_modules/aws-lambda-ric/${entry} "$_HANDLER"`,
  ])
}

async function compileNodeClient(target: string, version: string): Promise<void> {
  const workspace = workspaceFor(`node-${version}`)
  writeFileSync(join(workspace, 'package.json'), '{"private":true}\n')
  const argv = ['install', '--ignore-scripts=false', '--no-package-lock', '--no-audit', '--no-fund']
  await run(findTool('npm') ?? 'npm', [...argv, `aws-lambda-ric@${version}`], {
    cwd: workspace,
    environment: { ...nodeHeaders() },
  })
  const modules = join(workspace, 'node_modules')
  const client = join(modules, 'aws-lambda-ric')
  const buildOnly = join(client, 'deps')
  rmSync(target, { recursive: true, force: true })
  cpSync(client, join(`${target}.part`, 'aws-lambda-ric'), {
    recursive: true,
    filter: (path) => path !== buildOnly,
  })
  const scope = join(modules, '@aws')
  if (existsSync(scope)) cpSync(scope, join(`${target}.part`, '@aws'), { recursive: true })
  renameSync(`${target}.part`, target)
  rmSync(workspace, { recursive: true, force: true })
}

/** Native addons need Node's headers, which would otherwise be downloaded: they lie beside the Node that runs this. */
function nodeHeaders(): Record<string, string> {
  const candidates = [resolve(process.execPath, '../..'), '/usr']
  const root = candidates.find((folder) => existsSync(join(folder, 'include/node/node.h')))
  return root === undefined ? {} : { npm_config_nodedir: root }
}

/** AWS ships the emulator's binary in the Python package of its SAM CLI. */
async function fetchEmulator(): Promise<string> {
  const stampPath = `${emulatorPath}.stamp`
  if (existsSync(emulatorPath) && existsSync(stampPath)) {
    if (readFileSync(stampPath, 'utf8') === versions.awsSamCli) return 'is up to date'
  }
  const python = findTool('python3')
  if (python === undefined) throw new Error('Missing on this machine: python3')
  const workspace = workspaceFor('sam')
  const wanted = `aws-sam-cli==${versions.awsSamCli}`
  const download = ['-m', 'pip', 'download', '--quiet', '--no-deps', '--dest', workspace, wanted]
  await run(python, download, { cwd: workspace })
  const wheel = readdirSync(workspace).find((name) => name.endsWith('.whl'))
  if (wheel === undefined) throw new Error('The package of the SAM CLI is no wheel')
  await run(python, ['-m', 'zipfile', '-e', wheel, workspace], { cwd: workspace })
  const machine = arch() === 'arm64' ? 'arm64' : 'x86_64'
  renameSync(join(workspace, `samcli/local/rapid/aws-lambda-rie-${machine}`), emulatorPath)
  chmodSync(emulatorPath, 0o755)
  writeFileSync(stampPath, versions.awsSamCli)
  rmSync(workspace, { recursive: true, force: true })
  return 'was fetched'
}

function writeBootstrap(folder: string, lines: readonly string[]): void {
  const text = ['#!/bin/sh', 'cd "$(dirname "$0")" || exit 1', ...lines, ''].join('\n')
  writeFileSync(join(folder, 'bootstrap'), text, { mode: 0o755 })
}

function workspaceFor(name: string): string {
  const workspace = join(cacheFolder, 'work', name)
  rmSync(workspace, { recursive: true, force: true })
  mkdirSync(workspace, { recursive: true })
  return workspace
}

/** Run a command at low priority, its output into a log file.
 *  @throws Error naming the log when it fails or takes longer than 8 min */
async function run(
  program: string,
  argv: readonly string[],
  options: { cwd: string; environment?: Readonly<Record<string, string>> },
): Promise<void> {
  const logs = join(cacheFolder, 'logs')
  mkdirSync(logs, { recursive: true })
  const name = `${program} ${argv.join(' ')}`.replaceAll(/[^\w.-]+/g, '_').slice(0, 60)
  const logPath = join(logs, `${name}.log`)
  const log = openSync(logPath, 'w')
  const child = spawn('nice', ['-n', '10', program, ...argv], {
    cwd: options.cwd,
    env: { ...process.env, ...options.environment },
    stdio: ['ignore', log, log],
    timeout: stepTimeoutMs,
  })
  const [code] = (await once(child, 'exit')) as [number | null]
  closeSync(log)
  if (code === 0) return
  const tail = readFileSync(logPath, 'utf8').slice(-2000)
  throw new Error(
    `"${program} ${argv.join(' ')}" failed (${code ?? 'killed'}), see ${logPath}:\n${tail}`,
  )
}
