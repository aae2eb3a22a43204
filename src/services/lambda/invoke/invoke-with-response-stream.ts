/**
 * InvokeWithResponseStream: the answer is an event stream that begins with the first bytes of the function, one PayloadChunk for
 * each piece as it comes, and ends with InvokeComplete. What is wrong before the first byte of a caller's request is an ordinary error.
 * source: AWS Lambda API reference "InvokeWithResponseStream", "InvokeWithResponseStreamCompleteEvent".
 */
import type {
  InvokeWithResponseStreamCompleteEvent,
  InvokeWithResponseStreamResponseEvent,
} from '@aws-sdk/client-lambda'
import { ResponseStream } from '../../../invoke/response-stream.ts'
import type { RunResult } from '../../../invoke/run.ts'
import { traceOfCall } from '../../../invoke/lineage.ts'
import type { Invocation, Reply } from '../../../model.ts'
import { readClientContext } from './client-context.ts'
import type { LambdaHandlers } from '../dependencies.ts'
import { checkPayload, checkSize } from './invoke-payload.ts'
import type { Invoker } from './invoke.ts'
import { tenantOf } from './tenant.ts'

type Operation = 'InvokeWithResponseStream'

/** The handler. */
export function responseStreamHandlers(invoker: Invoker): Pick<LambdaHandlers, Operation> {
  return {
    InvokeWithResponseStream: async (input, context) => {
      const body = input.Payload === undefined ? [] : [input.Payload as Uint8Array]
      checkSize(body, false)
      const { targets, clock, ids } = invoker
      const target = targets.resolve(context, input.FunctionName ?? '', input.Qualifier)
      if (input.InvocationType === 'DryRun') return { StatusCode: 204, EventStream: undefined }
      const clientContext = readClientContext(input.ClientContext)
      const payload = await checkPayload(body, invoker.thread)
      const version = await target.version
      const tenantId = tenantOf(input.TenantId, version)
      const invocation: Invocation = {
        requestId: context.requestId,
        version,
        invokedArn: target.invokedArn,
        payload,
        traceId: traceOfCall(
          context.headers['x-amzn-trace-id'],
          target.lineage,
          clock.nowMs(),
          ids,
        ),
        ...(clientContext === undefined ? undefined : { clientContext }),
        ...(tenantId === undefined ? undefined : { tenantId }),
      }
      const stream = new ResponseStream()
      stream.abandonOn(context.signal)
      const running = invoker.run(invocation, {
        reservedConcurrency: target.reservedConcurrency,
        unreservedConcurrency: targets.unreservedConcurrency(context),
        wantsTail: input.LogType === 'Tail',
        sink: stream,
      })
      // A refusal (throttling) before the first byte is this operation's own error.
      await Promise.race([stream.begun, running])
      return {
        StatusCode: 200,
        ExecutedVersion: version.version,
        EventStream: toEvents(stream, running),
      }
    },
  }
}

/** The events of one response. */
async function* toEvents(
  stream: ResponseStream,
  running: Promise<RunResult>,
): AsyncGenerator<InvokeWithResponseStreamResponseEvent> {
  const ended = running.finally(() => stream.end())
  // It is waited for after the last chunk.
  ended.catch(() => {})
  for await (const chunk of stream) yield { PayloadChunk: { Payload: chunk } }
  yield { InvokeComplete: toComplete(await ended) }
}

/** Errors that the platform found; all others were told by the runtime. */
const ownErrorTypes = new Set(['Function.ResponseSizeTooLarge', 'Runtime.TruncatedResponse'])

function toComplete({ reply, tail }: RunResult): InvokeWithResponseStreamCompleteEvent {
  return {
    ...(reply.kind !== 'ok' && {
      ErrorCode: errorCodeOf(reply),
      ErrorDetails: Buffer.concat(reply.payload).toString(),
    }),
    ...(tail !== undefined && { LogResult: tail.toString('base64') }),
  }
}

/** `Unhandled` for what the function or its runtime reported, as in X-Amz-Function-Error; the platform's own by their type. */
function errorCodeOf(reply: Exclude<Reply, { kind: 'ok' }>): string {
  const isReported = reply.kind === 'function-error' && !ownErrorTypes.has(reply.errorType)
  return isReported ? 'Unhandled' : reply.errorType
}
