/**
 * What is said when an environment fails: error types, and the payloads that the platform itself gives to the caller.
 * source: AWS Lambda dev guide "Troubleshoot invocation issues"; Runtime Interface Emulator, fatalerror; recorded replies.
 */
import type { Reply } from '../model.ts'
import type { PlatformEvent } from '../observe/platform-events.ts'
import type { ExitReport } from '../sandbox/driver.ts'

/** A failure of init or invoke. The first of a generation wins. */
export type Failure = {
  readonly errorType: string
  /** what the platform says of it; absent where the runtime had its own words */
  readonly text?: string
  readonly status: 'error' | 'timeout'
  /** payload for the caller */
  readonly payload: (requestId: string) => readonly Uint8Array[]
  readonly isOutOfMemory?: boolean
  /** the caller is refused with this instead of being given a payload */
  readonly refusal?: Error
}

/** How Go prints signals: AWS's daemon takes its texts from there. */
const signalTexts: Readonly<Record<string, string>> = {
  SIGHUP: 'hangup',
  SIGINT: 'interrupt',
  SIGQUIT: 'quit',
  SIGILL: 'illegal instruction',
  SIGTRAP: 'trace/breakpoint trap',
  SIGABRT: 'aborted',
  SIGBUS: 'bus error',
  SIGFPE: 'floating point exception',
  SIGKILL: 'killed',
  SIGUSR1: 'user defined signal 1',
  SIGSEGV: 'segmentation fault',
  SIGUSR2: 'user defined signal 2',
  SIGPIPE: 'broken pipe',
  SIGALRM: 'alarm clock',
  SIGTERM: 'terminated',
  SIGSYS: 'bad system call',
}

/** The runtime's process ended, or never started. */
export function exitFailure(report: ExitReport): Failure {
  if (report.launchError !== undefined) {
    return platformFailure('Runtime.InvalidEntrypoint', report.launchError)
  }
  const exit = platformFailure('Runtime.ExitError', exitText(report))
  if (!report.isOutOfMemory) return exit
  return { ...exit, errorType: 'Runtime.OutOfMemory', isOutOfMemory: true }
}

function exitText(report: ExitReport): string {
  if (report.exitCode === 0) return 'Runtime exited without providing a reason'
  return `Runtime exited with error: ${waitStatus(report)}`
}

/** As Go prints how a process ended. */
function waitStatus(report: ExitReport): string {
  if (report.signal === undefined) return `exit status ${report.exitCode ?? 1}`
  return `signal: ${signalTexts[report.signal] ?? report.signal}`
}

/** An extension's process ended, which it never should before its SHUTDOWN: not even well. */
export function extensionFailure(report: ExitReport): Failure {
  const text = report.exitCode === 0 ? 'exit code 0' : waitStatus(report)
  const crash = platformFailure('Extension.Crash', text)
  return report.isOutOfMemory ? { ...crash, isOutOfMemory: true } : crash
}

/** No program to start. */
export function noBootstrapFailure(): Failure {
  return platformFailure(
    'Runtime.InvalidEntrypoint',
    "Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]",
  )
}

/** What the runtime posted to init/error: its body goes to the caller as it is. */
export function postedFailure(errorType: string, body: readonly Uint8Array[]): Failure {
  return { errorType, status: 'error', payload: () => body }
}

/** A failure that the platform words. */
export function platformFailure(errorType: string, text: string): Failure {
  return {
    errorType,
    text,
    status: 'error',
    payload: (requestId) => errorPayload(errorType, `RequestId: ${requestId} Error: ${text}`),
  }
}

/** The same failure by another name. */
export function retyped(failure: Failure, errorType: string): Failure {
  return { ...failure, ...platformFailure(errorType, failure.text ?? '') }
}

/** What subscribers of the Logs API are told; the log itself says it in REPORT. */
export function toFault({ errorType, text = '' }: Failure, requestId: string): PlatformEvent {
  const record = `RequestId: ${requestId} Error: ${text}\n${errorType}\n`
  return { type: 'platform.fault', record }
}

/** The configured timeout passed.
 *  source: replies recorded in 2025; before it was `<time> <id> Task timed out after 1.00 seconds` without a type */
export function timeoutFailure(timeoutMs: number): Failure {
  const text = `Task timed out after ${(timeoutMs / 1000).toFixed(2)} seconds`
  return { ...platformFailure('Sandbox.Timedout', text), status: 'timeout' }
}

/** The payload of an error of the platform, members in AWS's order. */
export function errorPayload(errorType: string, errorMessage: string): readonly Uint8Array[] {
  return [Buffer.from(JSON.stringify({ errorType, errorMessage }))]
}

/** What the caller is told of a failure that ends the runtime's process. */
export function toReply(failure: Failure, requestId: string): Reply {
  return {
    kind: failure.status === 'timeout' ? 'timeout' : 'crashed',
    payload: failure.payload(requestId),
    errorType: failure.errorType,
    ...(failure.refusal && { refusal: failure.refusal }),
  }
}
