/**
 * The shutdown of a guest with extensions: the runtime is asked to end and has its part of the budget, then the extensions that
 * subscribed are told and have the rest; those that did not are killed at once. Who calls this kills what is left.
 * source: AWS Lambda dev guide "Understanding the Lambda execution environment lifecycle", Shutdown phase; Runtime Interface Emulator,
 * rapid/shutdown.go (which gives the runtime 30 % of the budget; the times here are those of the guide).
 */
import { shutdownBudgets, telemetryLimits } from '../../config.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Program } from '../../sandbox/driver.ts'
import type { Extension } from '../extensions-api/extension.ts'
import type { Extensions } from '../extensions-api/extensions.ts'
import type { Telemetry } from '../telemetry/telemetry.ts'
import type { Failure } from '../failure.ts'

/** As SHUTDOWN events say it. `spindown`: nobody needs it; `timeout`: an invocation timed out; `failure`: something broke. */
export type ShutdownReason = 'spindown' | 'timeout' | 'failure'

/** @param why  a reason already, or what went wrong */
export function reasonOf(why: ShutdownReason | Failure): ShutdownReason {
  if (typeof why === 'string') return why
  return why.status === 'timeout' ? 'timeout' : 'failure'
}

export type Leaving = {
  readonly extensions: Extensions
  /** of the external extensions that were started */
  readonly programs: ReadonlyMap<Extension, Program>
  /** absent when it was not started */
  readonly runtime: Program | undefined
  readonly clock: Clock
  /** what was said before reaches its subscribers before they leave */
  readonly telemetry: Pick<Telemetry, 'flush'>
}

/** Tell everybody in order and wait, at most for the budget. */
export async function shutDown(leaving: Leaving, reason: ShutdownReason): Promise<void> {
  const { extensions, programs, runtime, clock, telemetry } = leaving
  const budget = extensions.hasExternal ? shutdownBudgets.external : shutdownBudgets.internal
  const endMs = clock.monotonicMs() + budget.totalMs
  if (!extensions.hasExternal) await telemetry.flush(telemetryLimits.flushMs)
  if (runtime) {
    runtime.signal('SIGTERM')
    const hasEnded = await isWithin(clock, budget.runtimeMs, runtime.exited)
    if (!hasEnded) runtime.signal('SIGKILL')
  }
  if (!extensions.hasExternal) return
  await telemetry.flush(telemetryLimits.flushMs)
  for (const [extension, program] of programs) {
    if (!extension.isSubscribed('SHUTDOWN')) program.signal('SIGKILL')
  }
  const leftMs = Math.max(0, endMs - clock.monotonicMs())
  const told = extensions.tellShutdown(reason, clock.nowMs() + leftMs)
  const leave = told.map(async (extension) => {
    const report = await programs.get(extension)?.exited
    extension.move(report?.exitCode === 0 ? 'exited' : 'killed')
  })
  await isWithin(clock, leftMs, Promise.all(leave))
}

/** Wait for something that never fails, but not for ever. */
async function isWithin(clock: Clock, ms: number, event: Promise<unknown>): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const timer = clock.after(ms, () => resolve(false))
  void event.then(() => resolve(true))
  const isInTime = await promise
  timer.clear()
  return isInTime
}
