/** Signals to processes and groups that may be gone already: then nothing happens, which is what was wanted. */

/** SIGKILL a process group. */
export function killGroup(pid: number): void {
  signalGroup(pid, 'SIGKILL')
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
