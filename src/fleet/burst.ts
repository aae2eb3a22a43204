/** How fast the environments of one function may grow in number. Counts only. Used by the fleet with every start. */
import { lambdaLimits } from '../config.ts'

/** Starts that are allowed now: refilled all the time, never beyond what ten seconds bring.
 *  @source AWS Lambda dev guide "Understanding Lambda function scaling", concurrency scaling rate */
export class StartAllowance {
  #count: number = lambdaLimits.maxStartsPer10s
  #atMs = 0

  /** Take one. @param nowMs  monotonic
   *  @returns false when all are spent for the moment */
  take(nowMs: number): boolean {
    const max = lambdaLimits.maxStartsPer10s
    this.#count = Math.min(max, this.#count + ((nowMs - this.#atMs) * max) / 10_000)
    this.#atMs = nowMs
    if (this.#count < 1) return false
    this.#count -= 1
    return true
  }
}
