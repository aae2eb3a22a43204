/** The last bytes of one invocation's log, as `X-Amz-Log-Result` shows them. */
import { lambdaLimits } from '../config.ts'
import type { LogFormat } from '../model.ts'

/** Keeps what may still be part of the tail, little more.
 *  @source AWS Lambda API reference "Invoke", LogResult: the last 4 KB of the execution log */
export class Tail {
  readonly #format: LogFormat
  readonly #lines: Buffer[] = []
  #bytes = 0

  constructor(format: LogFormat) {
    this.#format = format
  }

  /** @param line  without its newline */
  add(line: string): void {
    const bytes = Buffer.from(`${line}\n`)
    this.#lines.push(bytes)
    this.#bytes += bytes.length
    for (
      let first = this.#lines[0];
      first !== undefined && this.#bytes - first.length >= lambdaLimits.tailBytes;
      first = this.#lines[0]
    ) {
      this.#lines.shift()
      this.#bytes -= first.length
    }
  }

  /** At most 4,096 bytes: cut anywhere in text, at a record in JSON. */
  toBytes(): Buffer {
    const all = Buffer.concat(this.#lines)
    const excess = all.length - lambdaLimits.tailBytes
    if (excess <= 0) return all
    const isCutAtRecord = this.#format === 'JSON' && this.#lines.length > 1
    return all.subarray(isCutAtRecord ? (this.#lines[0]?.length ?? 0) : excess)
  }
}
