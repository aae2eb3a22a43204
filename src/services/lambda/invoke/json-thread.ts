/** A worker thread that checks large payloads, so that parsing megabytes holds up nobody. Started when first needed, let go when idle. */
import { Worker } from 'node:worker_threads'
import type { Clock, Timer } from '../../../lib/clock.ts'
import { findJsonProblem } from './json-problem.ts'

const idleMs = 10_000
const isStripped = import.meta.url.endsWith('.ts')

type Pending = {
  readonly body: readonly Uint8Array[]
  readonly resolve: (problem: string | undefined) => void
}

/** Checks one payload after the other, in order. */
export class JsonThread {
  readonly #clock: Clock
  readonly #pending: Pending[] = []
  #worker: Worker | undefined
  #idleTimer: Timer | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** What is wrong with the payload as JSON; undefined when nothing is. The chunks are copied, not taken.
   *  shape  pending: FIFO, bounded by the connections that wait for an answer */
  findProblem(body: readonly Uint8Array[], sizeBytes: number): Promise<string | undefined> {
    const copy = new Uint8Array(sizeBytes)
    let offset = 0
    for (const chunk of body) {
      copy.set(chunk, offset)
      offset += chunk.byteLength
    }
    this.#idleTimer?.clear()
    return new Promise((resolve) => {
      this.#pending.push({ body, resolve })
      this.#running().postMessage(copy, [copy.buffer])
    })
  }

  async close(): Promise<void> {
    this.#idleTimer?.clear()
    await this.#worker?.terminate()
  }

  #running(): Worker {
    if (this.#worker !== undefined) return this.#worker
    const file = isStripped ? './json-worker.ts' : './json-worker.js'
    const worker = new Worker(new URL(file, import.meta.url), { env: {}, execArgv: [] })
    worker.unref()
    worker.on('message', (problem: string | undefined) => {
      this.#pending.shift()?.resolve(problem)
      if (this.#pending.length === 0) this.#rest(worker)
    })
    worker.on('error', () => this.#doHere(worker))
    worker.on('exit', () => this.#doHere(worker))
    this.#worker = worker
    return worker
  }

  #rest(worker: Worker): void {
    this.#idleTimer = this.#clock.after(idleMs, () => {
      this.#worker = undefined
      void worker.terminate()
    })
  }

  /** The thread is gone: what it left undone is done on this one. */
  #doHere(worker: Worker): void {
    if (this.#worker !== worker) return
    this.#worker = undefined
    for (const { body, resolve } of this.#pending.splice(0)) {
      resolve(findJsonProblem(Buffer.concat(body)))
    }
  }
}
