/** Which part of a starting environment is ready when, for whoever looks for the slow one. Nothing is measured unless asked for. */
import type { Clock } from '../lib/clock.ts'

/** `listen`: the Runtime API's port; `spawn`: the process runs; `first next`: it asks for an event; `init`: an event may come. */
export type StartPart = 'listen' | 'spawn' | 'first next' | 'init'

/** @param atMs  since the start began
 *  @param tookMs  since the part before */
export type OnStartPart = (part: StartPart, atMs: number, tookMs: number) => void

/** One start of a runtime process, timed. */
export class StartTrace {
  readonly #clock: Clock
  readonly #onPart: OnStartPart
  readonly #begunMs: number
  #lastMs: number

  constructor(clock: Clock, onPart: OnStartPart) {
    this.#clock = clock
    this.#onPart = onPart
    this.#begunMs = clock.monotonicMs()
    this.#lastMs = this.#begunMs
  }

  ready(part: StartPart): void {
    const nowMs = this.#clock.monotonicMs()
    this.#onPart(part, nowMs - this.#begunMs, nowMs - this.#lastMs)
    this.#lastMs = nowMs
  }
}
