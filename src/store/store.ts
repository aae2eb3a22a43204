/**
 * What lasts: documents, queues and blobs. The embedded implementation is one SQLite file and a folder (store/open.ts);
 * nothing outside this room says SQL. What was acknowledged survives `kill -9` and, on a disk that keeps its word, a power cut.
 */

export type Revision = number

export type Document<Value> = {
  readonly key: string
  readonly value: Value
  /** grows with every change of any document; never used twice, but shared by the documents of one transaction */
  readonly revision: Revision
}

export type DocumentPage<Value> = {
  readonly documents: readonly Document<Value>[]
  /** pass as `after` for the next page; absent at the end */
  readonly next?: string
}

/** One change of a transaction. `expected`: the revision it must have now; 0 = must not exist; absent = whatever. */
export type Change =
  | {
      readonly kind: 'put'
      readonly key: string
      readonly value: unknown
      readonly expected?: Revision
    }
  | { readonly kind: 'delete'; readonly key: string; readonly expected?: Revision }

export type DocumentEvent = {
  readonly key: string
  /** undefined when it was deleted */
  readonly value: unknown
  readonly revision: Revision
}

/** A compare-and-set lost: somebody else changed the document. */
export class RevisionConflict extends Error {
  override readonly name = 'RevisionConflict'
  readonly key: string

  constructor(key: string) {
    super(`Cannot change document "${key}": its revision is another`)
    this.key = key
  }
}

/** Values are JSON. Keys are UTF-8 text, segments joined by `/`, ordered by code point. Reads are synchronous (one prepared
 *  statement or memory) and see every change made in this process at once; a write is acknowledged when it is durable. */
export type Documents = {
  get<Value>(key: string): Document<Value> | undefined
  /** Keys that start with `prefix`, in order, after `after` (exclusive), at most `limit` (1,000). */
  list<Value>(prefix: string, options?: { after?: string; limit?: number }): DocumentPage<Value>
  count(prefix: string): number
  /** @throws RevisionConflict */
  put(key: string, value: unknown, expected?: Revision): Promise<Revision>
  /** @throws RevisionConflict */
  delete(key: string, expected?: Revision): Promise<void>
  /** All or nothing; each key once; at most 1,000 changes. @throws RevisionConflict */
  transact(changes: readonly Change[]): Promise<Revision>
  /** Called in order, after the change is visible to `get`. */
  watch(prefix: string, listener: (event: DocumentEvent) => void): Disposable
}

export type Message = {
  readonly id: string
  readonly body: Uint8Array
  /** JSON value kept beside the body */
  readonly attributes: unknown
  readonly enqueuedAtMs: number
  /** how often it was taken, this time included */
  readonly receiveCount: number
}

/** What is put into a queue. */
export type NewMessage = {
  readonly body: Uint8Array
  /** JSON value kept beside the body */
  readonly attributes?: unknown
  /** epoch ms; now when absent */
  readonly availableAtMs?: number
}

/** Durable queues by name, at least once. */
export type Queues = {
  /** Durable when it resolves. @returns id */
  enqueue(queue: string, message: NewMessage): Promise<string>
  /** Take up to `max` (1,000, and about 64 MiB) that are available; each is hidden for `leaseMs` and comes back unless deleted. */
  take(queue: string, max: number, leaseMs: number): readonly Message[]
  delete(queue: string, id: string): Promise<void>
  /** Delete a message and put what comes of it into other queues: all or nothing, durable when it resolves.
   *  @returns false when the message was not there any more; then nothing was put anywhere */
  replace(
    queue: string,
    id: string,
    messages: readonly (NewMessage & { readonly queue: string })[],
  ): Promise<boolean>
  /** Show it again at `availableAtMs`. */
  release(queue: string, id: string, availableAtMs: number): Promise<void>
  /** messages there, hidden ones included */
  count(queue: string): number
  /** names of queues that hold messages and start with `prefix` */
  names(prefix: string): readonly string[]
  /** earliest time at which something becomes available; undefined when empty */
  nextAvailableAtMs(queue: string): number | undefined
  /** Make everything that is leased available again; delays stay. Done at open: leases of the former process are void. */
  releaseAll(): Promise<void>
}

/** Content-addressed files. `id` is the lower-case hex sha256. */
export type Blobs = {
  put(bytes: Uint8Array | AsyncIterable<Uint8Array>): Promise<{ id: string; sizeBytes: number }>
  has(id: string): boolean
  /** host path of the file; read-only */
  path(id: string): string
  read(id: string): Promise<Buffer>
  delete(id: string): Promise<void>
}

export type Store = {
  /** absolute path of the data directory; rooms keep their own folders below it */
  readonly directory: string
  readonly documents: Documents
  readonly queues: Queues
  readonly blobs: Blobs
  /** Flush and release the lock. Idempotent. */
  close(): Promise<void>
}
