/**
 * Starts processes, each in a session and group of its own, watches what they use and tells what becomes of them. Runs inside the
 * spawner; inside the server only where no spawner can be had. Knows process ids, nothing of functions.
 */
import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process'
import { closeSync, constants, openSync } from 'node:fs'
import type { Clock, Timer } from '../../lib/clock.ts'
import { type Sampler, samplerFor } from './memory.ts'
import type { Limits, ProcessEvent, StartRequest } from './messages.ts'
import { killTree, signalGroup } from './signals.ts'
import { folderBytes } from './storage.ts'

const mib = 1024 * 1024
/** how often a process that does something is looked at, and how seldom one that does nothing */
const activeSampleMs = 25
const idleSampleMs = 200
const psSampleMs = 500
/** what is frozen cannot grow; it is looked at all the same, lest it goes on by a signal of another process */
const frozenSampleMs = 10_000
/** what waits for work is held to nothing yet */
const waitingSampleMs = 2000
const storageCheckMs = 1000
const umask = 0o022

type Watched = {
  readonly key: number
  readonly child: ChildProcess
  readonly pid: number
  limits: Limits | undefined
  currentKib: number
  peakKib: number
  reportedKib: number
  activity: number
  sampleAtMs: number
  intervalMs: number
  storageAtMs: number
  isMeasuring: boolean
  isOutOfMemory: boolean
  isFrozen: boolean
}

export class Supervisor {
  readonly #clock: Clock
  readonly #tell: (event: ProcessEvent) => void
  readonly #sampler: Sampler | undefined
  readonly #minSampleMs: number
  readonly #watched = new Map<number, Watched>()
  /** temporary directory of a sandbox -> its programs */
  readonly #sandboxes = new Map<string, Set<Watched>>()
  #timer: Timer | undefined
  #timerAtMs = Number.POSITIVE_INFINITY
  #isSampling = false

  constructor(
    clock: Clock,
    tell: (event: ProcessEvent) => void,
    sampler = samplerFor(process.platform),
  ) {
    this.#clock = clock
    this.#tell = tell
    this.#sampler = sampler
    this.#minSampleMs = process.platform === 'linux' ? activeSampleMs : psSampleMs
  }

  /** Start a process. What becomes of it is told as events of `key`.
   *  @returns the child, for its pipes when the request names none; undefined when it did not start */
  start(key: number, request: StartRequest): ChildProcess | undefined {
    const opened: number[] = []
    try {
      const child = launch(request, stdioOf(request, opened))
      child.once('error', (error) => this.#launchFailed(key, request, error))
      if (child.pid === undefined) return undefined
      this.#watch(key, child, child.pid, request.limits)
      return child
    } catch (error) {
      this.#launchFailed(key, request, error)
      return undefined
    } finally {
      for (const handle of opened) closeSync(handle)
    }
  }

  /** Set or change what a running process is held to. */
  limit(key: number, limits: Limits): void {
    const watched = this.#watched.get(key)
    if (!watched) return
    watched.limits = limits
    this.#lookSoon(watched)
    this.#enter(watched, limits.temporaryDirectory)
  }

  /** A process was frozen, or goes on: one that is frozen is hardly looked at, so that many of them cost nothing. */
  rest(key: number, isFrozen: boolean): void {
    const watched = this.#watched.get(key)
    if (!watched) return
    watched.isFrozen = isFrozen
    if (!isFrozen) this.#lookSoon(watched)
  }

  /** SIGKILL every process. */
  killAll(): void {
    for (const watched of this.#watched.values()) killTree(watched.pid)
  }

  get runningCount(): number {
    return this.#watched.size
  }

  #launchFailed(key: number, request: StartRequest, error: unknown): void {
    this.#tell({
      event: 'launch-error',
      key,
      sentence: `fork/exec ${request.argv[0]}: ${reasonOf(error)}`,
    })
  }

  #watch(key: number, child: ChildProcess, pid: number, limits: Limits | undefined): void {
    const watched: Watched = {
      key,
      child,
      pid,
      limits,
      currentKib: 0,
      peakKib: 0,
      reportedKib: 0,
      activity: 0,
      sampleAtMs: Number.POSITIVE_INFINITY,
      intervalMs: 0,
      storageAtMs: this.#clock.monotonicMs() + storageCheckMs,
      isMeasuring: false,
      isOutOfMemory: false,
      isFrozen: false,
    }
    this.#watched.set(key, watched)
    if (limits) this.#enter(watched, limits.temporaryDirectory)
    child.once('exit', (exitCode, signal) => this.#exited(watched, exitCode, signal))
    this.#tell({ event: 'started', key, pid })
    this.#lookSoon(watched)
  }

  #enter(watched: Watched, sandbox: string): void {
    const mates = this.#sandboxes.get(sandbox)
    if (mates) mates.add(watched)
    else this.#sandboxes.set(sandbox, new Set([watched]))
  }

  #leave(watched: Watched): void {
    this.#watched.delete(watched.key)
    const sandbox = watched.limits?.temporaryDirectory
    const mates = sandbox === undefined ? undefined : this.#sandboxes.get(sandbox)
    mates?.delete(watched)
    if (mates?.size === 0 && sandbox !== undefined) this.#sandboxes.delete(sandbox)
  }

  #exited(watched: Watched, exitCode: number | null, signal: string | null): void {
    this.#leave(watched)
    signalGroup(watched.pid, 'SIGKILL')
    this.#tell({ event: 'peak', key: watched.key, peakKib: watched.peakKib })
    this.#tell({
      event: 'exited',
      key: watched.key,
      ...(exitCode !== null && { exitCode }),
      ...(signal !== null && { signal }),
      isOutOfMemory: watched.isOutOfMemory,
    })
  }

  /** Look at who is due at `atMs`, no sooner than the shortest interval from now. */
  #arm(atMs: number): void {
    if (!this.#sampler || this.#isSampling || this.#timerAtMs <= atMs) return
    this.#timer?.clear()
    const delayMs = Math.max(this.#minSampleMs, atMs - this.#clock.monotonicMs())
    this.#timerAtMs = atMs
    this.#timer = this.#clock.after(delayMs, () => {
      this.#timerAtMs = Number.POSITIVE_INFINITY
      void this.#sample().finally(() => this.#armNext())
    })
  }

  #armNext(): void {
    let atMs = Number.POSITIVE_INFINITY
    for (const watched of this.#watched.values()) atMs = Math.min(atMs, watched.sampleAtMs)
    if (this.#watched.size > 0) this.#arm(atMs)
  }

  async #sample(): Promise<void> {
    const nowMs = this.#clock.monotonicMs()
    const due: Watched[] = []
    for (const watched of this.#watched.values()) if (watched.sampleAtMs <= nowMs) due.push(watched)
    if (due.length === 0 || !this.#sampler) return
    this.#isSampling = true
    const samples = await this.#sampler(due.map((watched) => watched.pid))
    this.#isSampling = false
    for (const watched of due) {
      const sample = samples.get(watched.pid)
      if (sample) this.#judge(watched, sample, nowMs)
    }
  }

  #judge(
    watched: Watched,
    sample: { currentKib: number; peakKib: number; activity: number },
    nowMs: number,
  ): void {
    const isActive = sample.activity !== watched.activity
    watched.activity = sample.activity
    watched.currentKib = sample.currentKib
    watched.intervalMs = this.#intervalOf(watched, isActive)
    watched.sampleAtMs = nowMs + watched.intervalMs
    watched.peakKib = Math.max(watched.peakKib, sample.peakKib)
    if (watched.peakKib >= watched.reportedKib + 1024) {
      watched.reportedKib = watched.peakKib
      this.#tell({ event: 'peak', key: watched.key, peakKib: watched.peakKib })
    }
    if (watched.limits) this.#judgeMemory(watched, watched.limits)
    if (isActive && nowMs >= watched.storageAtMs && !watched.isMeasuring) {
      void this.#measureStorage(watched)
    }
  }

  #intervalOf({ isFrozen, limits, intervalMs }: Watched, isActive: boolean): number {
    if (isFrozen) return frozenSampleMs
    if (isActive) return this.#minSampleMs
    const longestMs = limits ? Math.max(idleSampleMs, 2 * this.#watched.size) : waitingSampleMs
    return Math.min(intervalMs * 2, longestMs)
  }

  /** Never later than before: who is asked, and frozen, again and again is looked at all the same. */
  #lookSoon(watched: Watched): void {
    watched.intervalMs = this.#minSampleMs
    watched.sampleAtMs = Math.min(
      watched.sampleAtMs,
      this.#clock.monotonicMs() + watched.intervalMs,
    )
    this.#arm(watched.sampleAtMs)
  }

  /** The programs of a sandbox share its memory; the largest is ended when they have too much. */
  #judgeMemory(watched: Watched, { memoryMib, temporaryDirectory }: Limits): void {
    let totalKib = 0
    let largest = watched
    for (const mate of this.#sandboxes.get(temporaryDirectory) ?? []) {
      totalKib += mate.currentKib
      if (mate.currentKib > largest.currentKib) largest = mate
    }
    if (totalKib <= memoryMib * 1024) return
    largest.isOutOfMemory = true
    killTree(largest.pid)
  }

  async #measureStorage(watched: Watched): Promise<void> {
    const { limits } = watched
    if (!limits) return
    watched.isMeasuring = true
    const maxBytes = limits.ephemeralStorageMib * mib
    const bytes = await folderBytes(limits.temporaryDirectory, maxBytes)
    watched.isMeasuring = false
    watched.storageAtMs = this.#clock.monotonicMs() + storageCheckMs
    if (bytes <= maxBytes || this.#watched.get(watched.key) !== watched) return
    const usedMib = Math.ceil(bytes / mib)
    this.#tell({ event: 'storage-exceeded', key: watched.key, usedMib })
    killTree(watched.pid)
  }
}

/** Why a program cannot be started, in the words of AWS's own daemon.
 *  source: Runtime Interface Emulator, errors of Go's os/exec. */
function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException
  switch (code) {
    case 'ENOENT':
      return 'no such file or directory'
    case 'EACCES':
      return 'permission denied'
    case 'ENOEXEC':
      return 'exec format error'
    case 'E2BIG':
      return 'argument list too long'
    default:
      return message
  }
}

function stdioOf(request: StartRequest, opened: number[]): StdioOptions {
  const { pipes } = request
  if (!pipes) return [request.hasInput ? 'pipe' : 'ignore', 'pipe', 'pipe']
  const open = (path: string, flags: number): number => {
    const handle = openSync(path, flags)
    opened.push(handle)
    return handle
  }
  // Without O_NONBLOCK an open would wait for ever if the server let go of its end meanwhile. The child gets blocking
  // handles all the same: libuv clears the flag on the first three.
  const writeFlags = constants.O_WRONLY | constants.O_NONBLOCK
  return [
    pipes.stdin === undefined
      ? 'ignore'
      : open(pipes.stdin, constants.O_RDONLY | constants.O_NONBLOCK),
    open(pipes.stdout, writeFlags),
    open(pipes.stderr, writeFlags),
  ]
}

/** spawn() forks before it returns, so the mask is ours for that moment only. */
function launch(request: StartRequest, stdio: StdioOptions): ChildProcess {
  const [program, ...args] = request.argv
  const earlier = process.umask(umask)
  try {
    return spawn(program, args, {
      cwd: request.workingDirectory,
      env: request.environment,
      detached: true,
      stdio,
    })
  } finally {
    process.umask(earlier)
  }
}
