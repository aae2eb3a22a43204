/**
 * Group commit: the writes of one turn of the event loop go into one transaction, and all transactions committed while the
 * disk was busy share the next `fdatasync`. A write is decided and visible when it is called, and acknowledged when it is durable.
 */
import type { DatabaseSync } from 'node:sqlite'
import { storeLimits } from '../config.ts'
import { assert } from '../lib/assert.ts'
import { PlatformError } from '../lib/errors/platform-error.ts'
import { storeError } from './database.ts'
import { RevisionConflict } from './store.ts'

/** One transaction and those who wait for it. */
type Batch = {
  readonly durable: PromiseWithResolvers<void>
  /** run in order when the transaction is committed */
  readonly effects: (() => void)[]
  writeCount: number
  waitingCount: number
}

export type CommitterOptions = {
  readonly database: DatabaseSync
  /** make everything committed so far durable */
  readonly sync: () => Promise<void>
}

/** Owner of the one open transaction and of the sequence that numbers every change. */
export class Committer {
  readonly #database: DatabaseSync
  readonly #sync: () => Promise<void>
  readonly #saveSequence
  #sequence: number
  /** the open transaction */
  #batch: Batch | undefined
  /** committed, not yet durable */
  #committed: Batch[] = []
  #pendingCount = 0
  #syncing: Promise<void> | undefined
  /** set when the disk broke its word, or the store was closed: nothing works from then on */
  #failure: PlatformError | undefined

  constructor(options: CommitterOptions) {
    this.#database = options.database
    this.#sync = options.sync
    this.#saveSequence = this.#database.prepare('UPDATE counter SET sequence = ?')
    this.#sequence = Number(
      this.#database.prepare('SELECT sequence FROM counter').get()?.['sequence'] ?? 0,
    )
  }

  /** The next number of the store: greater than any used before, in this process or an earlier one. */
  nextSequence(): number {
    assert(this.#batch, 'a sequence is taken within a write')
    return ++this.#sequence
  }

  /** Run `change` in the open transaction; the result is durable when the promise resolves.
   *  @param change  synchronous SQL; when it throws RevisionConflict or PlatformError it must have changed nothing
   *  @throws RevisionConflict from `change`
   *  @throws PlatformError when the database failed; then no write of the same transaction was made */
  async write<Result>(change: () => Result): Promise<Result> {
    if (this.#pendingCount >= storeLimits.maxPendingCount) {
      throw new PlatformError(
        `Cannot write to the store: ${storeLimits.maxPendingCount} writes are waiting for the disk`,
      )
    }
    const { result, batch } = this.#run(change, { waits: true })
    this.#pendingCount++
    try {
      await batch.durable.promise
    } finally {
      this.#pendingCount--
    }
    return result
  }

  /** Run `change` in the open transaction without waiting: for what a crash may undo.
   *  @throws PlatformError as `write` */
  writeLazily<Result>(change: () => Result): Result {
    return this.#run(change, { waits: false }).result
  }

  /** Call `effect` when the open transaction is committed, before its writes are acknowledged; never if it is rolled back. */
  afterCommit(effect: () => void): void {
    assert(this.#batch, 'an effect belongs to a write')
    this.#batch.effects.push(effect)
  }

  /** Run a query; it sees every write made so far, of the open transaction too.
   *  @throws PlatformError when the store is closed or failed */
  read<Result>(query: () => Result): Result {
    this.#checkUsable()
    try {
      return query()
    } catch (error) {
      throw storeError('Cannot read from the store', error)
    }
  }

  /** Commit and sync what is open; refuse everything from then on. */
  async close(): Promise<void> {
    if (this.#batch) this.#commit(this.#batch)
    this.#failure ??= new PlatformError('Cannot use the store: it is closed')
    await this.#syncing
  }

  #checkUsable(): void {
    if (this.#failure) throw new PlatformError(this.#failure.message, { cause: this.#failure })
  }

  #run<Result>(
    change: () => Result,
    { waits }: { waits: boolean },
  ): { result: Result; batch: Batch } {
    this.#checkUsable()
    const batch = this.#batch ?? this.#begin()
    try {
      const result = change()
      if (waits) batch.waitingCount++
      // Do not let the transaction grow until the end of a long turn.
      if (++batch.writeCount >= storeLimits.maxBatchCount) this.#commit(batch)
      return { result, batch }
    } catch (error) {
      if (error instanceof RevisionConflict || error instanceof PlatformError) throw error
      throw this.#abandon(batch, error)
    }
  }

  #begin(): Batch {
    try {
      this.#database.exec('BEGIN IMMEDIATE')
    } catch (error) {
      throw storeError('Cannot write to the store', error)
    }
    const batch: Batch = {
      durable: Promise.withResolvers(),
      effects: [],
      writeCount: 0,
      waitingCount: 0,
    }
    // Those who wait hear of a failure; a batch that nobody waits for must not end the process.
    batch.durable.promise.catch(() => {})
    this.#batch = batch
    setImmediate(() => {
      if (this.#batch === batch) this.#commit(batch)
    })
    return batch
  }

  #commit(batch: Batch): void {
    this.#batch = undefined
    try {
      this.#checkUsable()
      if (batch.writeCount > 0) this.#saveSequence.run(this.#sequence)
      this.#database.exec('COMMIT')
    } catch (error) {
      this.#abandon(batch, error)
      return
    }
    for (const effect of batch.effects) effect()
    if (batch.waitingCount === 0) return
    this.#committed.push(batch)
    this.#syncing ??= this.#syncAll()
  }

  /** Never rejects: those who wait are told. */
  async #syncAll(): Promise<void> {
    while (this.#committed.length > 0) {
      const batches = this.#committed
      this.#committed = []
      try {
        // eslint-disable-next-line no-await-in-loop -- one sync at a time is the point
        await this.#sync()
      } catch (error) {
        this.#fail(error, [...batches, ...this.#committed])
        break
      }
      for (const batch of batches) batch.durable.resolve()
    }
    this.#syncing = undefined
  }

  /** After a failed sync nobody knows what is on the disk: stop, and let a restart read what is there. */
  #fail(error: unknown, batches: readonly Batch[]): void {
    const reason = storeError('Cannot make a write durable, restart Lair', error)
    this.#failure = reason
    this.#committed = []
    for (const batch of batches) batch.durable.reject(reason)
  }

  /** Roll the open transaction back and tell all its writers. */
  #abandon(batch: Batch, cause: unknown): PlatformError {
    this.#batch = undefined
    const reason = storeError('Cannot write to the store', cause)
    try {
      // SQLite rolls back by itself when the disk is full or fails.
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK')
    } catch (error) {
      this.#failure = storeError('Cannot roll back a write, restart Lair', error)
    }
    batch.durable.reject(reason)
    return reason
  }
}
