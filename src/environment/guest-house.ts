/** What stays when a runtime process is replaced: the port of the Runtime API, the temporary directory. Starts each process. */
import { background } from '../lib/background.ts'
import type { Clock } from '../lib/clock.ts'
import type { FunctionVersion } from '../model.ts'
import type { InitializationType } from '../observe/platform-events.ts'
import type { Runtime } from '../runtimes/runtime.ts'
import type { Driver, PreparedSandbox, SandboxSpec, StartedSandbox } from '../sandbox/driver.ts'
import { canBePrepared, findEntrypoint } from './entrypoint.ts'
import { type Failure, noBootstrapFailure } from './failure.ts'
import { Guest, type GuestListener } from './guest.ts'
import { RuntimeApi } from './runtime-api/runtime-api.ts'
import type { SnapshotCredentials } from './snapshot/credentials.ts'
import { type FunctionCredentials, runtimeVariables } from './variables.ts'

export type GuestHouseOptions = {
  readonly id: string
  readonly version: FunctionVersion
  readonly runtime: Runtime
  readonly driver: Driver
  readonly prepared?: PreparedSandbox | undefined
  readonly clock: Clock
  readonly logStream: string
  readonly endpointUrl?: string | undefined
  readonly credentials?: (() => FunctionCredentials) | undefined
  readonly initializationType?: InitializationType | undefined
  /** of an environment that is made for a snapshot */
  readonly snapshot?: SnapshotCredentials | undefined
}

export class GuestHouse {
  readonly #options: GuestHouseOptions
  readonly #api: RuntimeApi
  #address = ''
  #prepared: PreparedSandbox | undefined
  #guestCount = 0
  #temporaryDirectory: string | undefined

  constructor(options: GuestHouseOptions) {
    const { prepared, version, runtime } = options
    this.#options = options
    this.#api = new RuntimeApi(options.clock)
    if (prepared && canBePrepared(version, runtime)) this.#prepared = prepared
    else if (prepared) background('dispose unused bootstrap', prepared.dispose())
  }

  /** Open the port, once. @throws Error of node:net */
  async open(): Promise<void> {
    if (this.#address === '') this.#address = await this.#api.open()
  }

  /** Start a process; the one before must be gone.
   *  @returns the process, or why there is no program to start */
  admit(listener: GuestListener): Guest | Failure {
    const { version, runtime } = this.#options
    const argv = findEntrypoint(version, runtime)
    if (!argv) return noBootstrapFailure()
    const guest = new Guest({
      api: this.#api,
      listener,
      snapshot: this.#options.snapshot,
      start: (onOutput) => this.#start(argv, onOutput, () => listener.onStarted()),
    })
    this.#temporaryDirectory = guest.sandbox.temporaryDirectory
    return guest
  }

  /** Close the port and remove the temporary directory. The last process must be gone. */
  async close(): Promise<void> {
    this.#api.close()
    await this.#prepared?.dispose()
    if (this.#temporaryDirectory !== undefined) {
      await this.#options.driver.discard(this.#temporaryDirectory)
    }
  }

  #start(
    argv: SandboxSpec['argv'],
    onOutput: SandboxSpec['onOutput'],
    onStarted: () => void,
  ): StartedSandbox {
    const { id, version, driver } = this.#options
    this.#guestCount += 1
    const spec: SandboxSpec = {
      id: this.#guestCount === 1 ? id : `${id}-${this.#guestCount}`,
      argv,
      environment: this.#variables(),
      workingDirectory: version.codePath,
      memoryMib: version.memoryMib,
      ephemeralStorageMib: version.ephemeralStorageMib,
      onOutput,
      onStarted,
    }
    const prepared = this.#prepared
    this.#prepared = undefined
    return prepared ? prepared.become(spec) : driver.start(spec, this.#temporaryDirectory)
  }

  #variables(): Record<string, string> {
    const { credentials, snapshot, ...source } = this.#options
    const url = `http://${this.#address}/2021-04-23/credentials`
    return runtimeVariables({
      ...source,
      runtimeApi: this.#address,
      ...(snapshot
        ? { container: { url, token: snapshot.token } }
        : { credentials: credentials?.() }),
    })
  }
}
