/** Which interpreters this machine has: Lair's own Node.js, those that Lair installed, and what the PATH and the usual version
 *  managers hold. Looks at files only; shims of version managers are passed over for the programs behind them. */
import { accessSync, constants, readdirSync, realpathSync } from 'node:fs'
import { delimiter, isAbsolute, join } from 'node:path'
import { findNodeProgram, knownProgram, pythonProgram } from './program.ts'
import type { Program } from './program.ts'

/** What of the machine matters here; handed in by tests. */
export type Machine = {
  /** the Node.js that runs Lair, and its version without `v` */
  readonly execPath: string
  readonly nodeVersion: string
  /** search path, as in PATH */
  readonly path: string
  readonly home: string
  readonly pyenvRoot?: string
}

/** Bootstraps need these at least. */
export const minNodeMajor = 18
export const minPythonMinor = 9
const maxPythonMinor = 15

/** The machine that this process runs on. */
export function thisMachine(): Machine {
  const pyenvRoot = process.env['PYENV_ROOT']
  return {
    execPath: process.execPath,
    nodeVersion: process.versions.node,
    path: process.env['PATH'] ?? '',
    home: process.env['HOME'] ?? '',
    ...(pyenvRoot === undefined ? {} : { pyenvRoot }),
  }
}

/** Every usable program, the preferred one of a series first: Lair's own, installed ones, the machine's.
 *  @param runtimesDirectory  where `lair runtimes install` puts them */
export function scanPrograms(machine: Machine, runtimesDirectory: string): readonly Program[] {
  const own = knownProgram('nodejs', machine.execPath, machine.nodeVersion)
  const found: (Program | undefined)[] = [own]
  for (const path of [...installedNodes(runtimesDirectory), ...machineNodes(machine)]) {
    if (path !== own.path) found.push(findNodeProgram(path))
  }
  for (let minor = minPythonMinor; minor <= maxPythonMinor; minor += 1) {
    for (const path of pythons(machine, minor)) found.push(pythonProgram(path, minor))
  }
  return found
    .filter((program) => program !== undefined)
    .filter((program) => program.family === 'python' || program.series >= minNodeMajor)
}

function installedNodes(directory: string): string[] {
  return list(directory)
    .filter((name) => name.startsWith('nodejs'))
    .map((name) => executable(join(directory, name, 'bin/node')))
    .filter((path) => path !== undefined)
}

function machineNodes(machine: Machine): string[] {
  const nvm = join(machine.home, '.nvm/versions/node')
  const candidates = [
    ...searchPath(machine).flatMap((folder) => [join(folder, 'node'), join(folder, 'nodejs')]),
    ...newestFirst(list(nvm)).map((name) => join(nvm, name, 'bin/node')),
  ]
  return distinct(candidates)
}

function pythons(machine: Machine, minor: number): string[] {
  const program = `python3.${minor}`
  const pyenv = join(machine.pyenvRoot ?? join(machine.home, '.pyenv'), 'versions')
  const uv = join(machine.home, '.local/share/uv/python')
  const candidates = [
    ...searchPath(machine).map((folder) => join(folder, program)),
    ...newestFirst(list(pyenv).filter((name) => name.startsWith(`3.${minor}.`))).map((name) =>
      join(pyenv, name, 'bin', program),
    ),
    ...newestFirst(list(uv).filter((name) => name.startsWith(`cpython-3.${minor}.`))).map((name) =>
      join(uv, name, 'bin', program),
    ),
  ]
  return distinct(candidates)
}

/** A shim starts a shell that looks for the real program: too slow, and it wants the user's environment. */
function searchPath(machine: Machine): string[] {
  return machine.path
    .split(delimiter)
    .filter((folder) => isAbsolute(folder) && !/\/shims\/?$/.test(folder))
}

function distinct(candidates: readonly string[]): string[] {
  const paths = new Set<string>()
  for (const candidate of candidates) {
    const path = executable(candidate)
    if (path !== undefined) paths.add(path)
  }
  return [...paths]
}

function executable(path: string): string | undefined {
  try {
    accessSync(path, constants.X_OK)
    return realpathSync(path)
  } catch {
    return undefined
  }
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

function newestFirst(names: readonly string[]): string[] {
  return names.toSorted((a, b) => b.localeCompare(a, 'en', { numeric: true }))
}
