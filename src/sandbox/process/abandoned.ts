/**
 * What a server left behind that was killed together with its spawner: run folders, and processes. Those that ran have noticed and
 * ended; those that were frozen never will. They are known by their outputs, which are pipes of that folder.
 * source: proc_pid_fd(5)
 */
import { readdirSync, readlinkSync, realpathSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { killTree } from './signals.ts'

/** Remove run folders of servers that are gone, after killing what still runs in them.
 *  @param runs  where they all are; each is named `<pid>-<hex>`
 *  @param own   names of the caller's: an earlier process may have had the same id */
export async function removeAbandoned(runs: string, own: ReadonlySet<string>): Promise<void> {
  const abandoned = readdirSync(runs).filter((name) => {
    const pid = Number.parseInt(name, 10)
    if (own.has(name) || !Number.isInteger(pid)) return false
    return pid === process.pid || !isAlive(pid)
  })
  if (abandoned.length === 0) return
  const folders = abandoned.map((name) => join(realpathSync(runs), name))
  for (const pid of processIds()) {
    if (folders.some((folder) => writesInto(pid, `${folder}/`))) killTree(pid)
  }
  for (const folder of folders) await rm(folder, { recursive: true, force: true, maxRetries: 2 })
}

/** None where there is no /proc. */
function processIds(): number[] {
  try {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(Number)
  } catch {
    return []
  }
}

/** Standard output or error is a pipe below `folder`; it was unlinked when it was opened, its name is still told. */
function writesInto(pid: number, folder: string): boolean {
  if (pid === process.pid) return false
  return [1, 2].some((handle) => targetOf(pid, handle).startsWith(folder))
}

/** Empty for a process that is gone, or of somebody else. */
function targetOf(pid: number, handle: number): string {
  try {
    return readlinkSync(`/proc/${pid}/fd/${handle}`)
  } catch {
    return ''
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
