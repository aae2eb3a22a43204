/** A world without processes and sockets: a driver whose programs do what a test says, and an API that is called directly. */
import type { Body, Connection } from '../../src/environment/runtime-api/connection.ts'
import type { Api } from '../../src/environment/guest-house.ts'
import type { Extensions } from '../../src/environment/extensions-api/extensions.ts'
import { route } from '../../src/environment/runtime-api/routes.ts'
import { RuntimeSession } from '../../src/environment/runtime-api/session.ts'
import type { RequestHead } from '../../src/lib/http/head.ts'
import type { Ids } from '../../src/lib/ids.ts'
import type { Runtime } from '../../src/runtimes/runtime.ts'
import type { Driver, ExitReport, Program, ProgramSpec, Sandbox } from '../../src/sandbox/driver.ts'
import type { Request } from './scripted-calls.ts'

export const runtimePath = '/bin/runtime'

export const scriptedRuntime: Runtime = {
  name: 'nodejs24.x',
  family: 'nodejs',
  servedBy: 'nodejs24.x',
  argv: [runtimePath],
  runtimeVersion: '',
  runtimeVersionArn: () => '',
  environment: () => ({}),
  startupVariables: [],
}

/** Random to nobody. */
export function countedIds(): Ids {
  let count = 0
  const next = (length: number) => (count += 1).toString(16).padStart(length, '0')
  return {
    uuid: () => `00000000-0000-4000-8000-${next(12)}`,
    hex: (bytes) => next(bytes * 2),
    fraction: () => 0.5,
  }
}

/** A program that runs until it is told to end, or killed. */
export class ScriptedProgram implements Program {
  readonly path: string
  readonly exited: Promise<ExitReport>
  readonly signals: string[] = []
  isAlive = true
  readonly #settle: (report: ExitReport) => void

  constructor({ argv }: ProgramSpec) {
    this.path = argv[0]
    const { promise, resolve } = Promise.withResolvers<ExitReport>()
    this.exited = promise
    this.#settle = resolve
  }

  signal(name: 'SIGTERM' | 'SIGKILL'): void {
    this.signals.push(name)
    if (name === 'SIGKILL') this.exit({ signal: 'SIGKILL', isOutOfMemory: false })
  }

  /** It writes nothing. */
  caughtUp = async (): Promise<void> => {}

  exit(report: ExitReport): void {
    this.isAlive = false
    this.#settle(report)
  }
}

class ScriptedSandbox implements Sandbox {
  readonly id: string
  readonly temporaryDirectory: string
  readonly programs: ScriptedProgram[] = []
  isFrozen = false
  isDisposed = false

  constructor(id: string, temporaryDirectory: string) {
    this.id = id
    this.temporaryDirectory = temporaryDirectory
  }

  spawn(spec: ProgramSpec): ScriptedProgram {
    const program = new ScriptedProgram(spec)
    this.programs.push(program)
    return program
  }

  usage = () => ({ maxMemoryMib: 64 })
  freeze = async (): Promise<void> => void (this.isFrozen = true)
  thaw = async (): Promise<void> => void (this.isFrozen = false)

  async dispose(): Promise<void> {
    this.isDisposed = true
    for (const program of this.programs) program.signal('SIGKILL')
  }
}

/** What came back from one call: nothing as long as it waits. */
export class Call {
  /** 0 as long as it waits */
  status = 0
  text = ''
  isDestroyed = false

  reply(response: string): void {
    this.status = Number(response.slice(9, 12))
    this.text = response
  }

  replyWith(head: string): void {
    this.reply(head)
  }

  destroy(): void {
    this.isDestroyed = true
  }
}

/** One generation of processes, as the environment started it. */
export type Generation = {
  readonly session: RuntimeSession
  readonly extensions: Extensions | undefined
}

export class World {
  readonly sandboxes: ScriptedSandbox[] = []
  readonly generations: Generation[] = []
  readonly discarded: string[] = []
  isApiClosed = false

  readonly driver: Driver = {
    isolation: 'process',
    sentence: '',
    open: (bounds, directory) => this.#open(bounds.id, directory),
    start: (spec, directory) => {
      const sandbox = this.#open(spec.id, directory)
      const program = sandbox.spawn(spec)
      const { exited, caughtUp } = program
      return Object.assign(sandbox, { exited, caughtUp, signal: program.signal.bind(program) })
    },
    prepare: () => {
      throw new Error('nothing is prepared here')
    },
    discard: async (directory) => void this.discarded.push(directory),
    close: async () => {},
  }

  readonly api: Api = {
    open: async () => '127.0.0.1:1',
    renew: (listener, others) => {
      const session = new RuntimeSession(listener, others)
      this.generations.push({ session, extensions: others?.extensions })
      return session
    },
    drained: async () => {},
    close: () => void (this.isApiClosed = true),
  }

  /** The newest generation calls an endpoint. */
  call({ method, target, headers = {}, text = '' }: Request): Call {
    const call = new Call()
    const generation = this.generations.at(-1)
    if (!generation) return call
    const head = { method, target, headers } as unknown as RequestHead
    const receiver = route(generation.session, head, generation.extensions)
    const body: Body = {
      chunks: [Buffer.from(text)],
      bytes: text.length,
      state: 'complete',
      trailers: {},
    }
    receiver.end(body, call as unknown as Connection)
    return call
  }

  #open(id: string, directory = `tmp-${id}`): ScriptedSandbox {
    const sandbox = new ScriptedSandbox(id, directory)
    this.sandboxes.push(sandbox)
    return sandbox
  }
}
