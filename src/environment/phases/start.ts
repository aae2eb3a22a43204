/** The start of an environment's processes: the port, the guest, and the init that waits for their first calls. */
import { background } from '../../lib/background.ts'
import { platformFailure } from '../failure.ts'
import { Guest, type GuestListener } from '../guest.ts'
import type { GuestHouse } from '../guest-house.ts'
import type { InitPhase } from '../../observe/platform-events.ts'
import type { EnvironmentOptions } from '../options.ts'
import { StartTrace } from '../start-trace.ts'
import { Init, type InitEnd, initLimit } from './init.ts'

export type StartOptions = {
  readonly phase: InitPhase
  /** of the environment */
  readonly id: string
  readonly options: EnvironmentOptions
  readonly house: GuestHouse
  readonly listener: GuestListener
  /** the end of the processes before */
  readonly after: Promise<void> | undefined
  readonly onGuest: (guest: Guest) => void
  readonly onEnd: (init: Init, end: InitEnd) => Promise<void>
}

export type Start = { readonly init: Init; readonly trace: StartTrace | undefined }

/** Begin a start; what becomes of it is told. */
export function beginStart(begin: StartOptions): Start {
  const { phase, id, options, onEnd } = begin
  const { clock, onPart } = options
  const init = new Init({
    phase,
    clock,
    onEnd: (ended, end) => background('end of init', onEnd(ended, end)),
    ...(phase !== 'invoke' && { limit: initLimit(options) }),
  })
  const trace = onPart && new StartTrace(clock, (...part) => onPart(id, ...part))
  const start = { init, trace }
  background('start environment', startGuest(begin, start))
  return start
}

async function startGuest(begin: StartOptions, { init, trace }: Start): Promise<void> {
  try {
    await begin.house.open()
    await begin.after
    if (init.isOver) return
    trace?.ready('listen')
    const guest = begin.house.admit(begin.listener)
    if (guest instanceof Guest) begin.onGuest(guest)
    else init.fail(guest)
  } catch (error) {
    init.fail(platformFailure('Sandbox.Failure', 'The environment cannot be started'))
    throw error
  }
}
