/** What is said at the begin and the end of an init and of a restore. */
import type {
  InitPhase,
  InitializationType,
  Instance,
  PlatformEvent,
  PlatformStatus,
} from '../../observe/platform-events.ts'
import type { Extensions } from '../extensions-api/extensions.ts'
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

/** The runtime asked for its first event, or never will. */
export function initRuntimeDone(
  initializationType: InitializationType,
  phase: InitPhase,
  ended: Pick<Ended, 'failure'>,
): PlatformEvent {
  const record = { initializationType, phase, ...statusOf(ended) }
  return { type: 'platform.initRuntimeDone', record }
}

/** All that is said at the end of an init, in AWS's order. The runtime may have been done before its extensions.
 *  @param guest  absent when nothing could be started */
export function initEnded(
  initializationType: InitializationType,
  phase: InitPhase,
  ended: Ended,
  guest: { readonly isRuntimeReady: boolean; readonly extensions: Extensions } | undefined,
): readonly PlatformEvent[] {
  const isSaid = guest?.isRuntimeReady === true
  return [
    ...(isSaid ? [] : [initRuntimeDone(initializationType, phase, ended)]),
    ...(guest ? extensionReports(guest.extensions) : []),
    initReport(initializationType, phase, ended),
  ]
}

/** EXTENSION: what has become of each at the end of an init. */
function extensionReports({ all }: Extensions): readonly PlatformEvent[] {
  return all.map(({ name, state, events, errorType }) => ({
    type: 'platform.extension',
    record: { name, state, events, ...(errorType !== undefined && { errorType }) },
  }))
}

/** INIT_REPORT. */
function initReport(
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

function statusOf({ failure }: Pick<Ended, 'failure'>): Status {
  const { status = 'success', errorType } = failure ?? {}
  return { status, ...(status === 'error' && errorType !== undefined && { errorType }) }
}
