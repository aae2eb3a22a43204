/**
 * The trunk: every way to run a function ends here, synchronous or from a queue, a schedule or a URL. It takes an environment,
 * hands the event over, answers when the reply is known, and writes the one report when the run is over.
 * Retries, destinations and the wire are not its concern.
 */
import type { Clock } from '../lib/clock.ts'
import type { Ids } from '../lib/ids.ts'
import { missingTenant } from '../lib/errors/lambda.ts'
import { background } from '../lib/background.ts'
import type { InvocationHooks, Outcome, ResponseSink } from '../environment/contract.ts'
import type { Fleet } from '../fleet/fleet.ts'
import type { LeaseRequest } from '../fleet/fleet-options.ts'
import type { Lease } from '../fleet/member.ts'
import type { Invocation, Reply } from '../model.ts'
import type { PlatformEvent } from '../observe/platform-events.ts'
import { type Bandwidth, ThrottledSink } from './bandwidth.ts'
import { toReport, toReportRecord, toStartRecord } from './report.ts'
import type { Report } from './report.ts'
import { Tail } from './tail.ts'
import { enterSegment } from './tracing.ts'

export type RunOptions = LeaseRequest & {
  /** the last 4 KB of the log are wanted: the answer then waits for the report */
  readonly wantsTail?: boolean
  /** gets the response: as the runtime streams it, or in one piece. A reply of kind `ok` then has no payload */
  readonly sink?: ResponseSink
}

export type RunResult = {
  readonly reply: Reply
  /** `$LATEST` or a number */
  readonly executedVersion: string
  readonly tail?: Buffer
}

export type TrunkOptions = {
  readonly fleet: Fleet
  readonly clock: Clock
  readonly ids: Ids
  /** of streamed responses; unlimited when absent */
  readonly streamBandwidth?: Bandwidth | undefined
  /** called once for each invocation that ran: metrics, bills */
  readonly onReport?: (report: Report) => void
}

/** Run one invocation to its reply.
 *  @throws AwsError 400 without a tenant where tenants are kept apart, 429 when concurrency is spent, 502 when its runtime is not there, 408 or 400 when no snapshot could be restored */
export type Run = (invocation: Invocation, options: RunOptions) => Promise<RunResult>

/** Make the trunk over a fleet. */
export function createRun(trunk: TrunkOptions): Run {
  return async (asked, options) => {
    // Queues and URLs name no tenant: without one all would share environments.
    if (asked.version.isTenantIsolated === true && asked.tenantId === undefined) {
      throw missingTenant()
    }
    const invocation = enterSegment(asked, trunk.ids)
    const leased = trunk.fleet.lease(invocation.version, options, invocation.tenantId)
    const lease = leased instanceof Promise ? await leased : leased
    if (options.signal?.aborted === true) {
      // The environment goes on starting and serves the next.
      lease.release()
      throw options.signal.reason
    }
    return new Promise((resolve, reject) => {
      const running = new Running(trunk, lease, invocation, {
        tail: options.wantsTail === true ? new Tail(invocation.version.logFormat) : undefined,
        sink: options.sink && throttled(trunk, options.sink),
        resolve,
        reject,
      })
      background(
        'invocation',
        lease.environment.invoke(invocation, running).then((outcome) => running.finish(outcome)),
      )
    })
  }
}

function throttled(trunk: TrunkOptions, sink: ResponseSink): ResponseSink {
  return trunk.streamBandwidth === 'aws' ? new ThrottledSink(sink, trunk.clock) : sink
}

type Answer = {
  readonly tail: Tail | undefined
  readonly sink: ResponseSink | undefined
  readonly resolve: (result: RunResult) => void
  readonly reject: (error: Error) => void
}

/** One invocation in its environment. */
class Running implements InvocationHooks {
  readonly sink: ResponseSink | undefined
  readonly #trunk: TrunkOptions
  readonly #lease: Lease
  readonly #invocation: Invocation
  readonly #tail: Tail | undefined
  readonly #resolve: (result: RunResult) => void
  readonly #reject: (error: Error) => void
  #hasStarted = false
  #reply: Reply | undefined

  constructor(trunk: TrunkOptions, lease: Lease, invocation: Invocation, answer: Answer) {
    this.#trunk = trunk
    this.#lease = lease
    this.#invocation = invocation
    this.sink = answer.sink
    this.#tail = answer.tail
    this.#resolve = answer.resolve
    this.#reject = answer.reject
  }

  onStart(): void {
    if (this.#hasStarted) return
    this.#hasStarted = true
    if (this.#lease.isCold) this.#lease.started()
    this.#emit({ type: 'platform.start', record: toStartRecord(this.#invocation) })
  }

  onReply(reply: Reply): void {
    if (this.#reply !== undefined) return
    this.#reply = this.sink === undefined ? reply : this.#poured(reply, this.sink)
    this.#lease.replied()
    if (this.#tail === undefined) this.#answer(this.#reply)
  }

  onLine(line: string): void {
    this.#tail?.add(line)
  }

  /** The run is over: report, give the environment back. */
  finish(outcome: Outcome): void {
    const { onReport } = this.#trunk
    // An init that failed for good still gets its START.
    this.onStart()
    const report = toReport(this.#invocation, outcome.reply, outcome.measured)
    this.#emit({ type: 'platform.end', record: { requestId: this.#invocation.requestId } })
    this.#emit({ type: 'platform.report', record: toReportRecord(report, this.#invocation) })
    this.#lease.release()
    if (this.#reply === undefined || this.#tail !== undefined) {
      this.#answer(this.#reply ?? outcome.reply)
    }
    onReport?.(report)
  }

  /** A response that did not come as a stream goes into the sink in one piece. */
  #poured(reply: Reply, sink: ResponseSink): Reply {
    if (reply.kind !== 'ok' || reply.payload.length === 0) return reply
    sink.begin(reply.contentType)
    for (const chunk of reply.payload) sink.write(chunk)
    return { ...reply, payload: [] }
  }

  #answer(reply: Reply): void {
    if ('refusal' in reply && reply.refusal !== undefined) {
      this.#reject(reply.refusal)
      return
    }
    const executedVersion = this.#invocation.version.version
    this.#resolve(
      this.#tail === undefined
        ? { reply, executedVersion }
        : { reply, executedVersion, tail: this.#tail.toBytes() },
    )
  }

  #emit(event: PlatformEvent): void {
    const line = this.#lease.environment.emit(event)
    if (line !== undefined) this.#tail?.add(line)
  }
}
