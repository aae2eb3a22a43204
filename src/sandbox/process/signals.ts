/** Signals to processes and groups that may be gone already: then nothing happens, which is what was wanted. */
import { descendantsOf } from './process-tree.ts'

/** SIGKILL a process group, and what its processes started in groups of their own. */
export function killTree(pid: number): void {
  const descendants = descendantsOf(pid)
  signalGroup(pid, 'SIGKILL')
  for (const descendant of descendants) signalProcess(descendant, 'SIGKILL')
}

/** Signal all processes of a group. */
export function signalGroup(pid: number, signal: NodeJS.Signals): void {
  signalProcess(-pid, signal)
}

export function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {
    // Its exit is on the way.
  }
}
