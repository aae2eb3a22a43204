/** Log events as they are kept: in pages of some hundred, one JSON text each, since a row for every line costs too much. */
import { limits, logLimits } from '../config.ts'
import type { Place } from '../model.ts'
import type { LogEvent } from './logs.ts'

/** An event on its way to the file. */
export type AppendedEvent = {
  readonly place: Place
  readonly group: string
  readonly stream: string
  readonly timestampMs: number
  readonly message: string
}

/** Some successive events of one group. */
export type AppendedPage = {
  readonly place: Place
  readonly group: string
  readonly events: AppendedEvent[]
}

/** What an event counts for in limits: its text and a little for the rest. */
export function sizeOf(event: { readonly message: string }): number {
  return event.message.length + 64
}

/** Part events into pages, each of one group, in order within each group. */
export function toPages(events: readonly AppendedEvent[]): readonly AppendedPage[] {
  const pages: AppendedPage[] = []
  const open = new Map<string, { page: AppendedPage; sizeBytes: number }>()
  for (const event of events) {
    const { place, group } = event
    const key = groupKey(place, group)
    let current = open.get(key)
    const isFull =
      current &&
      (current.page.events.length >= logLimits.pageEventCount ||
        current.sizeBytes >= logLimits.pageBytes)
    if (!current || isFull) {
      current = { page: { place, group, events: [] }, sizeBytes: 0 }
      open.set(key, current)
      pages.push(current.page)
    }
    current.page.events.push(event)
    current.sizeBytes += sizeOf(event)
  }
  return pages
}

/** One text for a group of a place; none of the parts holds a line feed. */
export function groupKey({ accountId, region }: Place, group: string): string {
  return `${accountId}\n${region}\n${group}`
}

/** names of streams, then for each event the index of its stream, its time and its message */
type Content = [streams: string[], indexes: number[], times: number[], messages: string[]]

/** The JSON text of a page. */
export function encodePage({ events }: AppendedPage): string {
  const indexOf = new Map<string, number>()
  const content: Content = [[], [], [], []]
  for (const { stream, timestampMs, message } of events) {
    let index = indexOf.get(stream)
    if (index === undefined) {
      index = indexOf.size
      indexOf.set(stream, index)
      content[0].push(stream)
    }
    content[1].push(index)
    content[2].push(timestampMs)
    content[3].push(message)
  }
  return JSON.stringify(content)
}

/** The events of a page whose first has sequence `firstSequence`. */
export function decodePage(text: string, firstSequence: number): readonly LogEvent[] {
  const [streams, indexes, times, messages] = JSON.parse(text) as Content
  return messages.map((message, position) => ({
    timestampMs: times[position] ?? 0,
    message,
    stream: streams[indexes[position] ?? 0] ?? '',
    sequence: firstSequence + position,
  }))
}

/** The message in pieces of at most 256 KiB of UTF-8, cut between characters. */
export function splitMessage(message: string): readonly string[] {
  const max = limits.maxLogLineBytes
  // No UTF-16 unit needs more than three bytes.
  if (message.length * 3 <= max || Buffer.byteLength(message) <= max) return [message]
  const bytes = Buffer.from(message)
  const pieces: string[] = []
  let start = 0
  while (start < bytes.length) {
    let end = Math.min(start + max, bytes.length)
    while (end < bytes.length && isContinuation(bytes[end])) end--
    pieces.push(bytes.toString('utf8', start, end))
    start = end
  }
  return pieces
}

/** Is the byte inside a character of UTF-8 rather than at its start? */
function isContinuation(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0xc0) === 0x80
}
