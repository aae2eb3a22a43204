/** What to do about a runtime name that nothing on this machine serves: one sentence for each. */
import { minJavaMajor } from './java/jdks.ts'
import { minPythonMinor } from './machine.ts'
import type { RuntimeName } from './names.ts'

/** @returns one sentence without a full stop */
export function remedyFor(wanted: RuntimeName): string {
  const { family, name, series } = wanted
  if (family === 'nodejs') {
    return `Run "lair runtimes install ${name}", or put that Node.js on the PATH`
  }
  if (family === 'python') return installPython(series)
  if (family === 'java') {
    const major = Math.max(series, minJavaMajor)
    return `Install a JDK of Java ${major} or newer (JAVA_HOME, the PATH and /usr/lib/jvm are looked at), then run "lair runtimes install ${name}"`
  }
  if (family === 'ruby') return 'Install Ruby so that "ruby" is on the PATH, or with rbenv'
  if (family === 'dotnet') {
    return `Install the .NET runtime ${series} or newer so that "dotnet" is on the PATH`
  }
  return remedyForOther(name)
}

/** A JDK is here, the runtime interface client is not. */
export function remedyForClient(name: string): string {
  return `Run "lair runtimes install ${name}": it fetches the runtime interface client of Java`
}

function remedyForOther(name: string): string {
  const deploy = 'deploy the function as provided.al2023 with a program named "bootstrap"'
  if (name === 'python2.7') return 'Python 2 is not served: port the function to python3.9 or newer'
  if (name === 'go1.x') {
    return `go1.x is retired: build the function with aws-lambda-go and ${deploy}`
  }
  return `${name} is not served: ${deploy} that brings its runtime along`
}

function installPython(series: number): string {
  const minor = Math.max(series, minPythonMinor)
  return `Install Python 3.${minor} so that "python3.${minor}" is on the PATH, for example with "pyenv install 3.${minor}" or "uv python install 3.${minor}"`
}
