/**
 * How a .NET function is started. An executable assembly (the handler is its name) brings its runtime client in itself; a class
 * library (`Assembly::Namespace.Class::Method`) runs where Amazon.Lambda.RuntimeSupport is among its assemblies.
 */
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { RuntimeName } from '../names.ts'
import type { Program } from '../program.ts'
import type { Runtime, RuntimeTarget } from '../runtime.ts'

const clientAssembly = 'Amazon.Lambda.RuntimeSupport.dll'

/** What a .NET runtime is made of. */
export function dotnetLaunch(
  wanted: RuntimeName,
  host: Program,
): Pick<Runtime, 'argv' | 'argumentsFor' | 'folder' | 'environment' | 'startupVariables'> {
  return {
    argv: [host.path],
    argumentsFor,
    folder: dirname(host.path),
    environment: () => ({
      DOTNET_ROOT: dirname(host.path),
      DOTNET_ROLL_FORWARD: 'Major',
      LAMBDA_RUNTIME_NAME: wanted.name,
    }),
    startupVariables: [],
  }
}

/** source: AWS Lambda dev guide "Define Lambda function handler in C#" */
function argumentsFor({ handler, codePath }: RuntimeTarget): string[] {
  const [assembly = '', ...method] = handler.split('::')
  if (method.length === 0) return [join(codePath, `${assembly}.dll`)]
  const client = join(codePath, clientAssembly)
  const files = [
    ['--runtimeconfig', join(codePath, `${assembly}.runtimeconfig.json`)],
    ['--depsfile', join(codePath, `${assembly}.deps.json`)],
  ].filter(([, path = '']) => existsSync(path))
  return ['exec', ...files.flat(), client, handler]
}
