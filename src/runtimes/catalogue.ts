/** The catalogue: which program serves a runtime name, and what to do when none does. It looks at the machine when it is
 *  first asked, and again when a runtime was installed; it starts no process to find out. */
import { statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { systemClock } from '../lib/clock.ts'
import type { Clock } from '../lib/clock.ts'
import { minPythonMinor, scanPrograms, thisMachine } from './machine.ts'
import type { Machine } from './machine.ts'
import { isRuntimeName, nameOfSeries, parseRuntimeName, runtimeNames } from './names.ts'
import type { RuntimeName } from './names.ts'
import { runtimeVersionArn, runtimeVersionOf } from './program.ts'
import type { Program } from './program.ts'
import type { Catalogue, Runtime, UnavailableRuntime } from './runtime.ts'
import { nodeStartupVariables, pythonStartupVariables } from './startup-variables.ts'

export type CatalogueOptions = {
  /** Lair's data directory: installed runtimes are in its folder `runtimes` */
  readonly directory: string
  readonly clock?: Clock
  /** for tests; this machine by default */
  readonly machine?: Machine
}

/** A name that nothing serves is looked for again after this long: something may have been installed by hand. */
const rescanMs = 5_000

const nodeBootstrap = fileURLToPath(new URL('./nodejs/bootstrap.cjs', import.meta.url))
const pythonBootstrap = fileURLToPath(new URL('./python/bootstrap.py', import.meta.url))

/** Where `lair runtimes install` puts runtimes. */
export function runtimesDirectory(directory: string): string {
  return join(directory, 'runtimes')
}

/** Make the catalogue of this machine. Cheap: nothing is looked at before the first question. */
export function createCatalogue(options: CatalogueOptions): Catalogue {
  const { clock = systemClock, machine = thisMachine() } = options
  const directory = runtimesDirectory(options.directory)
  const answers = new Map<string, Runtime | UnavailableRuntime>()
  let programs: readonly Program[] | undefined
  let stamp = -1
  let scannedAtMs = 0

  const scan = () => {
    const now = modifiedAtMs(directory)
    if (programs !== undefined && now === stamp) return programs
    stamp = now
    scannedAtMs = clock.monotonicMs()
    answers.clear()
    return (programs = scanPrograms(machine, directory))
  }
  const answer = (name: string) => {
    const current = scan()
    let found = answers.get(name)
    if (found === undefined) {
      found = resolve(parseRuntimeName(name), current)
      answers.set(name, found)
    }
    return found
  }
  return {
    isKnown: isRuntimeName,
    find(name) {
      if (!isRuntimeName(name))
        return { name, remedy: `"${name}" is not the name of a Lambda runtime` }
      const found = answer(name)
      if ('argv' in found || clock.monotonicMs() - scannedAtMs < rescanMs) return found
      programs = undefined
      return answer(name)
    },
    list: () => runtimeNames.map(answer),
  }
}

function modifiedAtMs(directory: string): number {
  return statSync(directory, { throwIfNoEntry: false })?.mtimeMs ?? 0
}

function resolve(wanted: RuntimeName, programs: readonly Program[]): Runtime | UnavailableRuntime {
  if (wanted.family === 'provided') return providedRuntime(wanted.name)
  if (wanted.family === 'other') return { name: wanted.name, remedy: remedyForOther(wanted.name) }
  const program = nearest(wanted, programs)
  if (program !== undefined) return managedRuntime(wanted, program)
  return {
    name: wanted.name,
    remedy: wanted.family === 'nodejs' ? installNode(wanted) : installPython(wanted),
  }
}

/** The program of the very series, else of the nearest newer one. An older one would lack what the code was written for. */
function nearest(wanted: RuntimeName, programs: readonly Program[]): Program | undefined {
  let best: Program | undefined
  for (const program of programs) {
    if (program.family !== wanted.family || program.series < wanted.series) continue
    if (best === undefined || program.series < best.series) best = program
  }
  return best
}

function managedRuntime(wanted: RuntimeName, program: Program): Runtime {
  const { family, series } = program
  const servedBy = nameOfSeries(family, series)
  const isNode = family === 'nodejs'
  return {
    name: wanted.name,
    family,
    servedBy,
    ...(series === wanted.series
      ? {}
      : {
          warning: `${wanted.name} is served by ${servedBy}, the nearest newer version here`,
        }),
    argv: isNode
      ? [program.path, '--expose-gc', '--max-http-header-size=81920', nodeBootstrap]
      : [program.path, '-B', '-s', '-X', 'utf8', pythonBootstrap],
    prepareArgv: ['--wait'],
    get runtimeVersion() {
      return runtimeVersionOf(program)
    },
    runtimeVersionArn: (region) => runtimeVersionArn(`${family} ${program.version()}`, region),
    environment: isNode ? (folders) => nodeEnvironment(wanted, folders) : pythonEnvironment,
    startupVariables: isNode ? nodeStartupVariables : pythonStartupVariables,
  }
}

/** source: AWS Lambda dev guide "Defined runtime environment variables": NODE_PATH */
function nodeEnvironment(
  wanted: RuntimeName,
  folders: { codePath: string; layersPath?: string },
): Record<string, string> {
  const { codePath, layersPath } = folders
  const layers =
    layersPath === undefined
      ? []
      : [
          join(layersPath, `nodejs/node${wanted.series}/node_modules`),
          join(layersPath, 'nodejs/node_modules'),
        ]
  return { NODE_PATH: [...layers, codePath].join(':') }
}

/** The bootstrap reads the layers' folder and removes the variable: on AWS it is always /opt and needs no telling.
 *  source: variables recorded from python runtimes: PYTHONPATH is the runtime's folder */
function pythonEnvironment(folders: { layersPath?: string }): Record<string, string> {
  const { layersPath } = folders
  return {
    PYTHONPATH: dirname(pythonBootstrap),
    ...(layersPath !== undefined && { _LAIR_LAYERS_PATH: layersPath }),
  }
}

function providedRuntime(name: string): Runtime {
  const system = name === 'provided' ? 'al1' : name.slice('provided.'.length)
  return {
    name,
    family: 'provided',
    servedBy: name,
    argv: [],
    runtimeVersion: `provided:${system}.v1`,
    runtimeVersionArn: (region) => runtimeVersionArn(name, region),
    environment: () => ({}),
    startupVariables: [],
  }
}

function remedyForOther(name: string): string {
  const deploy = 'deploy the function as provided.al2023 with a program named "bootstrap"'
  if (name === 'python2.7') return 'Python 2 is not served: port the function to python3.9 or newer'
  if (name === 'go1.x')
    return `go1.x is retired: build the function with aws-lambda-go and ${deploy}`
  return `${name} is not served yet: ${deploy} that brings its runtime along`
}

function installNode(wanted: RuntimeName): string {
  return `Run "lair runtimes install ${wanted.name}", or put that Node.js on the PATH`
}

function installPython(wanted: RuntimeName): string {
  const minor = Math.max(wanted.series, minPythonMinor)
  return `Install Python 3.${minor} so that "python3.${minor}" is on the PATH, for example with "pyenv install 3.${minor}" or "uv python install 3.${minor}"`
}
