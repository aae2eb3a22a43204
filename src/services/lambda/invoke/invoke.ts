/**
 * Invoke and the legacy InvokeAsync, undecoded: the hot path. Reads headers, checks the payload, finds the version and hands over
 * to the trunk or to the queue of asynchronous events. What the function answers goes back as it came.
 * source: AWS Lambda API reference "Invoke", "InvokeAsync"; service model 2015-03-31
 */
import type { Clock } from '../../../lib/clock.ts'
import type { Ids } from '../../../lib/ids.ts'
import { AwsError } from '../../../lib/errors/aws-error.ts'
import type {
  RawHandler,
  RawRequest,
  RawResponse,
  RequestContext,
} from '../../../gateway/service.ts'
import type { Events } from '../../../invoke/events.ts'
import { traceOf, traceOfCall } from '../../../invoke/lineage.ts'
import type { Run, RunResult } from '../../../invoke/run.ts'
import type { Target, Targets } from '../../../invoke/target.ts'
import type { FunctionVersion, Invocation } from '../../../model.ts'
import { readClientContext } from './client-context.ts'
import type { LambdaHandlers } from '../dependencies.ts'
import { checkPayload, checkSize } from './invoke-payload.ts'
import { parseInvokeTarget } from './invoke-target.ts'
import { responseStreamHandlers } from './invoke-with-response-stream.ts'
import { tenantOf } from './tenant.ts'
import { JsonThread } from './json-thread.ts'

export type InvokeDependencies = {
  readonly targets: Targets
  readonly run: Run
  readonly events: Events
  readonly clock: Clock
  readonly ids: Ids
}

export type InvokeHandlers = {
  readonly raw: { readonly Invoke: RawHandler; readonly InvokeAsync: RawHandler }
  readonly handlers: Pick<LambdaHandlers, 'InvokeWithResponseStream'>
  /** let the payload checker go */
  readonly close: () => Promise<void>
}

const uuid = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i
const nothing: readonly Uint8Array[] = []
const accepted = [Buffer.from('{"Status":202}')]

/** The handlers of the lambda service that invoke. */
export function createInvokeHandlers(dependencies: InvokeDependencies): InvokeHandlers {
  const thread = new JsonThread(dependencies.clock)
  const invoker = { ...dependencies, thread }
  return {
    raw: {
      Invoke: (request, context) => invoke(invoker, request, context),
      InvokeAsync: (request, context) => invokeAsync(invoker, request, context),
    },
    handlers: responseStreamHandlers(invoker),
    close: () => thread.close(),
  }
}

/** What the operations that invoke work with. */
export type Invoker = InvokeDependencies & { readonly thread: JsonThread }

async function invoke(
  invoker: Invoker,
  request: RawRequest,
  context: RequestContext,
): Promise<RawResponse> {
  const { headers, body } = request
  const type = headers['x-amz-invocation-type'] ?? 'RequestResponse'
  checkEnum(type, 'invocationType', invocationTypes)
  const logType = headers['x-amz-log-type'] ?? 'None'
  checkEnum(logType, 'logType', logTypes)
  checkSize(body, type === 'Event')
  const requestId = requestIdOf(headers, context)
  const { functionName, qualifier } = parseInvokeTarget(request.target)
  const target = invoker.targets.resolve(context, functionName, qualifier)
  if (type === 'DryRun')
    return { status: 204, headers: { 'x-amzn-RequestId': requestId }, body: nothing }
  const isEvent = type === 'Event'
  const clientContext = isEvent ? undefined : readClientContext(headers['x-amz-client-context'])
  const checked = checkPayload(body, invoker.thread)
  const payload = checked instanceof Promise ? await checked : checked
  const { clock, ids } = invoker
  const trace = isEvent ? traceOf : traceOfCall
  const traceId = trace(headers['x-amzn-trace-id'], target.lineage, clock.nowMs(), ids)
  const version = target.version instanceof Promise ? await target.version : target.version
  const tenantId = tenantOf(headers['x-amz-tenant-id'], version)
  if (isEvent) {
    await accept(invoker, target, { version, requestId, traceId, payload, tenantId })
    return {
      status: 202,
      headers: { 'x-amzn-RequestId': requestId, 'X-Amzn-Trace-Id': traceId },
      body: nothing,
    }
  }
  const invocation: Invocation = {
    requestId,
    version,
    invokedArn: target.invokedArn,
    payload,
    traceId,
    ...(clientContext === undefined ? undefined : { clientContext }),
    ...(tenantId === undefined ? undefined : { tenantId }),
  }
  const result = await invoker.run(invocation, {
    reservedConcurrency: target.reservedConcurrency,
    unreservedConcurrency: invoker.targets.unreservedConcurrency(context),
    wantsTail: logType === 'Tail',
  })
  return toResponse(result, invocation)
}

async function invokeAsync(
  invoker: Invoker,
  request: RawRequest,
  context: RequestContext,
): Promise<RawResponse> {
  checkSize(request.body, true)
  const { functionName } = parseInvokeTarget(request.target)
  const target = invoker.targets.resolve(context, functionName, undefined)
  const payload = await checkPayload(request.body, invoker.thread)
  const version = await target.version
  const tenantId = tenantOf(request.headers['x-amz-tenant-id'], version)
  const requestId = requestIdOf(request.headers, context)
  const header = request.headers['x-amzn-trace-id']
  const traceId = traceOf(header, target.lineage, invoker.clock.nowMs(), invoker.ids)
  await accept(invoker, target, { version, requestId, traceId, payload, tenantId })
  return {
    status: 202,
    headers: { 'Content-Type': 'application/json', 'x-amzn-RequestId': requestId },
    body: accepted,
  }
}

type Accepted = {
  readonly version: FunctionVersion
  readonly requestId: string
  readonly traceId: string
  readonly tenantId: string | undefined
  readonly payload: readonly Uint8Array[]
}

/** Durable when it resolves. The name and qualifier are kept, not the version: an alias may have moved when the event runs. */
async function accept(invoker: Invoker, target: Target, event: Accepted): Promise<void> {
  const { version, requestId, traceId, tenantId, payload } = event
  const qualifier = qualifierOf(target, version)
  await invoker.events.accept({
    accountId: version.accountId,
    region: version.region,
    functionName: version.functionName,
    ...(qualifier === undefined ? {} : { qualifier }),
    requestId,
    traceId,
    ...(tenantId === undefined ? {} : { tenantId }),
    payload,
  })
}

/** What follows the function's name in the ARN that was invoked. */
function qualifierOf(target: Target, version: FunctionVersion): string | undefined {
  const marker = `:function:${version.functionName}:`
  const at = target.invokedArn.indexOf(marker)
  return at === -1 ? undefined : target.invokedArn.slice(at + marker.length)
}

function toResponse(
  { reply, executedVersion, tail }: RunResult,
  invocation: Invocation,
): RawResponse {
  const headers: Record<string, string> = {
    'Content-Type': 'application/json',
    'x-amzn-RequestId': invocation.requestId,
    'x-amzn-Remapped-Content-Length': '0',
    'X-Amz-Executed-Version': executedVersion,
    'X-Amzn-Trace-Id': invocation.traceId,
  }
  if (reply.kind !== 'ok') headers['X-Amz-Function-Error'] = 'Unhandled'
  if (tail !== undefined) headers['X-Amz-Log-Result'] = tail.toString('base64')
  return { status: 200, headers, body: reply.payload }
}

/** A client may name its request itself, with a UUID. */
function requestIdOf(headers: RawRequest['headers'], context: RequestContext): string {
  const own = headers['x-amzn-requestid']
  return own !== undefined && uuid.test(own) ? own : context.requestId
}

const invocationTypes = ['Event', 'RequestResponse', 'DryRun'] as const
const logTypes = ['None', 'Tail'] as const

function checkEnum(value: string, member: string, allowed: readonly string[]): void {
  if (allowed.includes(value)) return
  throw new AwsError({
    code: 'ValidationException',
    status: 400,
    message: `1 validation error detected: Value '${value}' at '${member}' failed to satisfy constraint: Member must satisfy enum value set: [${allowed.join(', ')}]`,
  })
}
