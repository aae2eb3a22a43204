/** One started process as the server sees it: its id, its outputs, its end. Fed with the events of whoever started it. */
import type { Readable } from 'node:stream'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Clock } from '../../lib/clock.ts'
import type { ExitReport } from '../driver.ts'
import { sampleProcess } from './memory.ts'
import type { Limits, ProcessEvent } from './messages.ts'
import { freezeTree, thawTree } from './freeze.ts'
import { killTree, signalProcess } from './signals.ts'

export type OnOutput = (chunk: Uint8Array, stream: 'stdout' | 'stderr') => void

/** What joins a handle to its process. */
export type Wiring = {
  /** the process runs: both sides are open */
  readonly onStarted: () => void
  /** open the outputs for reading; called once at most */
  readonly openOutputs: () => { readonly stdout: Readable; readonly stderr: Readable }
  /** write one line to the standard input and close it */
  readonly writeInput: (line: string) => void
  /** let go of what was not opened */
  readonly release: () => void
}

/** What joins a handle to who watches its process. */
export type Watcher = {
  /** hold it to these from now on */
  readonly limit: (limits: Limits) => void
  /** it was frozen, or goes on */
  readonly rest: (isFrozen: boolean) => void
}

/** outputs that stay open longer than this after the group was killed belong to something that escaped it */
const outputGraceMs = 250
const giveUpMs = 5000

export class ProcessHandle {
  /** settles when the process is gone and its output was read; never rejects */
  readonly exited: Promise<ExitReport>
  readonly #settle: (report: ExitReport) => void
  readonly #clock: Clock
  readonly #sampleMs: number
  readonly #outputs: Readable[] = []
  #wiring: Wiring | undefined
  #onOutput: OnOutput | undefined
  #input: string | undefined
  #openCount = 0
  #onDrained: (() => void) | undefined
  #pid: number | undefined
  /** what is to be done as soon as there is a process */
  readonly #early: ((pid: number) => void)[] = []
  #peakKib = 0
  #sampledAtMs = Number.NEGATIVE_INFINITY
  #isDead = false
  #isKilled = false
  #isFrozen = false
  /** while it is frozen: what else than its group was stopped */
  #stopped: ReadonlySet<number> | undefined
  #watcher: Watcher | undefined

  constructor(clock: Clock, sampleMs: number) {
    this.#clock = clock
    this.#sampleMs = sampleMs
    const { promise, resolve } = Promise.withResolvers<ExitReport>()
    this.exited = promise
    this.#settle = resolve
  }

  /** false once it is over or to be killed: it need not be started any more */
  get isWanted(): boolean {
    return !this.#isDead && !this.#isKilled
  }

  /** Highest memory so far, KiB. Reads a fresh figure when the last one is old. */
  peakKib(): number {
    const nowMs = this.#clock.monotonicMs()
    if (this.#pid !== undefined && !this.#isDead && nowMs - this.#sampledAtMs > this.#sampleMs) {
      this.#sampledAtMs = nowMs
      const sample = process.platform === 'linux' ? sampleProcess(this.#pid) : undefined
      this.#peakKib = Math.max(this.#peakKib, sample?.peakKib ?? 0)
    }
    return this.#peakKib
  }

  /** Join it to its process once that is on its way. */
  connect(wiring: Wiring, watcher: Watcher): void {
    this.#wiring = wiring
    this.#watcher = watcher
  }

  limit(limits: Limits): void {
    this.#watcher?.limit(limits)
  }

  /** Deliver output from now on; what was written before is delivered too. */
  readOutput(onOutput: OnOutput): void {
    this.#onOutput = onOutput
    if (this.#pid !== undefined && !this.#isDead) this.#openOutputs()
  }

  /** Write one line to the standard input and close it. */
  writeInput(line: string): void {
    if (this.#pid === undefined) this.#input = line
    else if (!this.#isDead) this.#wiring?.writeInput(line)
  }

  /** Call `act` once the process runs; now if it does. */
  whenStarted(act: (pid: number) => void): void {
    if (this.#isDead) return
    if (this.#pid === undefined) this.#early.push(act)
    else act(this.#pid)
  }

  /** Its outputs are opened in the turn that tells of its start, and read in the one after. */
  async caughtUp(): Promise<void> {
    if (this.#pid === undefined) {
      const { promise, resolve } = Promise.withResolvers<void>()
      this.whenStarted(() => resolve())
      await Promise.race([promise, this.exited])
    }
    await nextTurn()
    await nextTurn()
  }

  /** Signal the process; once it is started if it is not yet. */
  signal(name: NodeJS.Signals): void {
    this.whenStarted((pid) => signalProcess(pid, name))
  }

  /** Stop it and all that it started; once it is started if it is not yet. Idempotent. */
  freeze(): void {
    this.#isFrozen = true
    this.whenStarted((pid) => {
      if (!this.#isFrozen || this.#stopped) return
      this.#stopped = freezeTree(pid)
      this.#watcher?.rest(true)
    })
  }

  /** Let it go on. Idempotent. */
  thaw(): void {
    this.#isFrozen = false
    const stopped = this.#stopped
    this.#stopped = undefined
    if (!stopped || this.#pid === undefined || this.#isDead) return
    thawTree(this.#pid, stopped)
    this.#watcher?.rest(false)
  }

  /** Kill it and all that it started, and wait for its end. Idempotent. */
  async kill(): Promise<void> {
    if (!this.#isKilled) {
      this.#isKilled = true
      // Nobody has begun to start it, and nobody will.
      if (!this.#wiring) this.#end({ signal: 'SIGKILL', isOutOfMemory: false })
      this.whenStarted(killTree)
      const timer = this.#clock.after(giveUpMs, () => this.#end({ isOutOfMemory: false }))
      void this.exited.then(() => timer.clear())
    }
    await this.exited
  }

  /** Whoever started it is gone, so that nobody will tell of its end. */
  orphaned(sentence: string): void {
    if (this.#isDead) return
    if (this.#pid === undefined) {
      this.#end({ isOutOfMemory: false, launchError: sentence })
      return
    }
    killTree(this.#pid)
    this.#end({ signal: 'SIGKILL', isOutOfMemory: false })
  }

  accept(event: ProcessEvent): void {
    switch (event.event) {
      case 'started':
        this.#started(event.pid)
        break
      case 'peak':
        this.#peakKib = Math.max(this.#peakKib, event.peakKib)
        break
      case 'storage-exceeded':
        this.#onOutput?.(Buffer.from(`${storageSentence(event.usedMib)}\n`), 'stderr')
        break
      case 'launch-error':
        this.#end({ isOutOfMemory: false, launchError: event.sentence })
        break
      case 'exited':
        this.#end({
          ...(event.exitCode !== undefined && { exitCode: event.exitCode }),
          ...(event.signal !== undefined && { signal: event.signal }),
          isOutOfMemory: event.isOutOfMemory,
        })
        break
    }
  }

  #started(pid: number): void {
    // It was given up before it began.
    if (this.#isDead) {
      killTree(pid)
      return
    }
    this.#pid = pid
    this.#wiring?.onStarted()
    for (const act of this.#early.splice(0)) act(pid)
    if (this.#input !== undefined) this.#wiring?.writeInput(this.#input)
    if (this.#onOutput) this.#openOutputs()
  }

  #openOutputs(): void {
    const wiring = this.#wiring
    const onOutput = this.#onOutput
    if (!wiring || !onOutput || this.#outputs.length > 0) return
    const { stdout, stderr } = wiring.openOutputs()
    this.#openOutput(stdout, (chunk) => onOutput(chunk, 'stdout'))
    this.#openOutput(stderr, (chunk) => onOutput(chunk, 'stderr'))
  }

  #openOutput(output: Readable, onChunk: (chunk: Uint8Array) => void): void {
    this.#outputs.push(output)
    this.#openCount += 1
    output.on('data', onChunk)
    output.on('error', () => output.destroy())
    output.once('close', () => {
      this.#openCount -= 1
      if (this.#openCount === 0) this.#onDrained?.()
    })
  }

  #end(report: ExitReport): void {
    if (this.#isDead) return
    this.#isDead = true
    this.#wiring?.release()
    if (this.#openCount === 0) {
      this.#settle(report)
      return
    }
    const timer = this.#clock.after(outputGraceMs, () => {
      for (const output of this.#outputs) output.destroy()
    })
    this.#onDrained = () => {
      timer.clear()
      this.#settle(report)
    }
  }
}

function storageSentence(usedMib: number): string {
  return `Lair: ephemeral storage is exceeded: ${usedMib} MB used, so the environment is stopped`
}
