/** The data directory: made private, and the note that says which process holds it. */
import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PlatformError } from '../lib/errors/platform-error.ts'

/** Make the directory, for this user alone.
 *  @throws PlatformError when it cannot be made */
export function makePrivate(directory: string): void {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 })
    chmodSync(directory, 0o700)
  } catch (error) {
    throw new PlatformError(
      `Cannot use data directory "${directory}": it cannot be made or is not this user's`,
      { cause: error },
    )
  }
}

export type Holder = {
  readonly processId: number
  /** where it listens; absent until it does */
  readonly address?: string
}

const holderFile = 'holder.json'

/** Leave a note for whoever finds the directory locked. It is not the lock: only the holder of the lock may write it. */
export function writeHolder(directory: string, holder: Holder): void {
  const path = join(directory, holderFile)
  writeFileSync(`${path}.new`, JSON.stringify(holder), { mode: 0o600 })
  renameSync(`${path}.new`, path)
}

/** Take the note away, still holding the lock. */
export function removeHolder(directory: string): void {
  rmSync(join(directory, holderFile), { force: true })
}

/** The error for a directory that another process has, naming that process and what to do. */
export function directoryInUse(directory: string, cause: unknown): PlatformError {
  const holder = findHolder(directory)
  const who = holder ? `process ${holder.processId}` : 'another process'
  const where = holder?.address ? ` (${holder.address})` : ''
  return new PlatformError(
    `Cannot use data directory "${directory}": ${who} uses it${where}. ` +
      'Stop that server, or choose another directory with --data',
    { cause },
  )
}

function findHolder(directory: string): Holder | undefined {
  try {
    const note: unknown = JSON.parse(readFileSync(join(directory, holderFile), 'utf8'))
    if (typeof note !== 'object' || note === null || !('processId' in note)) return undefined
    const address = 'address' in note && typeof note.address === 'string' ? note.address : undefined
    return { processId: Number(note.processId), ...(address !== undefined && { address }) }
  } catch {
    return undefined
  }
}
