/** What happened since an environment's init began, kept as long as somebody may still subscribe and be told all of it. */
import { telemetryLimits } from '../../config.ts'
import { type TelemetryRecord, sizeOf } from './record.ts'

/** What was dropped, until it is said. */
export type Dropped = { records: number; bytes: number }

export class History {
  readonly #records: TelemetryRecord[] = []
  readonly #dropped: Dropped = { records: 0, bytes: 0 }
  #bytes = 0

  get records(): readonly TelemetryRecord[] {
    return this.#records
  }

  get dropped(): Readonly<Dropped> {
    return this.#dropped
  }

  /** Keep a record, or count it when there is no room. */
  add(record: TelemetryRecord): void {
    const sizeBytes = sizeOf(record)
    const { maxHistoryBytes, maxHistoryCount } = telemetryLimits
    const isFull =
      this.#records.length >= maxHistoryCount || this.#bytes + sizeBytes > maxHistoryBytes
    if (isFull) {
      this.#dropped.records += 1
      this.#dropped.bytes += sizeBytes
      return
    }
    this.#records.push(record)
    this.#bytes += sizeBytes
  }
}
