/**
 * AWS's bandwidth rule for streamed responses, as back-pressure: a token bucket lets the first part through at full speed and the
 * rest at a steady rate. Only made where an operator asked for it.
 * source: AWS Lambda dev guide "Response streaming for Lambda functions", bandwidth limits; Runtime Interface Emulator, bandwidth.
 */
import { streamLimits } from '../config.ts'
import type { ResponseSink } from '../environment/contract.ts'
import type { Clock } from '../lib/clock.ts'

/** `aws`: 6 MiB at once, then 2 MiB/s; `unlimited`: as fast as the client reads */
export const bandwidths = ['aws', 'unlimited'] as const
export type Bandwidth = (typeof bandwidths)[number]

/** A sink that asks its writer to wait as AWS's would. */
export class ThrottledSink implements ResponseSink {
  readonly #sink: ResponseSink
  readonly #clock: Clock
  /** what may pass now; negative when more than that has passed */
  #tokens: number = streamLimits.burstBytes
  /** monotonic ms up to which tokens were given */
  #filledMs: number
  #isSinkFull = false

  constructor(sink: ResponseSink, clock: Clock) {
    this.#sink = sink
    this.#clock = clock
    this.#filledMs = clock.monotonicMs()
  }

  begin(contentType: string): void {
    this.#sink.begin(contentType)
  }

  write(chunk: Uint8Array): boolean {
    this.#refill()
    this.#tokens -= chunk.byteLength
    this.#isSinkFull = !this.#sink.write(chunk)
    return !this.#isSinkFull && this.#tokens >= 0
  }

  onDrain(resume: () => void): void {
    if (this.#isSinkFull) this.#sink.onDrain(() => this.#afterRefill(resume))
    else this.#afterRefill(resume)
  }

  #afterRefill(resume: () => void): void {
    this.#refill()
    if (this.#tokens >= 0) resume()
    else this.#clock.after(streamLimits.refillMs, () => this.#afterRefill(resume))
  }

  /** Tokens come in steps. */
  #refill(): void {
    const { bytesPerSecond, burstBytes, refillMs } = streamLimits
    const steps = Math.floor((this.#clock.monotonicMs() - this.#filledMs) / refillMs)
    if (steps <= 0) return
    this.#filledMs += steps * refillMs
    const given = (steps * refillMs * bytesPerSecond) / 1000
    this.#tokens = Math.min(burstBytes, this.#tokens + given)
  }
}
