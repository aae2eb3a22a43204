/** Makes the runtime of a name from the program that serves it: command line, variables, versions. */
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { dotnetLaunch } from './dotnet/launch.ts'
import { findClient } from './java/client.ts'
import { javaLaunch } from './java/launch.ts'
import { nameOfSeries } from './names.ts'
import type { RuntimeName } from './names.ts'
import { runtimeVersionArn, runtimeVersionOf } from './program.ts'
import type { Program } from './program.ts'
import { remedyForClient } from './remedies.ts'
import { rubyLaunch } from './ruby/launch.ts'
import type { Runtime, UnavailableRuntime } from './runtime.ts'
import { nodeStartupVariables, pythonStartupVariables } from './startup-variables.ts'

const nodeBootstrap = fileURLToPath(new URL('./nodejs/bootstrap.cjs', import.meta.url))
const pythonBootstrap = fileURLToPath(new URL('./python/bootstrap.py', import.meta.url))

type Launch = Pick<
  Runtime,
  'argv' | 'argumentsFor' | 'prepareArgv' | 'folder' | 'environment' | 'startupVariables'
>

/** @param directory  folder of installed runtimes */
export function managedRuntime(
  wanted: RuntimeName,
  program: Program,
  directory: string,
): Runtime | UnavailableRuntime {
  const { family, series } = program
  const launch = launchOf(wanted, program, directory)
  if (launch === undefined) return { name: wanted.name, remedy: remedyForClient(wanted.name) }
  const servedBy = nameOfSeries(family, series)
  const how = series > wanted.series ? 'the nearest newer version here' : 'an older version'
  return {
    name: wanted.name,
    family,
    servedBy,
    ...(series !== wanted.series && {
      warning: `${wanted.name} is served by ${servedBy}, ${how}`,
    }),
    ...launch,
    get runtimeVersion() {
      return runtimeVersionOf(program)
    },
    runtimeVersionArn: (region) => runtimeVersionArn(`${family} ${program.version()}`, region),
  }
}

function launchOf(wanted: RuntimeName, program: Program, directory: string): Launch | undefined {
  if (program.family === 'nodejs') return nodeLaunch(wanted, program)
  if (program.family === 'python') return pythonLaunch(program)
  if (program.family === 'ruby') return rubyLaunch(wanted, program)
  if (program.family === 'dotnet') return dotnetLaunch(wanted, program)
  const client = findClient(directory)
  return client === undefined ? undefined : javaLaunch(program, client)
}

function nodeLaunch(wanted: RuntimeName, program: Program): Launch {
  return {
    argv: [program.path, '--expose-gc', '--max-http-header-size=81920', nodeBootstrap],
    prepareArgv: ['--wait'],
    environment: (folders) => nodeEnvironment(wanted, folders),
    startupVariables: nodeStartupVariables,
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

function pythonLaunch(program: Program): Launch {
  return {
    argv: [program.path, '-B', '-s', '-X', 'utf8', pythonBootstrap],
    prepareArgv: ['--wait'],
    environment: pythonEnvironment,
    startupVariables: pythonStartupVariables,
  }
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
