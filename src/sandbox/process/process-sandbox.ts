/** A sandbox of the process driver: one process group and its temporary directory. */
import type { ExitReport, Sandbox, Usage } from '../driver.ts'
import type { ProcessHandle } from './process-handle.ts'

const kibInMib = 1024

export class ProcessSandbox implements Sandbox {
  readonly id: string
  readonly temporaryDirectory: string
  readonly exited: Promise<ExitReport>
  readonly #handle: ProcessHandle

  constructor(id: string, handle: ProcessHandle, temporaryDirectory: string) {
    this.id = id
    this.#handle = handle
    this.temporaryDirectory = temporaryDirectory
    this.exited = handle.exited
  }

  usage(): Usage {
    return { maxMemoryMib: Math.ceil(this.#handle.peakKib() / kibInMib) }
  }

  signal(name: 'SIGTERM' | 'SIGKILL'): void {
    this.#handle.signal(name)
  }

  async freeze(): Promise<void> {
    this.#handle.signalGroup('SIGSTOP')
  }

  async thaw(): Promise<void> {
    this.#handle.signalGroup('SIGCONT')
  }

  async dispose(): Promise<void> {
    await this.#handle.kill()
  }
}
