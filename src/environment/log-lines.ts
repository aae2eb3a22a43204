/**
 * The platform's lines about an environment's init, as text or as events of the JSON format. START, END and REPORT belong to an
 * invocation and are written by invoke/.
 * source: AWS Lambda dev guide "Understanding the Lambda execution environment lifecycle", "Lambda Telemetry API Event schema reference".
 */
import type { FunctionVersion } from '../model.ts'

export type InitPhase = 'init' | 'invoke'

export type InitStart = {
  readonly version: FunctionVersion
  /** e.g. `nodejs:24.v21` */
  readonly runtimeVersion: string
  readonly runtimeVersionArn: string
  readonly phase: InitPhase
}

export type InitReport = {
  readonly durationMs: number
  readonly phase: InitPhase
  readonly status: 'error' | 'timeout'
  /** only with status `error` */
  readonly errorType?: string
}

/** The first line of a new environment. @param nowMs  epoch ms */
export function initStartLine(start: InitStart, nowMs: number): string {
  const { version, runtimeVersion, runtimeVersionArn } = start
  if (version.logFormat === 'Text') {
    return `INIT_START Runtime Version: ${runtimeVersion}\tRuntime Version ARN: ${runtimeVersionArn}`
  }
  return toEvent('platform.initStart', nowMs, {
    initializationType: 'on-demand',
    phase: start.phase,
    runtimeVersion,
    runtimeVersionArn,
    functionName: version.functionName,
    functionVersion: version.version,
    instanceMaxMemory: version.memoryMib * 1024 * 1024,
  })
}

/** Written when an init failed; a good one has no line. @param nowMs  epoch ms */
export function initReportLine(
  report: InitReport,
  version: FunctionVersion,
  nowMs: number,
): string {
  const { durationMs, phase, status, errorType } = report
  if (version.logFormat === 'Text') {
    const members = [
      `INIT_REPORT Init Duration: ${durationMs.toFixed(2)} ms`,
      `Phase: ${phase}`,
      `Status: ${status}`,
    ]
    if (errorType !== undefined) members.push(`Error Type: ${errorType}`)
    return members.join('\t')
  }
  return toEvent('platform.initReport', nowMs, {
    initializationType: 'on-demand',
    phase,
    status,
    ...(errorType !== undefined && { errorType }),
    metrics: { durationMs: Math.round(durationMs * 1000) / 1000 },
  })
}

function toEvent(type: string, nowMs: number, record: object): string {
  return JSON.stringify({ time: new Date(nowMs).toISOString(), type, record })
}
