/** What is said at the begin and the end of an init and of a restore. */
import type {
  InitPhase,
  InitializationType,
  Instance,
  PlatformEvent,
  PlatformStatus,
} from '../../observe/platform-events.ts'
import type { Failure } from '../failure.ts'
import type { EnvironmentOptions } from '../options.ts'

type Ended = { readonly durationMs: number; readonly failure?: Failure }
type Status = { readonly status: PlatformStatus; readonly errorType?: string }
type Subject = Pick<EnvironmentOptions, 'runtime' | 'version' | 'initializationType'>

/** INIT_START. */
export function initStart(subject: Subject, phase: InitPhase): PlatformEvent {
  const initializationType = subject.initializationType ?? 'on-demand'
  return {
    type: 'platform.initStart',
    record: { initializationType, phase, ...instanceOf(subject) },
  }
}

/** INIT_REPORT. */
export function initReport(
  initializationType: InitializationType,
  phase: InitPhase,
  ended: Ended,
): PlatformEvent {
  const { durationMs } = ended
  return {
    type: 'platform.initReport',
    record: { initializationType, phase, ...statusOf(ended), metrics: { durationMs } },
  }
}

/** RESTORE_START. */
export function restoreStart(subject: Subject): PlatformEvent {
  return { type: 'platform.restoreStart', record: instanceOf(subject) }
}

/** RESTORE_REPORT, and what goes before it. */
export function restoreEnd(ended: Ended): readonly PlatformEvent[] {
  const { durationMs } = ended
  const status = statusOf(ended)
  return [
    { type: 'platform.restoreRuntimeDone', record: status },
    { type: 'platform.restoreReport', record: { ...status, metrics: { durationMs } } },
  ]
}

function instanceOf({ runtime, version }: Subject): Instance {
  const { runtimeVersion } = runtime
  return {
    ...(runtimeVersion !== '' && {
      runtimeVersion,
      runtimeVersionArn: runtime.runtimeVersionArn(version.region),
    }),
    functionName: version.functionName,
    functionVersion: version.version,
    instanceMaxMemory: version.memoryMib * 1024 * 1024,
  }
}

function statusOf({ failure }: Ended): Status {
  const { status = 'success', errorType } = failure ?? {}
  return { status, ...(status === 'error' && errorType !== undefined && { errorType }) }
}
