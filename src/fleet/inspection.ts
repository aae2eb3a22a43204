/**
 * Which environments can be debugged: of each function that has a debug door, the newest environment of $LATEST. Others of the same
 * revision, started while that one is busy, run as ever. The launcher asks; server.ts opens the doors.
 */
import type { ExecutionEnvironment } from '../environment/contract.ts'
import { DebugDoor, type DebugProtocol, type DebugSeat } from '../environment/debug-door.ts'
import { latest } from '../lib/arn.ts'
import type { Clock } from '../lib/clock.ts'
import type { FunctionVersion } from '../model.ts'

/** What Node.js' inspector writes by itself: the ports in it are not those that debuggers shall use. */
const chatter =
  /^(?:Debugger (?:listening|attached|ending)|For help, see: https:\/\/nodejs\.org|Waiting for the debugger)/

/** Where debuggers of a function connect. */
export type InspectedFunction = {
  /** 0 takes a free one */
  readonly port: number
  readonly protocol: DebugProtocol
}

export class Inspection implements AsyncDisposable {
  readonly #doors: ReadonlyMap<string, DebugDoor>
  /** function name -> who has its seat */
  readonly #seated = new Map<string, ExecutionEnvironment>()

  private constructor(doors: ReadonlyMap<string, DebugDoor>) {
    this.#doors = doors
  }

  /** Open a door for each function.
   *  @param functions  by name
   *  @param onWanted  called with the name of a function that a debugger wants and that has no process
   *  @throws PlatformError when a port is taken */
  static async open(
    functions: ReadonlyMap<string, InspectedFunction>,
    clock: Clock,
    onWanted: (functionName: string) => void,
  ): Promise<Inspection> {
    await using closers = new AsyncDisposableStack()
    const doors = new Map<string, DebugDoor>()
    for (const [name, options] of functions) {
      const door = await DebugDoor.open({ ...options, clock, onWanted: () => onWanted(name) })
      doors.set(name, closers.use(door))
    }
    closers.move()
    return new Inspection(doors)
  }

  /** Port of a function's door. */
  portOf(functionName: string): number | undefined {
    return this.#doors.get(functionName)?.port
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const door of this.#doors.values()) await door[Symbol.asyncDispose]()
  }

  /** A seat for an environment that is about to be made; undefined when it is not to be debugged. */
  takeSeat(version: FunctionVersion): DebugSeat | undefined {
    const door = version.version === latest ? this.#doors.get(version.functionName) : undefined
    if (door === undefined) return undefined
    const before = this.#seated.get(version.functionName)
    const isTaken = before?.version.revisionId === version.revisionId && isAlive(before)
    return isTaken ? undefined : door.takeSeat()
  }

  /** The environment that took the seat. */
  noteSeated(environment: ExecutionEnvironment): void {
    this.#seated.set(environment.version.functionName, environment)
  }

  /** Is a line the inspector's own? */
  static isChatter(line: string): boolean {
    return chatter.test(line)
  }
}

function isAlive({ state }: ExecutionEnvironment): boolean {
  return state !== 'gone' && state !== 'failed' && state !== 'draining'
}
