/**
 * Which program runs a version: the managed runtime's own, behind a wrapper if the customer names one, or the `bootstrap` of the
 * code or a layer.
 * source: AWS Lambda dev guide "Building a custom runtime", "Modifying the runtime environment".
 */
import { accessSync, constants, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { FunctionVersion } from '../model.ts'
import type { Runtime } from '../runtimes/runtime.ts'
import { externalExtensions } from './external-extensions.ts'

export type Argv = readonly [string, ...string[]]

/** @returns program and arguments, or undefined when there is no program to be found */
export function findEntrypoint(version: FunctionVersion, runtime: Runtime): Argv | undefined {
  const [program, ...rest] = runtime.argv
  if (program !== undefined) {
    return wrapped(version, [program, ...rest, ...(runtime.argumentsFor?.(version) ?? [])])
  }
  const folders = [version.codePath, version.layersPath]
  for (const folder of folders) {
    if (folder === undefined) continue
    const bootstrap = join(folder, 'bootstrap')
    if (isProgram(bootstrap)) return [bootstrap]
  }
  return undefined
}

/** Can a generic bootstrap that already runs become this version? Some variables only work from the start: those of the
 *  customer, and LD_LIBRARY_PATH where there are libraries to be found. External extensions come before the runtime. */
export function canBePrepared(version: FunctionVersion, runtime: Runtime): boolean {
  if (runtime.argv.length === 0 || wrapperOf(version) !== undefined) return false
  if (externalExtensions(version).length > 0) return false
  const isUnset = (name: string) => version.environment[name] === undefined
  return runtime.startupVariables.every(isUnset) && !libraryFolders(version).some(hasLibraries)
}

/** The folders of a version in which the loader looks for shared libraries.
 *  source: AWS Lambda dev guide "Defined runtime environment variables": LD_LIBRARY_PATH */
export function libraryFolders({ codePath, layersPath }: FunctionVersion): string[] {
  const folders = [codePath, join(codePath, 'lib')]
  return layersPath === undefined ? folders : [...folders, join(layersPath, 'lib')]
}

function hasLibraries(folder: string): boolean {
  try {
    return readdirSync(folder).some((name) => /^lib.*\.so(\.\d+)*$/.test(name))
  } catch {
    return false
  }
}

/** Says what is wrong with a wrapper, in AWS's words, by the name that the function's configuration has for it.
 *  source: observed in logs of managed runtimes */
const runWrapper = `
  test -f "$1" || { echo "$0: does not exist"; exit 127; }
  test -x "$1" || { echo "$0: is not an executable"; exit 126; }
  exec "$@"`

/** Through a shell, as the managed runtimes do it. */
function wrapped(version: FunctionVersion, argv: Argv): Argv {
  const wrapper = wrapperOf(version)
  if (wrapper === undefined) return argv
  return ['/bin/sh', '-c', runWrapper, wrapper, hostPath(version, wrapper), ...argv]
}

function wrapperOf(version: FunctionVersion): string | undefined {
  const wrapper = version.environment['AWS_LAMBDA_EXEC_WRAPPER']
  return wrapper === '' ? undefined : wrapper
}

function hostPath(version: FunctionVersion, path: string): string {
  if (path.startsWith('/var/task/')) return join(version.codePath, path.slice('/var/task/'.length))
  if (path.startsWith('/opt/') && version.layersPath !== undefined) {
    return join(version.layersPath, path.slice('/opt/'.length))
  }
  return path
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}
