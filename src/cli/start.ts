/** `lair start`: the server in the foreground, with a banner, until it is told to stop. */
import { homedir } from 'node:os'
import { defaults } from '../config.ts'
import type { Bandwidth } from '../invoke/bandwidth.ts'
import { startServer, type Server } from '../server.ts'
import { dataDirectory } from './data-directory.ts'
import { toFactor, toPort } from './numbers.ts'
import { note, print, printJson, styled } from './terminal.ts'
import { packageVersion } from './version.ts'

export type StartOptions = {
  port: string
  host: string
  data: string
  ephemeral?: boolean
  warmPool: boolean
  streamBandwidth: Bandwidth
  retryDelayFactor: string
  freeze: boolean
  traceInit?: boolean
  json?: boolean
}

/** Run the server; resolves when it has stopped. */
export async function start(options: StartOptions): Promise<void> {
  const server = await startServer({
    host: options.host,
    port: toPort(options.port),
    ...(options.ephemeral ? {} : { directory: dataDirectory(options.data) }),
    isWarmPoolOn: options.warmPool,
    streamBandwidth: options.streamBandwidth,
    delayFactor: toFactor('--retry-delay-factor', options.retryDelayFactor),
    isFreezing: options.freeze,
    version: packageVersion(),
    ...(options.traceInit && { onPart: tracePart }),
  })
  announce(server, options)
  await stopSignal(server)
}

/** One line per part, as the init traces of a Go program read. */
function tracePart(name: string, atMs: number, tookMs: number): void {
  note(`init ${name} @${atMs.toFixed(2)} ms, ${tookMs.toFixed(2)} ms`)
}

function announce(server: Server, options: StartOptions): void {
  const readyMs = performance.now()
  if (options.json) {
    const { endpoint, directory, isolation, isDefaultCredentials } = server
    printJson({ endpoint, directory, isolation, isDefaultCredentials, readyMs, pid: process.pid })
    return
  }
  const label = (text: string) => styled('dim', text.padEnd(13))
  const home = homedir()
  const place = options.ephemeral
    ? 'temporary, gone at the end'
    : server.directory.replace(new RegExp(`^${RegExp.escape(home)}(?=/|$)`), '~')
  const keys = server.isDefaultCredentials
    ? 'key test, secret test, account 000000000000 (this machine only)'
    : 'own (lair credentials create made them)'
  print()
  print(`  ${styled(['bold', 'cyan'], 'Lair')} ${packageVersion()}  AWS Lambda on this machine`)
  print()
  print(`  ${label('Endpoint')}${styled('bold', server.endpoint)}`)
  print(`  ${label('Data')}${place}`)
  print(`  ${label('Credentials')}${keys}`)
  print(`  ${label('Isolation')}${styled('yellow', server.isolation)}: ${server.isolationSentence}`)
  print(`  ${label('Runtimes')}${server.runtimesSentence()}`)
  print(`  ${label('Ready')}in ${readyMs.toFixed(0)} ms`)
  print()
  print(`  ${styled('dim', 'In another terminal:')} eval "$(lair env${portFlag(server)})"`)
  print()
}

function portFlag(server: Server): string {
  return server.port === defaults.port ? '' : ` --port ${server.port}`
}

/** The first SIGTERM or SIGINT drains; a second one ends at once. */
async function stopSignal(server: Server): Promise<void> {
  await new Promise<void>((resolve) => {
    const stop = () => resolve()
    process.once('SIGTERM', stop)
    process.once('SIGINT', stop)
  })
  const abort = () => process.exit(130)
  process.once('SIGTERM', abort)
  process.once('SIGINT', abort)
  note('Draining: running invocations may finish; press Ctrl-C again to stop at once')
  await server.close()
  note('Stopped')
}
