/** An invocation begins: its event goes to the runtime and to the extensions that subscribed, at the same time. */
import type { Clock } from '../../lib/clock.ts'
import type { Guest } from '../guest.ts'
import { toRuntimeEvent } from '../runtime-api/next.ts'
import type { Run } from './run.ts'
import { EventTiming } from './runtime-done.ts'

/** @param isTimed  somebody wants to know what took how long */
export function handOver(run: Run, guest: Guest, clock: Clock, isTimed: boolean): void {
  const { invocation } = run
  const { session, extensions } = guest
  const spentMs = clock.monotonicMs() - run.begin(clock)
  const deadlineMs = clock.nowMs() + invocation.version.timeoutMs - spentMs
  if (isTimed) session.timing = run.timing = new EventTiming(clock)
  if (extensions.count > 0) extensions.tellInvoke({ invocation, deadlineMs })
  session.offer(toRuntimeEvent(invocation, deadlineMs, run.sink))
}
