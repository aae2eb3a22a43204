/** What a server and its children hold, read from /proc. */
import { readFileSync, readdirSync } from 'node:fs'
import { residentMib } from '../../test/support/server.ts'

export type Holdings = {
  /** the server process alone */
  readonly serverMib: number
  readonly descriptorCount: number
  /** all its descendants: the spawner, runtimes, extensions */
  readonly childCount: number
  readonly childrenMib: number
}

/** Look now. */
export function holdingsOf(pid: number): Holdings {
  const children = descendantsOf(pid)
  return {
    serverMib: residentMib(pid),
    descriptorCount: readdirSync(`/proc/${pid}/fd`).length,
    childCount: children.length,
    childrenMib: children.reduce((sum, child) => sum + residentOrNone(child), 0),
  }
}

function descendantsOf(pid: number): number[] {
  const parents = new Map<number, number>()
  for (const name of readdirSync('/proc')) {
    if (/^\d+$/.test(name)) parents.set(Number(name), parentOf(name))
  }
  const family = new Set([pid])
  for (let before = 0; before !== family.size;) {
    before = family.size
    for (const [child, parent] of parents) if (family.has(parent)) family.add(child)
  }
  family.delete(pid)
  return [...family]
}

function parentOf(pid: string): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
  } catch {
    return 0
  }
}

/** It may be gone by now. */
function residentOrNone(pid: number): number {
  try {
    return residentMib(pid) || 0
  } catch {
    return 0
  }
}
