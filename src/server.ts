/**
 * The assembly of the server: opens the rooms from the lowest to the highest and closes them in reverse. `lair start`, the demo, the
 * tests and the bench start this.
 */
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { defaults, limits } from './config.ts'
import { createLauncher } from './fleet/launch.ts'
import { Fleet } from './fleet/fleet.ts'
import { Inspection, type InspectedFunction } from './fleet/inspection.ts'
import { Snapshots } from './fleet/snapshots.ts'
import { WarmPool } from './fleet/warm-pool.ts'
import { openCredentials } from './gateway/credential-store.ts'
import { startGateway, type Gateway } from './gateway/gateway.ts'
import { jsonResponse, type LocalRoute } from './gateway/local-routes.ts'
import { openPresigner, type Presigner } from './gateway/presign.ts'
import type { Bandwidth } from './invoke/bandwidth.ts'
import { Events } from './invoke/events.ts'
import { createFunctionTarget } from './invoke/function-target.ts'
import { createRun } from './invoke/run.ts'
import { createUndeliveredLog } from './invoke/undelivered.ts'
import { background } from './lib/background.ts'
import { systemClock, type Clock } from './lib/clock.ts'
import { systemIds } from './lib/ids.ts'
import { isMachineBusy } from './lib/machine-load.ts'
import { openLogs } from './observe/log-store.ts'
import { createPackages } from './packages/package-store.ts'
import { createCatalogue } from './runtimes/catalogue.ts'
import type { Catalogue } from './runtimes/runtime.ts'
import type { Isolation } from './sandbox/driver.ts'
import { createProcessDriver } from './sandbox/process/process-driver.ts'
import { downloadRoute } from './services/lambda/dependencies.ts'
import { createUrlSites } from './services/lambda/urls/function-url-site.ts'
import { createInvokeHandlers } from './services/lambda/invoke/invoke.ts'
import { createLambdaService } from './services/lambda/lambda-service.ts'
import { createLogsService } from './services/logs/logs-service.ts'
import { openEphemeralStore, openStore } from './store/open.ts'
import type { Store } from './store/store.ts'

export type ServerOptions = {
  readonly host: string
  /** 0 takes a free one */
  readonly port: number
  /** absent: a temporary directory, gone at the end */
  readonly directory?: string
  readonly isWarmPoolOn: boolean
  /** false lets idle environments run on between invocations; true when absent */
  readonly isFreezing?: boolean
  /** of the package, for /_lair/version */
  readonly version: string
  /** AWS's waits between attempts of asynchronous events are multiplied by this; 1 unless a test is in a hurry */
  readonly delayFactor?: number
  /** of streamed responses; unlimited when absent */
  readonly streamBandwidth?: Bandwidth
  /** functions of the default account and region that can be debugged, by name */
  readonly inspect?: ReadonlyMap<string, InspectedFunction>
  /** data directory whose installed runtimes are used; the server's own unless told */
  readonly runtimesFrom?: string
  /** told of each part as it is ready: ms since the process began (of an environment: since its start), ms it took */
  readonly onPart?: (name: string, atMs: number, tookMs: number) => void
  /** told of defects of ours that a caller saw as a 500 */
  readonly onInternalError?: (error: unknown, operation: string) => void
}

export type Server = {
  readonly endpoint: string
  readonly port: number
  readonly directory: string
  readonly isolation: Isolation
  readonly isolationSentence: string
  readonly isDefaultCredentials: boolean
  /** which runtimes are here, in a few words */
  runtimesSentence(): string
  /** port at which a debugger finds a function; undefined when it was not asked for */
  inspectPort(functionName: string): number | undefined
  /** Have an environment of a function of the default account and region ready, or on its way: its init runs now.
   *  @throws AwsError  as Invoke answers */
  warm(functionName: string): Promise<void>
  /** Drain and stop. Idempotent. */
  close(): Promise<void>
}

const presignedMs = 10 * 60_000
/** prepared ahead from the start; others once they were used */
const pooledRuntime = 'nodejs24.x'

/** Start everything.
 *  @throws PlatformError when the directory is held by another server, or the port is taken */
export async function startServer(options: ServerOptions): Promise<Server> {
  const closers = new AsyncDisposableStack()
  try {
    return await assemble(options, closers)
  } catch (error) {
    await closers.disposeAsync()
    throw error
  }
}

/** Opens parts in order; what was opened is closed in reverse. */
async function assemble(options: ServerOptions, closers: AsyncDisposableStack): Promise<Server> {
  const ground = await openGround(options, closers)
  const runner = await openRunner(ground, closers, options)
  const { clock, store, credentials } = ground
  const lambda = openLambda(ground, runner, closers, options)
  const gateway = await ground.traced('gateway', () =>
    startGateway({
      host: options.host,
      port: options.port,
      services: [lambda.service, createLogsService(ground.logs)],
      credentials,
      clock,
      ids: systemIds,
      routes: [downloads(store, ground.presigner)],
      sites: lambda.sites,
      version: options.version,
      onInternalError: options.onInternalError ?? reportInternalError,
    }),
  )
  closers.defer(() => gateway.close({ drainMs: limits.drainMs }))
  // What sits at a breakpoint goes on now, so that its caller need not be waited for.
  if (runner.inspection) closers.use(runner.inspection)
  runner.endpointUrl = gateway.endpoint
  store.announce(gateway.endpoint)
  lambda.events.start()
  lambda.resume()
  warm(runner.warmPool, ground.catalogue)
  return { ...describe(gateway, ground, closers), ...ahead(runner, lambda) }
}

type Ground = Awaited<ReturnType<typeof openGround>>
type Runner = Awaited<ReturnType<typeof openRunner>>

/** What everything stands on: data, keys, programs, walls. */
async function openGround(options: ServerOptions, closers: AsyncDisposableStack) {
  const clock = systemClock
  const ids = systemIds
  const traced = tracer(clock, options.onPart)
  const store = traced('store', () =>
    options.directory === undefined
      ? openEphemeralStore({ clock, ids })
      : openStore({ directory: options.directory, clock, ids }),
  )
  closers.defer(() => store.close())
  const { directory } = store
  const logs = traced('logs', () => openLogs(directory, clock))
  closers.defer(() => logs.close())
  const credentials = await traced('credentials', () => openCredentials(store, clock, ids))
  const presigner = await openPresigner(directory, clock)
  const driver = await traced('sandbox', () => createProcessDriver({ directory, clock, ids }))
  closers.defer(() => driver.close())
  return {
    clock,
    ids,
    traced,
    store,
    logs,
    credentials,
    presigner,
    driver,
    packages: createPackages(store),
    catalogue: createCatalogue({ directory: options.runtimesFrom ?? directory, clock }),
  }
}

/** What runs functions: environments, leased through the trunk. */
async function openRunner(ground: Ground, closers: AsyncDisposableStack, options: ServerOptions) {
  const { clock, ids, driver, catalogue, logs, credentials } = ground
  const { onPart, streamBandwidth } = options
  const size = options.isWarmPoolOn ? limits.warmPoolSize : 0
  const warmPool = new WarmPool({ clock, ids, driver, size })
  closers.defer(() => warmPool.close())
  const runner = { warmPool, endpointUrl: '', onWanted: (_functionName: string) => {} }
  const inspection =
    options.inspect &&
    (await Inspection.open(options.inspect, clock, (name) => runner.onWanted(name)))
  const launch = createLauncher({
    driver,
    catalogue,
    warmPool,
    logs,
    clock,
    ids,
    credentials,
    endpointUrl: () => runner.endpointUrl,
    inspection,
    ...(onPart && {
      onPart: ({ functionName, version }, id, part, ...times) =>
        onPart(`${functionName}:${version} ${id.slice(0, 8)} ${part}`, ...times),
    }),
  })
  const snapshots = new Snapshots({ clock, launch })
  closers.defer(() => snapshots.close())
  const fleet = new Fleet({
    clock,
    launch: (version, type) =>
      (type === undefined && version.isSnapStart === true ? snapshots.take(version) : undefined) ??
      launch(version, type),
    isFreezing: options.isFreezing,
    isMachineBusy,
  })
  closers.defer(() => fleet.close({ drainMs: limits.drainMs }))
  if (inspection) closers.use(inspection)
  const run = createRun({ fleet, clock, ids, streamBandwidth })
  return Object.assign(runner, { fleet, inspection, snapshots, run, launch })
}

/** The service whose functions they are. */
function openLambda(
  ground: Ground,
  runner: Runner,
  closers: AsyncDisposableStack,
  options: ServerOptions,
) {
  const { store, packages, catalogue, clock, ids, presigner } = ground
  const { fleet, snapshots, run, launch } = runner
  const lambda = ground.traced('lambda', () =>
    createLambdaService({
      store,
      packages,
      catalogue,
      clock,
      ids,
      snapshots,
      provisioning: fleet,
      isFolderCodeAllowed: ground.credentials.isDefault,
      presign: (path) => presigner.presign(path, presignedMs),
    }),
  )
  closers.use(lambda)
  closers.use(
    lambda.onChange((arn) => {
      background('retire environments', fleet.retire(arn))
      launch.retire(arn)
      background('retire snapshots', snapshots.retire(arn))
    }),
  )
  const { targets } = lambda
  const events = new Events({
    queues: store.queues,
    run,
    targets,
    settings: lambda.asyncSettings,
    destinations: { lambda: createFunctionTarget(targets, clock) },
    onUndelivered: createUndeliveredLog(ground.logs, lambda.asyncSettings, clock),
    clock,
    ...(options.delayFactor !== undefined && { delayFactor: options.delayFactor }),
  })
  closers.defer(() => events.close({ drainMs: limits.drainMs }))
  const invoke = createInvokeHandlers({ targets, run, events, clock, ids })
  closers.defer(() => invoke.close())
  const handlers = { ...lambda.service.handlers, ...invoke.handlers }
  const sites = createUrlSites({ documents: store.documents, targets, run, clock, ids })
  const service = { ...lambda.service, handlers, raw: invoke.raw }
  return { events, targets, sites, resume: () => lambda.resume(), service }
}

/** What is done for functions before anybody invokes them. */
function ahead(
  runner: Runner,
  { targets }: ReturnType<typeof openLambda>,
): Pick<Server, 'warm' | 'inspectPort'> {
  const { accountId, region } = defaults
  const place = { accountId, region }
  const warmFunction = async (functionName: string): Promise<void> => {
    const { version, reservedConcurrency } = targets.resolve(place, functionName, undefined)
    const unreservedConcurrency = targets.unreservedConcurrency(place)
    const lease = await runner.fleet.lease(await version, {
      reservedConcurrency,
      unreservedConcurrency,
    })
    lease.release()
  }
  // A debugger that comes before its function is deployed comes again.
  runner.onWanted = (name) => void warmFunction(name).catch(() => undefined)
  return { warm: warmFunction, inspectPort: (name) => runner.inspection?.portOf(name) }
}

type Described = Omit<Server, 'warm' | 'inspectPort'>

function describe(gateway: Gateway, ground: Ground, closers: AsyncDisposableStack): Described {
  let closing: Promise<void> | undefined
  return {
    endpoint: gateway.endpoint,
    port: gateway.port,
    directory: ground.store.directory,
    isolation: ground.driver.isolation,
    isolationSentence: ground.driver.sentence,
    isDefaultCredentials: ground.credentials.isDefault,
    runtimesSentence: () => runtimesSentence(ground.catalogue),
    close: () => (closing ??= closers.disposeAsync()),
  }
}

/** The current names, those first that their own version serves. */
function runtimesSentence(catalogue: Catalogue): string {
  const own = catalogue
    .list()
    .filter((entry) => !('remedy' in entry) && entry.servedBy === entry.name)
    .map((entry) => entry.name)
  return `${own.join(', ')} (lair runtimes lists all)`
}

function warm(pool: WarmPool, catalogue: Catalogue): void {
  const runtime = catalogue.find(pooledRuntime)
  if (!('remedy' in runtime)) pool.use(runtime)
}

/** Zips of functions and layers, by the presigned URLs that GetFunction hands out. */
function downloads(store: Store, presigner: Presigner): LocalRoute {
  return {
    method: 'GET',
    prefix: downloadRoute,
    async handle(request) {
      if (!presigner.verifyPresigned(request.target)) {
        return jsonResponse(403, { message: 'The link has expired or was changed: ask again' })
      }
      const id = request.target.slice(downloadRoute.length).split('?', 1)[0] ?? ''
      if (!/^[0-9a-f]{64}$/.test(id) || !store.blobs.has(id)) {
        return jsonResponse(404, { message: 'The package is gone' })
      }
      const path = store.blobs.path(id)
      const { size } = await stat(path)
      const headers = { 'content-type': 'application/zip', 'content-length': String(size) }
      return { status: 200, headers, body: readLater(path) }
    },
  }
}

/** The file is opened when the answer is written, and not at all when the client has gone. */
async function* readLater(path: string): AsyncGenerator<Uint8Array> {
  yield* createReadStream(path) as AsyncIterable<Uint8Array>
}

type Traced = <Part>(name: string, open: () => Part) => Part

/** Time the opening of each part, for whoever wants to know. */
function tracer(clock: Clock, onPart: ServerOptions['onPart']): Traced {
  if (!onPart) return (_name, open) => open()
  const tell = (name: string, startedMs: number) =>
    onPart(name, clock.monotonicMs(), clock.monotonicMs() - startedMs)
  return (name, open) => {
    const startedMs = clock.monotonicMs()
    const part = open()
    if (part instanceof Promise)
      background(
        name,
        part.then(() => tell(name, startedMs)),
      )
    else tell(name, startedMs)
    return part
  }
}

function reportInternalError(error: unknown, operation: string): void {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
  process.stderr.write(`lair: ${operation} failed: ${text}\n`)
}
