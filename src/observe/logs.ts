/** Log groups and streams as CloudWatch Logs names them: what functions and the platform wrote. The seam; the store is in log-store.ts. */
import type { Place } from '../model.ts'

export type LogEvent = {
  readonly timestampMs: number
  /** without its newline */
  readonly message: string
  readonly stream: string
  /** grows within a group; a cursor to go on reading from */
  readonly sequence: number
}

export type LogQuery = {
  readonly streams?: readonly string[]
  /** events at this time or later */
  readonly startMs?: number
  /** events before this time */
  readonly endMs?: number
  /** events with a greater sequence */
  readonly afterSequence?: number
  /** events with a lesser sequence */
  readonly beforeSequence?: number
  /** at most 10,000 */
  readonly limit?: number
  /** when there are more than `limit`: the last of them rather than the first; in order all the same */
  readonly newest?: boolean
}

export type LogStream = {
  readonly name: string
  readonly firstEventMs: number
  readonly lastEventMs: number
}

/** Appending never blocks and never throws: it buffers, flushes within 100 ms, and drops (counted) beyond a bound. */
export type Logs = {
  append(
    place: Place,
    group: string,
    stream: string,
    event: { timestampMs: number; message: string },
  ): void
  /** In the order of appending; sees every event appended before. */
  read(place: Place, group: string, query?: LogQuery): Promise<readonly LogEvent[]>
  listGroups(place: Place): Promise<readonly string[]>
  listStreams(place: Place, group: string): Promise<readonly LogStream[]>
  /** New events of a group when they are on file, in order. To miss none: follow, then read, and skip what comes twice. */
  follow(place: Place, group: string, listener: (event: LogEvent) => void): Disposable
  deleteGroup(place: Place, group: string): Promise<void>
  flush(): Promise<void>
  close(): Promise<void>
}
