/** What is said of one invocation when it is over: the record for metrics and bills, and the platform's lines in the log. */
import type { FunctionVersion, Invocation, Measured, Reply } from '../model.ts'
import type { InvocationReport, InvocationStart, Span } from '../observe/platform-events.ts'
import { toTracing } from '../observe/tracing.ts'

/** One invocation, measured: the source of the REPORT line, of metrics and of the bill. */
export type Report = Measured & {
  readonly requestId: string
  readonly version: FunctionVersion
  /** `success` as well when the handler threw: the platform had no trouble */
  readonly status: 'success' | 'error' | 'timeout'
  /** the caller got `X-Amz-Function-Error` */
  readonly isFunctionError: boolean
  /** only with status `error` */
  readonly errorType?: string
  /** whole ms, init included */
  readonly billedDurationMs: number
}

/** Make the record of an invocation.
 *  @source AWS Lambda pricing; reference captures: a cold start bills duration and init together, rounded up once */
export function toReport(
  invocation: { readonly requestId: string; readonly version: FunctionVersion },
  reply: Reply,
  measured: Measured,
): Report {
  const { durationMs, initDurationMs = 0, restoreDurationMs } = measured
  const billedRestoreMs = restoreDurationMs === undefined ? 0 : Math.ceil(restoreDurationMs)
  const billed = Math.ceil(durationMs + initDurationMs + billedRestoreMs)
  const report = {
    ...measured,
    requestId: invocation.requestId,
    version: invocation.version,
    isFunctionError: reply.kind !== 'ok',
    billedDurationMs: Math.max(1, billed),
  }
  if (reply.kind === 'timeout') return { ...report, status: 'timeout' }
  if (reply.kind === 'crashed') return { ...report, status: 'error', errorType: reply.errorType }
  return { ...report, status: 'success' }
}

/** The record of the platform's start. */
export function toStartRecord(invocation: Invocation): InvocationStart {
  const { requestId, version, tenantId } = invocation
  const tracing = toTracing(invocation)
  return {
    requestId,
    version: version.version,
    ...(tenantId === undefined ? undefined : { tenantId }),
    ...(tracing === undefined ? undefined : { tracing }),
  }
}

/** The record of the platform's report. */
export function toReportRecord(report: Report, invocation: Invocation): InvocationReport {
  const { tenantId } = invocation
  const tracing = toTracing(invocation)
  const { errorType, extensionOverhead } = report
  return {
    requestId: report.requestId,
    status: report.status,
    ...(errorType === undefined ? undefined : { errorType }),
    metrics: toMetrics(report),
    ...(tenantId === undefined ? undefined : { tenantId }),
    ...(tracing === undefined ? undefined : { tracing }),
    ...(extensionOverhead === undefined ? undefined : { spans: [toSpan(extensionOverhead)] }),
  }
}

/** Where an environment serves several invocations at once, memory and bill are nobody's own.
 *  source: AWS Lambda dev guide "Lambda Managed Instances", telemetry */
function toMetrics(report: Report): InvocationReport['metrics'] {
  const { durationMs, initDurationMs, restoreDurationMs } = report
  if (report.version.maxConcurrency !== undefined) return { durationMs }
  return {
    durationMs,
    billedDurationMs: report.billedDurationMs,
    memorySizeMB: report.version.memoryMib,
    maxMemoryUsedMB: Math.round(report.maxMemoryUsedMib),
    ...(initDurationMs === undefined ? undefined : { initDurationMs }),
    ...(restoreDurationMs === undefined
      ? undefined
      : { restoreDurationMs, billedRestoreDurationMs: Math.ceil(restoreDurationMs) }),
  }
}

function toSpan({ startMs, durationMs }: NonNullable<Measured['extensionOverhead']>): Span {
  return { name: 'extensionOverhead', start: new Date(startMs).toISOString(), durationMs }
}
