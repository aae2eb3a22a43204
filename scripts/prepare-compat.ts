/**
 * Builds the real runtime clients (bash with curl, Rust's lambda_runtime, aws-lambda-go, awslambdaric, aws-lambda-ric, Java's) as
 * functions, and fetches AWS's Runtime Interface Emulator, each from its registry and unmodified, into .cache/compat/. What is up to date is kept.
 * Each program must answer one event under the emulator. Exits 1 when something is missing and CI=true.
 */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { arch } from 'node:os'
import { join } from 'node:path'
import { startEmulator } from '../test/support/emulator.ts'
import {
  adapterPath,
  boto3Folder,
  cacheFolder,
  debugpyFolder,
  emulatorPath,
  partNames,
  programFolder,
  programNames,
  programZipPath,
  sourceFolder,
} from '../test/support/programs.ts'
import type { PartName, ProgramName } from '../test/support/programs.ts'
import { findTool, isCi } from '../test/support/tools.ts'
import { zipOfFolder } from '../test/support/zip.ts'
import { recipes } from './compat/recipes.ts'
import { run, stampOf, workspaceFor } from './compat/workshop.ts'

const versions = {
  awsSamCli: '1.170.0',
  debugpy: '1.8.22',
  boto3: '1.43.11',
} as const

/** What is built at the same time. Node's clients take longest, on one processor each; what shares a workspace is in one lane. */
const lanes: readonly (readonly (ProgramName | PartName)[])[] = [
  ['node3', 'rust', 'rust-extension', 'bash'],
  ['node4', 'java', 'java-classes', 'go', 'python'],
]

await main()

async function main(): Promise<void> {
  mkdirSync(join(cacheFolder, 'programs'), { recursive: true })
  const problems: string[] = []
  await attempt('emulator', fetchEmulator, problems)
  await attempt('debugpy', () => fetchPython(debugpyFolder, 'debugpy'), problems)
  await attempt('boto3', () => fetchPython(boto3Folder, 'boto3'), problems)
  await attempt('adapter', buildAdapter, problems)
  const build = async (names: readonly (ProgramName | PartName)[]) => {
    for (const name of names) await attempt(name, () => prepare(name), problems)
  }
  const planned: readonly string[] = lanes.flat()
  const forgotten = [...programNames, ...partNames].filter((name) => !planned.includes(name))
  await Promise.all([...lanes.map(build), build(forgotten)])
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
