/** What stays when the processes of an environment are replaced: the port of the Runtime API, the temporary directory. Starts each
 *  generation. */
import { background } from '../lib/background.ts'
import type { Clock } from '../lib/clock.ts'
import type { Ids } from '../lib/ids.ts'
import type { FunctionVersion } from '../model.ts'
import type { InitializationType } from '../observe/platform-events.ts'
import type { Runtime } from '../runtimes/runtime.ts'
import type {
  Driver,
  PreparedSandbox,
  Program,
  ProgramSpec,
  Sandbox,
  SandboxBounds,
} from '../sandbox/driver.ts'
import { type Argv, canBePrepared, findEntrypoint } from './entrypoint.ts'
import { Extensions } from './extensions-api/extensions.ts'
import { type ExternalFile, externalExtensions, hasExtensions } from './external-extensions.ts'
import { type Failure, noBootstrapFailure } from './failure.ts'
import { type Crew, Guest, type GuestListener } from './guest.ts'
import { RuntimeApi } from './runtime-api/runtime-api.ts'
import type { WorkerPool } from './runtime-api/session.ts'
import type { SnapshotCredentials } from './snapshot/credentials.ts'
import {
  type FunctionCredentials,
  type VariableSource,
  extensionVariables,
  runtimeVariables,
} from './variables.ts'
import type { Voice } from './voice.ts'

/** What guests call: the port with its sessions. */
export type Api = Pick<RuntimeApi, 'open' | 'renew' | 'drained' | 'close'>

export type GuestHouseOptions = {
  readonly id: string
  readonly version: FunctionVersion
  readonly runtime: Runtime
  readonly driver: Driver
  readonly prepared?: PreparedSandbox | undefined
  readonly clock: Clock
  readonly ids: Ids
  readonly voice: Voice
  readonly initializationType?: InitializationType | undefined
  readonly endpointUrl?: string | undefined
  readonly inspectPort?: number | undefined
  readonly credentials?: (() => FunctionCredentials) | undefined
  /** of an environment that is made for a snapshot */
  readonly snapshot?: SnapshotCredentials | undefined
  /** of an environment that serves several invocations at once */
  readonly workers?: WorkerPool | undefined
  /** instead of a port; for tests without sockets */
  readonly api?: Api | undefined
}

export class GuestHouse {
  readonly #options: GuestHouseOptions
  readonly #api: Api
  readonly #localName: string | undefined
  #address = ''
  #prepared: PreparedSandbox | undefined
  #guestCount = 0
  #temporaryDirectory: string | undefined
  #newest: Guest | undefined

  constructor(options: GuestHouseOptions) {
    const { prepared, version, runtime } = options
    this.#options = options
    if (canUseLocal(options)) this.#localName = `lair-${options.ids.hex(16)}`
    this.#api =
      options.api ?? new RuntimeApi(options.clock, version.maxConcurrency, this.#localName)
    if (prepared && canBePrepared(version, runtime)) this.#prepared = prepared
    else if (prepared) background('dispose unused bootstrap', prepared.dispose())
  }

  /** Open the port, once. @throws Error of node:net */
  async open(): Promise<void> {
    if (this.#address !== '') return
    this.#address = await this.#api.open()
    this.#options.voice.telemetry.reservedPorts = [Number(this.#address.split(':').at(-1))]
  }

  /** Start a generation; the one before must be gone.
   *  @returns the processes, or why there is no program to start */
  admit(listener: GuestListener): Guest | Failure {
    const { version, runtime, clock } = this.#options
    const argv = findEntrypoint(version, runtime)
    if (!argv) return noBootstrapFailure()
    this.#guestCount += 1
    const guest = new Guest(this.#crew(argv, listener), clock, listener)
    this.#temporaryDirectory = guest.sandbox.temporaryDirectory
    this.#newest = guest
    return guest
  }

  /** MiB; the most that the newest generation held, never above MemorySize. Looks anew, so that it may be asked just to see. */
  usedMib(): number {
    const usedMib = this.#newest?.sandbox.usage().maxMemoryMib ?? 0
    return Math.min(usedMib, this.#options.version.memoryMib)
  }

  /** Close the port and remove the temporary directory. The last process must be gone. */
  async close(): Promise<void> {
    this.#api.close()
    this.#options.voice.telemetry.close()
    await this.#prepared?.dispose()
    if (this.#temporaryDirectory !== undefined) {
      await this.#options.driver.discard(this.#temporaryDirectory)
    }
  }

  #crew(argv: Argv, listener: GuestListener): Crew {
    const { version, driver, ids, snapshot, workers, voice } = this.#options
    const { telemetry } = voice
    const variables = this.#variables()
    const externals = externalExtensions(version)
    const runtimeSpec = (onOutput: ProgramSpec['onOutput']): ProgramSpec => ({
      argv,
      environment: runtimeVariables(variables),
      workingDirectory: version.codePath,
      onOutput,
      onStarted: () => listener.onStarted(),
    })
    return {
      externals,
      telemetry,
      extensions: (extensionsListener) =>
        new Extensions({
          version,
          ids,
          listener: extensionsListener,
          isEnabled: hasExtensions(version),
          telemetry,
        }),
      renewSession: (sessionListener, extensions) =>
        this.#api.renew(sessionListener, { extensions, snapshot, workers }),
      drained: (limitMs, of) => this.#api.drained(limitMs, of),
      open: (onOutput) =>
        externals.length === 0
          ? this.#startAlone(runtimeSpec(onOutput))
          : { sandbox: driver.open(this.#bounds(), this.#temporaryDirectory) },
      startExternal: (sandbox, file, onOutput) => startExternal(sandbox, file, variables, onOutput),
      startRuntime: (sandbox, onOutput) => sandbox.spawn(runtimeSpec(onOutput)),
    }
  }

  #variables(): VariableSource {
    const { credentials, snapshot, voice, ...source } = this.#options
    const url = `http://${this.#address}/2021-04-23/credentials`
    return {
      ...source,
      logStream: voice.logStream,
      runtimeApi: this.#address,
      localName: this.#localName,
      ...(snapshot
        ? { container: { url, token: snapshot.token } }
        : { credentials: credentials?.() }),
    }
  }

  #bounds(): SandboxBounds {
    const { id, version } = this.#options
    const { memoryMib, ephemeralStorageMib } = version
    const isFirst = this.#guestCount === 1
    return { id: isFirst ? id : `${id}-${this.#guestCount}`, memoryMib, ephemeralStorageMib }
  }

  /** A runtime without external extensions, which a bootstrap that waits may become. */
  #startAlone(program: ProgramSpec): { sandbox: Sandbox; runtime: Program } {
    const prepared = this.#prepared
    this.#prepared = undefined
    const spec = { ...this.#bounds(), ...program }
    const started = prepared
      ? prepared.become(spec)
      : this.#options.driver.start(spec, this.#temporaryDirectory)
    return { sandbox: started, runtime: started }
  }
}

/** Lair's own client knows Unix sockets, and abstract ones are Linux's. Where walls are, names do not go through them. */
function canUseLocal({ runtime, driver, workers }: GuestHouseOptions): boolean {
  const isOwnClient = runtime.family === 'nodejs' && workers === undefined
  return isOwnClient && driver.isolation === 'process' && process.platform === 'linux'
}

/** Its working directory is that of the layers, since AWS promises none. */
function startExternal(
  sandbox: Sandbox,
  { path }: ExternalFile,
  source: VariableSource,
  onOutput: ProgramSpec['onOutput'],
): Program {
  return sandbox.spawn({
    argv: [path],
    environment: extensionVariables(source),
    workingDirectory: source.version.layersPath ?? '/',
    onOutput,
  })
}
