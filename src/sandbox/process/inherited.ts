/**
 * File descriptors that this process got from whoever started it and would hand on to every program it starts. Node.js closes
 * those it finds in a row at its own start; a log or a lock on a higher number stays open.
 * source: proc_pid_fdinfo(5), open(2)
 */
import { readFileSync, readdirSync } from 'node:fs'

const folder = '/proc/self/fdinfo'
const closeOnExec = 0o2000000
const maxHandle = 65_535

/** Numbers above the standard three that a program started from here would find open, ascending; none where there is no /proc. */
export function inheritedHandles(): readonly number[] {
  return namesOf(folder)
    .map(Number)
    .filter((handle) => handle > 2 && handle <= maxHandle && isHandedOn(handle))
    .toSorted((left, right) => left - right)
}

function namesOf(path: string): string[] {
  try {
    return readdirSync(path)
  } catch {
    return []
  }
}

function isHandedOn(handle: number): boolean {
  try {
    const flags = /^flags:\s*([0-7]+)$/m.exec(readFileSync(`${folder}/${handle}`, 'latin1'))?.[1]
    return flags !== undefined && (Number.parseInt(flags, 8) & closeOnExec) === 0
  } catch {
    return false
  }
}
