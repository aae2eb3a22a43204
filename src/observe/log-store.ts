/**
 * The log store: appends go to a buffer and cost next to nothing; the buffer goes to one SQLite file in small slices, off the
 * path of the invocation that wrote. Losing the last tenth of a second to `kill -9` is accepted; order and sequence are not lost.
 */
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { logLimits } from '../config.ts'
import { background } from '../lib/background.ts'
import type { Clock, Timer } from '../lib/clock.ts'
import { PlatformError } from '../lib/errors/platform-error.ts'
import type { Place } from '../model.ts'
import { DatabaseLocked } from '../store/database.ts'
import { directoryInUse, makePrivate } from '../store/directory.ts'
import { openLogFile } from './log-file.ts'
import type { LogFile, PageRange } from './log-file.ts'
import { LogBuffer } from './log-buffer.ts'
import { Followers } from './log-followers.ts'
import { groupKey, splitMessage, toPages } from './log-page.ts'
import type { LogEvent, LogQuery, Logs, LogStream } from './logs.ts'

export type LogStore = Logs & {
  /** events that were not kept: appended faster than the file took them, or after close */
  readonly droppedCount: number
}

/** Open the log store in a directory (`logs.sqlite`).
 *  @throws PlatformError when the file is damaged, of a newer Lair, or held by another process */
export function openLogs(directory: string, clock: Clock): LogStore {
  makePrivate(directory)
  try {
    return createLogStore(openLogFile(join(directory, 'logs.sqlite')), clock)
  } catch (error) {
    throw error instanceof DatabaseLocked ? directoryInUse(directory, error) : error
  }
}

/** A log store for what need not last. */
export function openMemoryLogs(clock: Clock): LogStore {
  return createLogStore(openLogFile(':memory:'), clock)
}

/** The log store over an open file, which it closes. */
export function createLogStore(file: LogFile, clock: Clock): LogStore {
  return new BufferedLogs(file, clock)
}

class BufferedLogs implements LogStore {
  readonly #file: LogFile
  readonly #clock: Clock
  readonly #buffer = new LogBuffer()
  readonly #followers = new Followers()
  #timer: Timer | undefined
  #isSliceDue = false
  /** the last flush failed: wait for the timer, whatever is appended */
  #isFailing = false
  /** set from the moment of close() */
  #closed: Promise<void> | undefined

  constructor(file: LogFile, clock: Clock) {
    this.#file = file
    this.#clock = clock
  }

  get droppedCount(): number {
    return this.#buffer.droppedCount
  }

  append(
    place: Place,
    group: string,
    stream: string,
    { timestampMs, message }: { timestampMs: number; message: string },
  ): void {
    if (this.#closed) {
      this.#buffer.drop()
      return
    }
    for (const piece of splitMessage(message)) {
      this.#buffer.add({ place, group, stream, timestampMs, message: piece })
    }
    this.#schedule()
  }

  async read(place: Place, group: string, query: LogQuery = {}): Promise<readonly LogEvent[]> {
    await this.#flushIfPossible()
    const limit = Math.min(query.limit ?? logLimits.maxReadCount, logLimits.maxReadCount)
    const newest = query.newest ?? false
    const matches = matcher(query)
    const found: (readonly LogEvent[])[] = []
    let count = 0
    let range = this.#rangeOf(place, group, query)
    while (range && count < limit) {
      const page = this.#file.findPage(range, newest)
      if (!page) break
      const events = page.filter(matches)
      found.push(newest ? events.toReversed() : events)
      count += events.length
      range = beyond(range, page, newest)
      // Pages are parsed one a turn, so that a long read holds nobody up.
      await nextTurn()
    }
    const events = found.flat().slice(0, limit)
    return newest ? events.reverse() : events
  }

  async listGroups(place: Place): Promise<readonly string[]> {
    await this.#flushIfPossible()
    return this.#file.listGroups(place)
  }

  async listStreams(place: Place, group: string): Promise<readonly LogStream[]> {
    await this.#flushIfPossible()
    const groupId = this.#file.findGroupId(place, group)
    return groupId === undefined ? [] : this.#file.listStreams(groupId)
  }

  follow(place: Place, group: string, listener: (event: LogEvent) => void): Disposable {
    return this.#followers.add(groupKey(place, group), listener)
  }

  async deleteGroup(place: Place, group: string): Promise<void> {
    await this.flush()
    const groupId = this.#file.findGroupId(place, group)
    if (groupId !== undefined) this.#file.deleteGroup(groupId)
  }

  async flush(): Promise<void> {
    const target = this.#buffer.addedCount
    while (this.#buffer.keptCount < target) {
      this.#keepSlice()
      await nextTurn()
    }
  }

  close(): Promise<void> {
    return (this.#closed ??= this.#close())
  }

  async #close(): Promise<void> {
    this.#clearTimer()
    try {
      await this.flush()
    } finally {
      this.#file.close()
    }
  }

  /** What cannot be written now is still in the buffer; reading what is on file goes on. */
  async #flushIfPossible(): Promise<void> {
    if (this.#closed) throw new PlatformError('Cannot read logs: the log store is closed')
    try {
      await this.flush()
    } catch (error) {
      background('flush logs', Promise.reject(error))
    }
  }

  #schedule(): void {
    if (this.#buffer.isSliceFull && !this.#isSliceDue && !this.#isFailing) {
      this.#isSliceDue = true
      setImmediate(() => {
        this.#isSliceDue = false
        this.#keepDue()
      })
    }
    const delayMs = this.#followers.isEmpty ? logLimits.flushMs : logLimits.followedFlushMs
    this.#timer ??= this.#clock.after(delayMs, () => {
      this.#timer = undefined
      this.#keepDue()
    })
  }

  #keepDue(): void {
    if (this.#closed || this.#buffer.isEmpty) return
    try {
      this.#keepSlice()
      if (!this.#buffer.isEmpty) this.#schedule()
    } catch (error) {
      background('flush logs', Promise.reject(error))
      this.#isFailing = true
      this.#timer ??= this.#clock.after(logLimits.retryMs, () => {
        this.#timer = undefined
        this.#keepDue()
      })
    }
  }

  /** Synchronous: the buffer is cut only when the file has it.
   *  @throws PlatformError when the file failed; the events stay in the buffer */
  #keepSlice(): void {
    const slice = this.#buffer.peekSlice()
    const pages = toPages(slice)
    const firstSequences = this.#file.write(pages)
    this.#isFailing = false
    this.#buffer.remove(slice.length)
    if (this.#buffer.isEmpty) this.#clearTimer()
    for (const [index, page] of pages.entries()) {
      this.#followers.tell(page, firstSequences[index] ?? 0)
    }
  }

  #clearTimer(): void {
    this.#timer?.clear()
    this.#timer = undefined
  }

  /** Where to look at first; undefined when there is nothing to find. */
  #rangeOf(place: Place, group: string, query: LogQuery): PageRange | undefined {
    const groupId = this.#file.findGroupId(place, group)
    if (groupId === undefined) return undefined
    const ranges = query.streams?.map((stream) => this.#file.findStreamRange(groupId, stream))
    const first = Math.min(...(ranges?.map((range) => range?.first ?? Infinity) ?? [0]))
    const last = Math.max(...(ranges?.map((range) => range?.last ?? 0) ?? [Infinity]))
    return {
      groupId,
      afterSequence: Math.max(query.afterSequence ?? 0, first - 1),
      beforeSequence: Math.min(query.beforeSequence ?? Infinity, last + 1),
      startMs: query.startMs ?? -Infinity,
      endMs: query.endMs ?? Infinity,
    }
  }
}

function matcher(query: LogQuery): (event: LogEvent) => boolean {
  const streams = query.streams && new Set(query.streams)
  const { afterSequence = 0, beforeSequence = Infinity } = query
  const { startMs = -Infinity, endMs = Infinity } = query
  return ({ sequence, timestampMs, stream }) =>
    sequence > afterSequence &&
    sequence < beforeSequence &&
    timestampMs >= startMs &&
    timestampMs < endMs &&
    (streams?.has(stream) ?? true)
}

/** The range without `page` and what was looked at before it. */
function beyond(range: PageRange, page: readonly LogEvent[], newest: boolean): PageRange {
  const edge = newest ? page[0] : page.at(-1)
  if (!edge) return range
  return newest
    ? { ...range, beforeSequence: edge.sequence }
    : { ...range, afterSequence: edge.sequence }
}
