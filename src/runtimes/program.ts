/** An interpreter that was found: where it is and which version it has. Versions are read from files beside it wherever
 *  possible, since asking the program itself costs a process start. */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { ManagedFamily } from './runtime.ts'

export type Program = {
  readonly family: ManagedFamily
  /** absolute, links resolved */
  readonly path: string
  /** as in `RuntimeName` */
  readonly series: number
  /** `major.minor.patch`; asked of the program itself at the first call when no file tells */
  readonly version: () => string
}

/** A program whose version is known already. */
export function knownProgram(family: ManagedFamily, path: string, version: string): Program {
  return { family, path, series: seriesOf(family, version), version: () => version }
}

/** Node.js at a path; undefined when it is not Node.js or does not run. */
export function findNodeProgram(path: string): Program | undefined {
  const version =
    versionInPath(path) ?? nodePackageVersion(path) ?? nodeHeaderVersion(path) ?? ask(path)
  return version === undefined ? undefined : knownProgram('nodejs', path, version)
}

/** Python 3 of a minor version at a path named after it. */
export function pythonProgram(path: string, minor: number): Program {
  let version = versionInPath(path) ?? pythonHeaderVersion(path, minor)
  return {
    family: 'python',
    path,
    series: minor,
    version: () => (version ??= ask(path) ?? `3.${minor}.0`),
  }
}

/** What INIT_START says: `nodejs:24.v21`, `python:3.11.v2`, `java:17.v15`. source: reference capture `nodejs:18.v9` */
export function runtimeVersionOf(program: Program): string {
  const { family } = program
  const [major, minor, patch = '0'] = program.version().split('.')
  if (family === 'nodejs') return `nodejs:${major}.v${minor}`
  if (family === 'java' || family === 'dotnet') return `${family}:${major}.v${patch}`
  return `${family}:${major}.${minor}.v${patch}`
}

/** The version ARN of a program in a region: 64 hex digits that change with the program. */
export function runtimeVersionArn(identity: string, region: string): string {
  const digest = createHash('sha256').update(`lair ${identity}`).digest('hex')
  return `arn:aws:lambda:${region}::runtime:${digest}`
}

function seriesOf(family: ManagedFamily, version: string): number {
  const [major, minor] = version.split('.').map(Number)
  if (family === 'python') return minor ?? 0
  if (family === 'ruby') return (major ?? 0) * 10 + (minor ?? 0)
  return major ?? 0
}

/** Version managers name a folder after the version: `…/versions/3.12.1/bin/python3.12`, `…/node/v22.4.0/bin/node`. */
export function versionInPath(path: string): string | undefined {
  return /(?:^|[/v-])(\d+\.\d+\.\d+)(?:[-+][^/]*)?\/bin\/[^/]+$/.exec(path)?.[1]
}

function nodePackageVersion(path: string): string | undefined {
  const text = read(join(dirname(path), '..', 'package.json'))
  return text === undefined
    ? undefined
    : /"name":\s*"node-[^"]*"[^}]*?"version":\s*"(\d+\.\d+\.\d+)"/.exec(text)?.[1]
}

function nodeHeaderVersion(path: string): string | undefined {
  const text = read(join(dirname(path), '..', 'include/node/node_version.h'))
  if (text === undefined) return undefined
  const parts = ['MAJOR', 'MINOR', 'PATCH'].map(
    (name) => new RegExp(`#define NODE_${name}_VERSION (\\d+)`).exec(text)?.[1],
  )
  return parts.includes(undefined) ? undefined : parts.join('.')
}

function pythonHeaderVersion(path: string, minor: number): string | undefined {
  const text = read(join(dirname(path), '..', `include/python3.${minor}/patchlevel.h`))
  return text === undefined ? undefined : /#define PY_VERSION\s+"(\d+\.\d+\.\d+)/.exec(text)?.[1]
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}

const ASK_MS = 5_000

/** What the program itself says its version is; a process start. */
export function ask(path: string): string | undefined {
  try {
    const text = execFileSync(path, ['--version'], {
      env: {},
      timeout: ASK_MS,
      encoding: 'utf8',
      stdio: 'pipe',
    })
    return /^(?:v|Python |ruby )(\d+\.\d+\.\d+)/.exec(text)?.[1]
  } catch {
    return undefined
  }
}
