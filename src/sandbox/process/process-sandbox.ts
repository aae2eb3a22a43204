/** A sandbox of the process driver: process groups, one for each program, and their temporary directory. */
import { limits } from '../../config.ts'
import { assert } from '../../lib/assert.ts'
import type { Program, ProgramSpec, Sandbox, SandboxBounds, Usage } from '../driver.ts'
import type { ProcessHandle } from './process-handle.ts'

const kibInMib = 1024

export type ProcessSandboxOptions = {
  readonly bounds: SandboxBounds
  readonly temporaryDirectory: string
  readonly launch: (spec: ProgramSpec, sandbox: ProcessSandbox) => ProcessHandle
}

export class ProcessSandbox implements Sandbox {
  readonly id: string
  readonly bounds: SandboxBounds
  readonly temporaryDirectory: string
  readonly #launch: ProcessSandboxOptions['launch']
  readonly #handles: ProcessHandle[] = []
  #isDisposed = false

  constructor(options: ProcessSandboxOptions) {
    this.id = options.bounds.id
    this.bounds = options.bounds
    this.temporaryDirectory = options.temporaryDirectory
    this.#launch = options.launch
  }

  spawn(spec: ProgramSpec): Program {
    return this.adopt(this.#launch(spec, this))
  }

  /** Make a process that was started elsewhere one of its own. */
  adopt(handle: ProcessHandle): Program {
    assert(!this.#isDisposed, 'programs are started in a sandbox that is open')
    assert(this.#handles.length < limits.maxProgramCount, 'a sandbox has few programs')
    this.#handles.push(handle)
    return {
      exited: handle.exited,
      signal: (name) => handle.signal(name),
      caughtUp: () => handle.caughtUp(),
    }
  }

  usage(): Usage {
    let peakKib = 0
    for (const handle of this.#handles) peakKib += handle.peakKib()
    return { maxMemoryMib: Math.ceil(peakKib / kibInMib) }
  }

  async freeze(): Promise<void> {
    for (const handle of this.#handles) handle.freeze()
  }

  async thaw(): Promise<void> {
    for (const handle of this.#handles) handle.thaw()
  }

  async dispose(): Promise<void> {
    this.#isDisposed = true
    await Promise.all(this.#handles.map((handle) => handle.kill()))
  }
}
