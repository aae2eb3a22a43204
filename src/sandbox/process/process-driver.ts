/**
 * The first driver: a sandbox is a process group on this machine and a temporary directory. It watches memory and storage and
 * cleans up after itself, but keeps nothing apart: a function can do what the server's user can.
 */
import { mkdirSync } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { limits } from '../../config.ts'
import { assert } from '../../lib/assert.ts'
import { background } from '../../lib/background.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Ids } from '../../lib/ids.ts'
import type {
  Driver,
  PreparedSandbox,
  PreparedSpec,
  ProgramSpec,
  SandboxBounds,
  SandboxSpec,
  StartedSandbox,
} from '../driver.ts'
import { removeAbandoned } from './abandoned.ts'
import type { StartRequest } from './messages.ts'
import { ProcessHandle } from './process-handle.ts'
import { ProcessSandbox } from './process-sandbox.ts'
import { SpawnerClient } from './spawner-client.ts'
import { Supervisor } from './supervisor.ts'

export type ProcessDriverOptions = {
  /** `run/` is made below it */
  readonly directory: string
  readonly clock: Clock
  readonly ids: Ids
  /** false starts processes from the server itself; only for tests and where no spawner can run */
  readonly hasSpawner?: boolean
}

const isolationSentence =
  'Functions run as plain processes of your user: nothing isolates them from this machine or from each other'
const noMemorySentence = '; memory is not watched on this platform'
/** a spawner that dies more often than this is given up */
const maxSpawnerCount = 10
/** names of the run folders of this process, so that an earlier process with the same id can be told apart */
const ownRunFolders = new Set<string>()

/** Open the driver `process`. Starts its spawner; sandboxes may be started at once. */
export async function createProcessDriver(options: ProcessDriverOptions): Promise<Driver> {
  const runs = join(options.directory, 'run')
  await mkdir(runs, { recursive: true })
  const name = `${process.pid}-${options.ids.hex(4)}`
  ownRunFolders.add(name)
  background('remove abandoned run folders', removeAbandoned(runs, ownRunFolders))
  const folder = join(runs, name)
  await mkdir(join(folder, 'tmp'), { recursive: true, mode: 0o700 })
  return new ProcessDriver(options, folder)
}

class ProcessDriver implements Driver {
  readonly isolation = 'process'
  readonly sentence: string
  readonly #options: ProcessDriverOptions
  readonly #folder: string
  readonly #handles = new Set<ProcessHandle>()
  #spawner: SpawnerClient | undefined
  #spawnerCount = 0
  #local: Supervisor | undefined
  readonly #localHandles = new Map<number, ProcessHandle>()
  #nextLocalKey = 0
  #isClosed = false

  constructor(options: ProcessDriverOptions, folder: string) {
    this.#options = options
    this.#folder = folder
    this.sentence = isolationSentence + (process.platform === 'win32' ? noMemorySentence : '')
    this.#findSpawner()
  }

  open(bounds: SandboxBounds, temporaryDirectory?: string): ProcessSandbox {
    return new ProcessSandbox({
      bounds,
      temporaryDirectory: temporaryDirectory ?? this.#makeTemporaryDirectory(bounds.id),
      launch: (spec, sandbox) => this.#launchIn(sandbox, spec),
    })
  }

  start(spec: SandboxSpec, temporaryDirectory?: string): StartedSandbox {
    const sandbox = this.open(spec, temporaryDirectory)
    return Object.assign(sandbox, sandbox.spawn(spec))
  }

  prepare(spec: PreparedSpec): PreparedSandbox {
    const handle = this.#launch({
      argv: spec.argv,
      environment: spec.environment,
      workingDirectory: '/',
      hasInput: true,
    })
    let isUsed = false
    return {
      exited: handle.exited,
      become: (real) => {
        assert(!isUsed, 'a prepared sandbox is used once')
        isUsed = true
        return this.#become(handle, real)
      },
      dispose: () => handle.kill(),
    }
  }

  async discard(temporaryDirectory: string): Promise<void> {
    assert(temporaryDirectory.startsWith(join(this.#folder, 'tmp')), 'only own folders are removed')
    await rm(temporaryDirectory, { recursive: true, force: true, maxRetries: 2 })
  }

  async close(): Promise<void> {
    this.#isClosed = true
    await Promise.all([...this.#handles].map((handle) => handle.kill()))
    await this.#spawner?.close(this.#options.clock)
    await rm(this.#folder, { recursive: true, force: true, maxRetries: 2 })
  }

  #launchIn(sandbox: ProcessSandbox, spec: ProgramSpec): ProcessHandle {
    const handle = this.#launch({
      argv: spec.argv,
      environment: { TMPDIR: sandbox.temporaryDirectory, ...spec.environment },
      workingDirectory: spec.workingDirectory,
      hasInput: false,
      limits: limitsOf(sandbox),
    })
    listen(handle, spec)
    return handle
  }

  #become(handle: ProcessHandle, spec: SandboxSpec): StartedSandbox {
    const sandbox = this.open(spec)
    handle.limit(limitsOf(sandbox))
    listen(handle, spec)
    handle.writeInput(
      JSON.stringify({
        environment: { TMPDIR: sandbox.temporaryDirectory, ...spec.environment },
        workingDirectory: spec.workingDirectory,
      }),
    )
    return Object.assign(sandbox, sandbox.adopt(handle))
  }

  #makeTemporaryDirectory(id: string): string {
    const directory = join(this.#folder, 'tmp', id)
    mkdirSync(directory, { mode: 0o700, recursive: true })
    return directory
  }

  #launch(request: StartRequest): ProcessHandle {
    assert(!this.#isClosed, 'the driver is open')
    const handle = new ProcessHandle(this.#options.clock, limits.memorySampleMs)
    this.#handles.add(handle)
    void handle.exited.then(() => this.#handles.delete(handle))
    this.#spawn(handle, request)
    return handle
  }

  /** By a spawner; if that dies before it began, by its successor; without one, from here. */
  #spawn(handle: ProcessHandle, request: StartRequest): void {
    const spawner = this.#findSpawner()
    if (spawner && !this.#isClosed) {
      const started = spawner.start(handle, request)
      background(
        'start sandbox',
        started.catch((error: unknown) => {
          // A spawner that works and cannot start this one would not do so the next time either.
          if (spawner.isUsable) handle.orphaned(String(error))
          else this.#spawn(handle, request)
        }),
      )
    } else if (this.#isClosed) {
      handle.orphaned('Cannot start sandbox: the driver is closed')
    } else {
      this.#launchHere(handle, request)
    }
  }

  /** The spawner that works, started anew when the last one died; undefined when there is none to be had. */
  #findSpawner(): SpawnerClient | undefined {
    if (this.#options.hasSpawner === false) return undefined
    if (this.#spawner?.isUsable) return this.#spawner
    const isHopeless = this.#spawner?.hasPipes === false
    if (isHopeless || this.#isClosed || this.#spawnerCount >= maxSpawnerCount) return undefined
    this.#spawnerCount += 1
    const pipes = join(this.#folder, `pipes-${this.#spawnerCount}`)
    mkdirSync(pipes, { mode: 0o700 })
    this.#spawner = new SpawnerClient(this.#folder, pipes)
    return this.#spawner
  }

  #launchHere(handle: ProcessHandle, request: StartRequest): void {
    // Told a moment later: the first event comes before start() has returned the pipes.
    this.#local ??= new Supervisor(this.#options.clock, (event) =>
      queueMicrotask(() => this.#localHandles.get(event.key)?.accept(event)),
    )
    const local = this.#local
    const key = this.#nextLocalKey
    this.#nextLocalKey += 1
    this.#localHandles.set(key, handle)
    void handle.exited.then(() => this.#localHandles.delete(key))
    const child = local.start(key, request)
    if (!child?.stdout || !child.stderr) return
    const { stdin, stdout, stderr } = child
    handle.connect(
      {
        onStarted: () => {},
        openOutputs: () => ({ stdout, stderr }),
        writeInput: (line) => void stdin?.on('error', () => {}).end(`${line}\n`),
        release: () => {},
      },
      {
        limit: (changed) => local.limit(key, changed),
        rest: (isFrozen) => local.rest(key, isFrozen),
      },
    )
  }
}

function listen(handle: ProcessHandle, spec: ProgramSpec): void {
  handle.readOutput(spec.onOutput)
  if (spec.onStarted) handle.whenStarted(spec.onStarted)
}

function limitsOf({ bounds, temporaryDirectory }: ProcessSandbox) {
  const { memoryMib, ephemeralStorageMib } = bounds
  return { memoryMib, ephemeralStorageMib, temporaryDirectory }
}
