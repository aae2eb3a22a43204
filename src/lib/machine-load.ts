/** How busy this machine is, in this moment. */
import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'

const runnablePerCore = 4

/** true when much more wants to run than there are cores; false where that cannot be told.
 *  source: proc_loadavg(5): the fourth field is the number of threads that run or wait for a core, of all there are */
export function isMachineBusy(): boolean {
  if (process.platform !== 'linux') return false
  try {
    return (
      runnableCount(readFileSync('/proc/loadavg', 'latin1')) >
      runnablePerCore * availableParallelism()
    )
  } catch {
    return false
  }
}

/** @param loadavg  text of /proc/loadavg; 0 when it is not understood */
export function runnableCount(loadavg: string): number {
  return Number(/ (\d+)\/\d+ /.exec(loadavg)?.[1] ?? 0)
}
