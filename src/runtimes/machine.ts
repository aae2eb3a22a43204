/** Which interpreters this machine has: Lair's own Node.js, those that Lair installed, and what the PATH and the usual version
 *  managers hold. Looks at files only; shims of version managers are passed over for the programs behind them. */
import { join } from 'node:path'
import { dotnetPrograms } from './dotnet/hosts.ts'
import { javaPrograms } from './java/jdks.ts'
import { findNodeProgram, knownProgram, pythonProgram } from './program.ts'
import type { Program } from './program.ts'
import { rubyPrograms } from './ruby/rubies.ts'
import { distinctPrograms, executable, foldersOf, list, newestFirst } from './search.ts'

/** What of the machine matters here; handed in by tests. */
export type Machine = {
  /** the Node.js that runs Lair, and its version without `v` */
  readonly execPath: string
  readonly nodeVersion: string
  /** search path, as in PATH */
  readonly path: string
  readonly home: string
  readonly pyenvRoot?: string
  readonly javaHome?: string
  readonly dotnetRoot?: string
  /** where the system's packages put JDKs, `/usr/lib/jvm` and the like; each holds folders of JDKs */
  readonly jvmFolders: readonly string[]
}

/** Bootstraps need these at least. */
export const minNodeMajor = 18
export const minPythonMinor = 9
const maxPythonMinor = 15

/** The machine that this process runs on. */
export function thisMachine(): Machine {
  const { PYENV_ROOT: pyenvRoot, JAVA_HOME: javaHome, DOTNET_ROOT: dotnetRoot } = process.env
  return {
    execPath: process.execPath,
    nodeVersion: process.versions.node,
    path: process.env['PATH'] ?? '',
    home: process.env['HOME'] ?? '',
    jvmFolders: ['/usr/lib/jvm', '/opt/java', '/Library/Java/JavaVirtualMachines'],
    ...(pyenvRoot === undefined ? {} : { pyenvRoot }),
    ...(javaHome === undefined ? {} : { javaHome }),
    ...(dotnetRoot === undefined ? {} : { dotnetRoot }),
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
    .concat(javaPrograms(machine), rubyPrograms(machine), dotnetPrograms(machine))
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
    ...foldersOf(machine.path).flatMap((folder) => [join(folder, 'node'), join(folder, 'nodejs')]),
    ...newestFirst(list(nvm)).map((name) => join(nvm, name, 'bin/node')),
  ]
  return distinctPrograms(candidates)
}

function pythons(machine: Machine, minor: number): string[] {
  const program = `python3.${minor}`
  const pyenv = join(machine.pyenvRoot ?? join(machine.home, '.pyenv'), 'versions')
  const uv = join(machine.home, '.local/share/uv/python')
  const candidates = [
    ...foldersOf(machine.path).map((folder) => join(folder, program)),
    ...newestFirst(list(pyenv).filter((name) => name.startsWith(`3.${minor}.`))).map((name) =>
      join(pyenv, name, 'bin', program),
    ),
    ...newestFirst(list(uv).filter((name) => name.startsWith(`cpython-3.${minor}.`))).map((name) =>
      join(uv, name, 'bin', program),
    ),
  ]
  return distinctPrograms(candidates)
}
