/**
 * Stopping all processes of a sandbox and letting them go on, by job control signals: no rights are needed, no process can refuse,
 * and a signal that kills still does. What left the group of the first process is found as its descendant.
 * source: signal(7), setpgid(2)
 */
import { descendantsOf } from './process-tree.ts'
import { signalGroup, signalProcess } from './signals.ts'

/** A process that starts another one while it is looked for is found in the next round. */
const maxRoundCount = 8

/** Stop a process, its group, and all that descends from it.
 *  @returns what was stopped one by one, for `thawTree` */
export function freezeTree(pid: number): ReadonlySet<number> {
  signalGroup(pid, 'SIGSTOP')
  const stopped = new Set<number>()
  for (let round = 0; round < maxRoundCount; round += 1) {
    const found = descendantsOf(pid).filter((descendant) => !stopped.has(descendant))
    if (found.length === 0) break
    for (const descendant of found) {
      signalProcess(descendant, 'SIGSTOP')
      stopped.add(descendant)
    }
  }
  return stopped
}

/** Let all go on that `freezeTree` stopped. Its numbers still mean the same processes: none could end but by a kill. */
export function thawTree(pid: number, stopped: ReadonlySet<number>): void {
  for (const descendant of stopped) signalProcess(descendant, 'SIGCONT')
  signalGroup(pid, 'SIGCONT')
}
