/** Which processes another one started, as Linux tells. source: proc_pid_task(5). */
import { closeSync, openSync, readFileSync, readSync, readdirSync } from 'node:fs'

/** more of one sandbox are not looked at */
export const maxProcessCount = 1024
const buffer = Buffer.allocUnsafe(8192)

/** Process ids of all that descend from `root`, whatever group or session they put themselves in; without those whose
 *  parent has ended. Empty where there is no /proc. */
export function descendantsOf(root: number): readonly number[] {
  const found = childrenOf(root, true)
  for (let index = 0; index < found.length && index < maxProcessCount; index += 1) {
    found.push(...childrenOf(found[index] ?? 0, true))
  }
  return found
}

/** @param isThorough  also the children of other threads than the first */
export function childrenOf(pid: number, isThorough: boolean): number[] {
  const threads = isThorough ? threadsOf(pid) : [String(pid)]
  const children: number[] = []
  for (const thread of threads) {
    const text = readSmall(`/proc/${pid}/task/${thread}/children`)
    for (const word of text?.split(' ') ?? []) if (word !== '') children.push(Number(word))
  }
  return children
}

function threadsOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`)
  } catch {
    return []
  }
}

/** A file of /proc as text; one read, so that no stat is needed. */
export function readSmall(path: string): string | undefined {
  try {
    const handle = openSync(path, 'r')
    try {
      const length = readSync(handle, buffer, 0, buffer.length, null)
      return length === buffer.length
        ? readFileSync(path, 'latin1')
        : buffer.toString('latin1', 0, length)
    } finally {
      closeSync(handle)
    }
  } catch {
    return undefined
  }
}
