/** Where `lair dev` deploys: the server that is named, the one that runs already, or one of its own that goes with it. */
import { defaults } from '../config.ts'
import type { InspectedFunction } from '../fleet/inspection.ts'
import { startServer, type Server } from '../server.ts'
import { connectionOf, type Connection } from './client.ts'
import { dataDirectory } from './data-directory.ts'
import type { DevFunction } from './dev-function.ts'
import { toPort } from './numbers.ts'
import { CommandError } from './terminal.ts'
import { packageVersion } from './version.ts'

export type HomeOptions = {
  port: string
  /** the port was named by an option, not by default */
  isPortGiven?: boolean
  endpoint?: string
  data?: string
  /** true, or the port of the first function's debugger */
  inspect?: true | string
}

export type DevHome = AsyncDisposable & {
  readonly connection: Connection
  /** the server, when it is ours */
  readonly server: Server | undefined
  /** everything that is deployed goes with it */
  readonly isTemporary: boolean
}

const probeMs = 500
/** where Node.js' debugger is looked for by every tool */
const firstInspectPort = 9229

/** Which functions are debugged, each at a port of its own, counting up.
 *  @throws CommandError for runtimes without a debugger that we know */
export function toInspected(
  functions: readonly DevFunction[],
  inspect: HomeOptions['inspect'],
): ReadonlyMap<string, InspectedFunction> | undefined {
  if (inspect === undefined) return undefined
  const first = inspect === true ? firstInspectPort : toPort(inspect)
  return new Map(
    functions.map(({ name, runtime }, index): [string, InspectedFunction] => {
      const port = first === 0 ? 0 : first + index
      if (runtime.startsWith('nodejs')) return [name, { port, protocol: 'inspector' }]
      if (runtime.startsWith('python')) return [name, { port, protocol: 'dap' }]
      throw new CommandError(
        `Cannot debug "${name}": --inspect is for Node.js and Python, not for ${runtime}`,
      )
    }),
  )
}

/** Find or start the server.
 *  @throws CommandError, PlatformError saying what to do */
export async function openHome(
  options: HomeOptions,
  inspected: ReadonlyMap<string, InspectedFunction> | undefined,
): Promise<DevHome> {
  const { endpoint, port } = placeOf(options)
  const running = endpoint ?? (await findRunning(port))
  if (running === undefined) return ownHome(options, port, inspected)
  if (inspected !== undefined) {
    throw new CommandError(
      `--inspect needs a server of its own, not the one at ${running}: stop that, or choose another --port`,
    )
  }
  const connection = { ...connectionOf('lambda'), endpoint: running.replace(/\/$/, '') }
  const nothing = async (): Promise<void> => {}
  return { connection, server: undefined, isTemporary: false, [Symbol.asyncDispose]: nothing }
}

/** The options say it, then the environment. A port of this machine is taken when no server is there. */
function placeOf(options: HomeOptions): { endpoint?: string; port: number } {
  const port = toPort(options.port)
  if (options.endpoint !== undefined) return { endpoint: options.endpoint, port }
  const named = process.env['AWS_ENDPOINT_URL']
  if (options.isPortGiven || named === undefined) return { port }
  const url = URL.parse(named)
  const isHere = url?.protocol === 'http:' && url.hostname === defaults.host && url.port !== ''
  return isHere ? { port: Number(url.port) } : { endpoint: named, port }
}

async function ownHome(
  options: HomeOptions,
  port: number,
  inspected: ReadonlyMap<string, InspectedFunction> | undefined,
): Promise<DevHome> {
  const { data } = options
  const server = await startServer({
    host: defaults.host,
    port,
    ...(data === undefined
      ? { runtimesFrom: dataDirectory('~/.lair') }
      : { directory: dataDirectory(data) }),
    ...(inspected && { inspect: inspected }),
    isWarmPoolOn: true,
    version: packageVersion(),
  })
  const keys = server.isDefaultCredentials
    ? { accessKeyId: 'test', secretAccessKey: 'test', region: defaults.region }
    : connectionOf('lambda')
  return {
    connection: { ...keys, endpoint: server.endpoint },
    server,
    isTemporary: data === undefined,
    [Symbol.asyncDispose]: () => server.close(),
  }
}

/** A Lair on this machine's usual port. */
async function findRunning(port: number): Promise<string | undefined> {
  if (port === 0) return undefined
  const endpoint = `http://${defaults.host}:${port}`
  try {
    const signal = AbortSignal.timeout(probeMs)
    const answer = await fetch(`${endpoint}/_lair/version`, { signal })
    const { name } = (await answer.json()) as { name?: unknown }
    return name === 'lair' ? endpoint : undefined
  } catch {
    return undefined
  }
}
