/** Who follows which log group: told of each event when it is on file. */
import { background } from '../lib/background.ts'
import { groupKey } from './log-page.ts'
import type { AppendedPage } from './log-page.ts'
import type { LogEvent } from './logs.ts'

type Listener = (event: LogEvent) => void

/** Listeners by group. */
export class Followers {
  readonly #listeners = new Map<string, Set<Listener>>()

  get isEmpty(): boolean {
    return this.#listeners.size === 0
  }

  /** @param key  as groupKey makes it */
  add(key: string, listener: Listener): Disposable {
    const listeners = this.#listeners.get(key) ?? new Set()
    // A listener of its own, so that one function can follow twice.
    const own: Listener = (event) => listener(event)
    listeners.add(own)
    this.#listeners.set(key, listeners)
    return {
      [Symbol.dispose]: () => {
        listeners.delete(own)
        if (listeners.size === 0 && this.#listeners.get(key) === listeners) {
          this.#listeners.delete(key)
        }
      },
    }
  }

  /** Tell the followers of the page's group; the failure of one does not keep it from the others. */
  tell({ place, group, events }: AppendedPage, firstSequence: number): void {
    if (this.isEmpty) return
    const listeners = this.#listeners.get(groupKey(place, group))
    if (!listeners) return
    for (const [index, { timestampMs, message, stream }] of events.entries()) {
      const event = { timestampMs, message, stream, sequence: firstSequence + index }
      for (const listener of listeners) {
        try {
          listener(event)
        } catch (error) {
          background(`follow "${group}"`, Promise.reject(error))
        }
      }
    }
  }
}
