/**
 * Named pipes made ahead, for the outputs of sandboxes. The platform gives no unnamed ones, and a socket would not do: a program
 * that opens `/dev/stderr` fails on a socket. A pipe is used once and its name removed as soon as both ends are open.
 */
import { closeSync, constants, openSync } from 'node:fs'
import { unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { assert } from '../../lib/assert.ts'
import { background } from '../../lib/background.ts'
import { PlatformError } from '../../lib/errors/platform-error.ts'

/** pipes made at once, and how few may be left before more are made */
const batchCount = 48
const lowCount = 16
const maxWaitingCount = 10_000

type Waiting = {
  readonly count: number
  readonly resolve: (paths: readonly string[]) => void
  readonly reject: (error: Error) => void
}

/** Names of pipes that exist and wait for use. */
export class PipePool {
  readonly #folder: string
  readonly #requestMore: (paths: readonly string[]) => void
  readonly #free: string[] = []
  readonly #waiting: Waiting[] = []
  #nextNumber = 0
  #isMaking = false
  #failure: PlatformError | undefined

  /** @param requestMore  has pipes made at these paths and calls made() or fail() */
  constructor(folder: string, requestMore: (paths: readonly string[]) => void) {
    this.#folder = folder
    this.#requestMore = requestMore
    this.#refill()
  }

  /** Names at once, or undefined when one has to wait for them. */
  tryTake(count: number): readonly string[] | undefined {
    if (this.#free.length < count || this.#waiting.length > 0) return undefined
    const paths = this.#free.splice(0, count)
    this.#refill()
    return paths
  }

  /** @throws PlatformError when no pipes can be made here */
  async take(count: number): Promise<readonly string[]> {
    assert(count <= lowCount, 'a sandbox takes a few pipes')
    if (this.#failure) throw this.#failure
    const paths = this.tryTake(count)
    if (paths) return paths
    if (this.#waiting.length >= maxWaitingCount) {
      throw new PlatformError('Cannot start sandbox: too many starts wait for pipes')
    }
    const { promise, resolve, reject } = Promise.withResolvers<readonly string[]>()
    this.#waiting.push({ count, resolve, reject })
    this.#refill()
    return promise
  }

  /** The pipes asked for exist. */
  made(paths: readonly string[]): void {
    this.#isMaking = false
    this.#free.push(...paths)
    for (let first = this.#waiting[0]; first; first = this.#waiting[0]) {
      if (this.#free.length < first.count) break
      this.#waiting.shift()
      first.resolve(this.#free.splice(0, first.count))
    }
    this.#refill()
  }

  /** No pipes can be made, now or later. */
  fail(error: PlatformError): void {
    this.#failure = error
    for (const waiting of this.#waiting.splice(0)) waiting.reject(error)
  }

  #refill(): void {
    if (this.#isMaking || this.#failure) return
    if (this.#free.length >= lowCount && this.#waiting.length === 0) return
    this.#isMaking = true
    const paths = Array.from({ length: batchCount }, () => {
      this.#nextNumber += 1
      return join(this.#folder, String(this.#nextNumber))
    })
    this.#requestMore(paths)
  }
}

/** The server's ends of one sandbox's pipes, as file descriptors. */
export type PipeEnds = {
  readonly stdin?: number
  readonly stdout: number
  readonly stderr: number
}

/** Open the server's ends. Never waits for the other side. @throws Error of node:fs */
export function openEnds(pipes: { stdin?: string; stdout: string; stderr: string }): PipeEnds {
  const opened: number[] = []
  const open = (path: string, flags: number): number => {
    const handle = openSync(path, flags | constants.O_NONBLOCK)
    opened.push(handle)
    return handle
  }
  try {
    return {
      // Read and write: a pipe that nobody reads yet cannot be opened for writing alone.
      ...(pipes.stdin !== undefined && { stdin: open(pipes.stdin, constants.O_RDWR) }),
      stdout: open(pipes.stdout, constants.O_RDONLY),
      stderr: open(pipes.stderr, constants.O_RDONLY),
    }
  } catch (error) {
    for (const handle of opened) closeSync(handle)
    throw error
  }
}

/** Remove the names of pipes in use; they live on until both ends are closed. */
export function removeNames(paths: readonly string[]): void {
  for (const path of paths) background('remove pipe', unlink(path))
}
