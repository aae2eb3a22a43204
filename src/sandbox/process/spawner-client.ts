/** The server's side of the spawner: starts it, gives it work, hears what became of it. */
import { type ChildProcess, type IOType, type StdioOptions, spawn } from 'node:child_process'
import { closeSync, openSync, writeSync } from 'node:fs'
import { getCompileCacheDir } from 'node:module'
import { Socket } from 'node:net'
import { devNull } from 'node:os'
import { dirname, extname, join } from 'node:path'
import type { Clock } from '../../lib/clock.ts'
import { PlatformError } from '../../lib/errors/platform-error.ts'
import { inheritedHandles } from './inherited.ts'
import { type Command, type SpawnerMessage, type StartRequest, jsonLines } from './messages.ts'
import { inSurroundings } from './surroundings.ts'
import { PipePool, type PipeEnds, openEnds, removeNames } from './pipe-pool.ts'
import type { ProcessHandle, Wiring } from './process-handle.ts'

/** Starts that the spawner knows of and has not done: further ones wait here, where they can still be taken back. */
const maxUnderWayCount = 8
const closeMs = 5000

export class SpawnerClient {
  readonly #child: ChildProcess
  readonly #pool: PipePool
  readonly #handles = new Map<number, ProcessHandle>()
  readonly #underWay = new Set<number>()
  /** starts that wait for their turn; as many as there are environments at most */
  readonly #queue: (() => void)[] = []
  readonly #gone: Promise<void>
  #nextKey = 0
  #hasPipes = true
  #failure: PlatformError | undefined

  /** @param runFolder  removed by the spawner when this process is gone
   *  @param pipeFolder  exists, below `runFolder`, used by this spawner alone */
  constructor(runFolder: string, pipeFolder: string) {
    this.#child = startSpawner(runFolder)
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#gone = promise
    const onGone = (reason: string) => {
      this.#fail(reason)
      resolve()
    }
    this.#child.once('error', (error) => onGone(error.message))
    // Not `exit`: what it said last must have been heard.
    this.#child.once('close', (code, signal) => onGone(`it ended with ${signal ?? code}`))
    this.#child.stdin?.on('error', () => this.#fail('its input is closed'))
    const onChunk = jsonLines((value) => this.#hear(value as SpawnerMessage))
    this.#child.stdout?.setEncoding('utf8')
    this.#child.stdout?.on('data', onChunk)
    this.#child.unref()
    this.#pool = new PipePool(pipeFolder, (paths) => this.#send({ op: 'make-pipes', paths }))
  }

  /** false once it has ended or cannot do its work */
  get isUsable(): boolean {
    return this.#failure === undefined
  }

  /** false when it cannot do its work on this machine, nor can another */
  get hasPipes(): boolean {
    return this.#hasPipes
  }

  /** Have a process started, unless it is not wanted any more when its turn comes. Its events go to `handle`.
   *  @throws PlatformError when the spawner cannot be used; nothing was started then */
  async start(handle: ProcessHandle, request: StartRequest): Promise<void> {
    const key = this.#nextKey
    this.#nextKey += 1
    if (this.#underWay.size >= maxUnderWayCount) {
      await new Promise<void>((resolve) => this.#queue.push(resolve))
      if (this.#failure) throw this.#failure
    }
    if (!handle.isWanted) return this.#next()
    this.#underWay.add(key)
    try {
      const count = request.hasInput ? 3 : 2
      const names = this.#pool.tryTake(count) ?? (await this.#pool.take(count))
      if (handle.isWanted) {
        this.#send({ op: 'start', key, ...request, pipes: this.#connect(key, handle, names) })
        return
      }
      removeNames(names)
    } catch (error) {
      this.#done(key)
      throw error
    }
    this.#done(key)
  }

  #connect(key: number, handle: ProcessHandle, names: readonly string[]) {
    const [stdout = '', stderr = '', stdin] = names
    const pipes = { stdout, stderr, ...(stdin !== undefined && { stdin }) }
    let ends: PipeEnds
    try {
      ends = openEnds(pipes)
    } catch (cause) {
      removeNames(names)
      throw new PlatformError('Cannot open the pipes of a sandbox', { cause })
    }
    this.#handles.set(key, handle)
    handle.connect(wire(ends, names), {
      limit: (limits) => this.#send({ op: 'limit', key, limits }),
      // A moment later: the event that it was thawed for goes first.
      rest: (isFrozen) =>
        void setImmediate(() => this.#send({ op: isFrozen ? 'frozen' : 'thawed', key })),
    })
    return pipes
  }

  #done(key: number): void {
    if (this.#underWay.delete(key)) this.#next()
  }

  #next(): void {
    this.#queue.shift()?.()
  }

  /** End it; it kills what it started. Waits until it is gone, and not for ever: one that is stopped is killed. */
  async close(clock: Clock): Promise<void> {
    this.#child.ref()
    this.#child.stdin?.end()
    const timer = clock.after(closeMs, () => this.#child.kill('SIGKILL'))
    await this.#gone
    timer.clear()
  }

  #send(command: Command): void {
    if (this.#failure === undefined) this.#child.stdin?.write(`${JSON.stringify(command)}\n`)
  }

  #hear(message: SpawnerMessage): void {
    if (message.event === 'pipes-made') {
      this.#pool.made(message.paths)
    } else if (message.event === 'pipes-failed') {
      this.#hasPipes = false
      this.#failure = new PlatformError(`The spawner cannot make pipes: ${message.sentence}`)
      this.#pool.fail(this.#failure)
    } else {
      const handle = this.#handles.get(message.key)
      const isLast = message.event === 'exited' || message.event === 'launch-error'
      if (isLast) this.#handles.delete(message.key)
      if (isLast || message.event === 'started') this.#done(message.key)
      handle?.accept(message)
    }
  }

  #fail(reason: string): void {
    this.#failure ??= new PlatformError(`The spawner cannot be used: ${reason}`)
    this.#pool.fail(this.#failure)
    for (const resolve of this.#queue.splice(0)) resolve()
    const handles = [...this.#handles.values()]
    this.#handles.clear()
    for (const handle of handles) handle.orphaned(`Cannot start sandbox: ${this.#failure.message}`)
  }
}

function startSpawner(runFolder: string): ChildProcess {
  const inherited = inheritedHandles()
  const nothing = inherited.length === 0 ? undefined : openSync(devNull, 'r')
  const stdio: (IOType | number)[] = ['pipe', 'pipe', 'inherit']
  // What this process inherited by chance is put out of reach of the functions.
  for (const handle of inherited) {
    while (stdio.length < handle) stdio.push('ignore')
    if (nothing !== undefined) stdio.push(nothing)
  }
  try {
    return spawnSpawner(runFolder, stdio)
  } finally {
    if (nothing !== undefined) closeSync(nothing)
  }
}

function spawnSpawner(runFolder: string, stdio: StdioOptions): ChildProcess {
  const script = join(import.meta.dirname, `spawner${extname(import.meta.filename)}`)
  const node = [process.execPath, '--max-old-space-size=64', '--no-warnings'] as const
  const [program, ...args] = inSurroundings([...node, script, runFolder], runFolder)
  return spawn(program, args, {
    cwd: '/',
    env: spawnerEnvironment(),
    detached: true,
    stdio,
  })
}

/** What a program is looked for with, and the server's own compile cache: without it each start strips types anew. */
function spawnerEnvironment(): NodeJS.ProcessEnv {
  const path = process.env['PATH']
  const cache = getCompileCacheDir()
  return {
    ...(path !== undefined && { PATH: path }),
    ...(cache !== undefined && { NODE_COMPILE_CACHE: dirname(cache) }),
  }
}

/** Outputs are opened only when the process has its ends: a pipe without a writer could look closed. */
function wire(ends: PipeEnds, names: readonly string[]): Wiring {
  let unopened: readonly number[] = [ends.stdout, ends.stderr]
  let input = ends.stdin
  let unremoved = names
  const forget = () => {
    removeNames(unremoved)
    unremoved = []
  }
  const closeInput = () => {
    if (input !== undefined) closeSync(input)
    input = undefined
  }
  return {
    onStarted: forget,
    openOutputs: () => {
      unopened = []
      const open = (fd: number) => new Socket({ fd, readable: true, writable: false })
      return { stdout: open(ends.stdout), stderr: open(ends.stderr) }
    },
    writeInput: (line) => {
      if (input !== undefined) writeSync(input, `${line}\n`)
      closeInput()
    },
    release: () => {
      closeInput()
      for (const fd of unopened) closeSync(fd)
      unopened = []
      forget()
    },
  }
}
