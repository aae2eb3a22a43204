/** Who is told of changes of documents: by prefix, in order, when the change is committed. */
import { background } from '../lib/background.ts'
import type { DocumentEvent, Revision } from './store.ts'

/** A change as the documents know it; the value is still JSON text, undefined when deleted. */
export type CommittedChange = {
  readonly key: string
  readonly text: string | undefined
  readonly revision: Revision
}

export type Watchers = {
  add(prefix: string, listener: (event: DocumentEvent) => void): Disposable
  /** Each gets the value as `get` would give it; the failure of one does not keep it from the others. */
  tell(change: CommittedChange): void
}

/** No watcher yet. */
export function createWatchers(): Watchers {
  type Watcher = { readonly prefix: string; readonly listener: (event: DocumentEvent) => void }
  const watchers = new Set<Watcher>()
  return {
    add(prefix, listener) {
      const watcher = { prefix, listener }
      watchers.add(watcher)
      return { [Symbol.dispose]: () => void watchers.delete(watcher) }
    },
    tell({ key, text, revision }) {
      for (const { prefix, listener } of watchers) {
        if (!key.startsWith(prefix)) continue
        try {
          listener({ key, value: text === undefined ? undefined : JSON.parse(text), revision })
        } catch (error) {
          background(`watch "${prefix}"`, Promise.reject(error))
        }
      }
    },
  }
}
