/**
 * `lair dev FOLDER…`: functions that follow their sources. Each folder is deployed as it lies; when a file changes, that function alone
 * gets new environments, initialised at once, so that the next answer comes from the new code and errors show when the file is saved.
 * Logs are shown as they come. Everything is taken away at the end.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { background } from '../lib/background.ts'
import { AwsError } from '../lib/errors/aws-error.ts'
import { systemClock as clock } from '../lib/clock.ts'
import type { DevHome } from './dev-home.ts'
import { openHome, toInspected, type HomeOptions } from './dev-home.ts'
import { DevFunction, type DevSettings } from './dev-function.ts'
import { DevScreen } from './dev-screen.ts'
import { FolderWatcher } from './folder-watcher.ts'
import { readEvents } from './logs.ts'
import { toPositive } from './numbers.ts'
import { findSyntaxError } from './syntax.ts'
import { CommandError } from './terminal.ts'
import { toVariables } from './variables.ts'

export type DevOptions = HomeOptions & {
  runtime?: string
  handler?: string
  /** MiB */
  memory: string
  /** seconds */
  timeout: string
  /** `NAME=value` */
  env?: string[]
  json?: boolean
}

/** as of every function */
const maxMemoryMib = 10_240
const maxTimeoutSeconds = 900
/** until a server that does not answer is asked for logs again */
const retryMs = 2000

/** Run until SIGINT or SIGTERM.
 *  @throws CommandError, PlatformError when it cannot begin, saying what to do */
export async function dev(folders: readonly string[], options: DevOptions): Promise<void> {
  const functions = toFunctions(folders, options)
  const stop = stopSignal()
  await using closers = new AsyncDisposableStack()
  const home = closers.use(await openHome(options, toInspected(functions, options.inspect)))
  const screen = new DevScreen({ isJson: options.json === true, names: functions.map(nameOf) })
  const startedMs = clock.nowMs()
  const shown = []
  for (const one of functions) {
    if (!home.isTemporary) closers.defer(() => one.remove())
    const url = await one.deploy(home.connection)
    shown.push({ one, url, inspectPort: home.server?.inspectPort(one.name) })
  }
  for (const one of functions) {
    const watcher = closers.use(new FolderWatcher(one.folder))
    background(`watch "${one.name}"`, follow(one, { watcher, home, screen, stop }))
    background(`logs of "${one.name}"`, showLogs(one, { startedMs, home, screen, stop }))
    await warm(one, home, screen)
  }
  screen.ready(home, shown)
  await stopped(stop)
  screen.end()
}

function nameOf({ name }: DevFunction): string {
  return name
}

/** @throws CommandError for folders that hold no function, or two of one name */
function toFunctions(folders: readonly string[], options: DevOptions): DevFunction[] {
  const { runtime, handler } = options
  const settings: DevSettings = {
    ...(runtime !== undefined && { runtime }),
    ...(handler !== undefined && { handler }),
    memoryMib: toPositive('--memory', options.memory, maxMemoryMib),
    timeoutSeconds: toPositive('--timeout', options.timeout, maxTimeoutSeconds),
    environment: toVariables(options.env ?? []),
  }
  const functions = folders.map((folder) => new DevFunction(folder, settings))
  const names = new Set<string>()
  for (const { name } of functions) {
    if (names.has(name)) {
      throw new CommandError(`Two folders are named "${name}": functions have the names of folders`)
    }
    names.add(name)
  }
  return functions
}

type Surroundings = {
  readonly home: DevHome
  readonly screen: DevScreen
  /** aborted at the end */
  readonly stop: AbortSignal
}

/** Deploy again after each burst of changes. What fails is said, and tried again with the next change. */
async function follow(
  one: DevFunction,
  { watcher, home, screen, stop }: Surroundings & { watcher: FolderWatcher },
): Promise<void> {
  for (;;) {
    const paths = await watcher.next()
    if (paths.length === 0 || stop.aborted) return
    const fromMs = clock.monotonicMs()
    try {
      await one.swap()
      await warm(one, home, screen)
      screen.swapped(one.name, paths, clock.monotonicMs() - fromMs)
      const mistake = await findSyntaxError(one.folder, paths)
      if (mistake !== undefined) screen.problem(one.name, mistake)
    } catch (error) {
      if (!(error instanceof CommandError || error instanceof AwsError)) throw error
      screen.problem(one.name, error.message)
    }
  }
}

/** Begin the init, so that its errors are seen now and the next answer is soon. Only where the server is ours. */
async function warm(one: DevFunction, home: DevHome, screen: DevScreen): Promise<void> {
  try {
    await home.server?.warm(one.name)
  } catch (error) {
    if (!(error instanceof AwsError)) throw error
    screen.problem(one.name, error.message)
  }
}

async function showLogs(
  one: DevFunction,
  { startedMs, home, screen, stop }: Surroundings & { startedMs: number },
): Promise<void> {
  const { connection } = home
  let sinceMs = startedMs
  let isTold = false
  while (!stop.aborted) {
    try {
      const options = { sinceMs, isFollowing: true, connection }
      for await (const events of readEvents(one.name, options)) {
        if (stop.aborted) return
        for (const event of events) screen.log(one.name, event)
        sinceMs = Math.max(sinceMs, ...events.map(({ timestamp }) => timestamp + 1))
        isTold = false
      }
    } catch (error) {
      if (!(error instanceof CommandError || error instanceof AwsError)) throw error
      // At the end the server goes first. One that went away may come back.
      if (!stop.aborted && !isTold) screen.problem(one.name, error.message)
      isTold = true
      await sleep(retryMs, undefined, { signal: stop }).catch(() => undefined)
    }
  }
}

/** Aborted by the first SIGINT or SIGTERM; a second one ends at once. */
function stopSignal(): AbortSignal {
  const controller = new AbortController()
  const stop = () => {
    if (controller.signal.aborted) process.exit(130)
    controller.abort()
  }
  process.on('SIGINT', stop)
  process.on('SIGTERM', stop)
  return controller.signal
}

async function stopped(stop: AbortSignal): Promise<void> {
  if (stop.aborted) return
  await new Promise((resolve) => stop.addEventListener('abort', resolve, { once: true }))
}
