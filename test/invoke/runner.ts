/** The trunk over real environments: processes of this machine, no server and no store. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Fleet } from '../../src/fleet/fleet.ts'
import { createLauncher } from '../../src/fleet/launch.ts'
import type { PlanLimits } from '../../src/fleet/plan.ts'
import { WarmPool } from '../../src/fleet/warm-pool.ts'
import type { Report } from '../../src/invoke/report.ts'
import { createRun } from '../../src/invoke/run.ts'
import type { RunOptions, RunResult } from '../../src/invoke/run.ts'
import { systemClock as clock } from '../../src/lib/clock.ts'
import { systemIds as ids } from '../../src/lib/ids.ts'
import type { FunctionVersion } from '../../src/model.ts'
import { openMemoryLogs } from '../../src/observe/log-store.ts'
import { createCatalogue } from '../../src/runtimes/catalogue.ts'
import { createProcessDriver } from '../../src/sandbox/process/process-driver.ts'
import { versionOf } from '../support/version.ts'

/** Folder of the bash runtime whose events say what to do. */
export const scriptedCode = join(import.meta.dirname, 'programs')

/** What the bash runtime answers. */
export type Scripted = { count: number; stream: string; version: string }

/** Open everything an invocation needs. */
export async function openRunner(
  options: { limits?: Partial<PlanLimits>; warmPoolSize?: number } = {},
) {
  const directory = mkdtempSync(join(tmpdir(), 'lair-invoke-'))
  const driver = await createProcessDriver({ directory, clock, ids })
  const catalogue = createCatalogue({ directory, clock })
  const logs = openMemoryLogs(clock)
  const warmPool = new WarmPool({ clock, ids, driver, size: options.warmPoolSize ?? 0 })
  const launch = createLauncher({ driver, catalogue, warmPool, logs, clock, ids })
  const fleet = new Fleet({ clock, launch, ...(options.limits && { limits: options.limits }) })
  const reports: Report[] = []
  const run = createRun({ fleet, clock, ids, onReport: (report) => reports.push(report) })
  return {
    fleet,
    logs,
    warmPool,
    catalogue,
    run,
    reports,
    /** Run an event of any kind. */
    invoke(
      version: FunctionVersion,
      event: object,
      runOptions: Partial<RunOptions> = {},
    ): Promise<RunResult> {
      const invocation = {
        requestId: ids.uuid(),
        version,
        invokedArn: version.arn,
        payload: [Buffer.from(JSON.stringify(event))],
        traceId: 'Root=1-0-0',
      }
      return run(invocation, { unreservedConcurrency: 1000, ...runOptions })
    },
    async [Symbol.asyncDispose]() {
      await fleet.close({ drainMs: 1000 })
      await warmPool.close()
      await driver.close()
      await logs.close()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

/** A function of the bash runtime. */
export function scripted(differing: Partial<FunctionVersion> = {}): FunctionVersion {
  return versionOf({ codePath: scriptedCode, timeoutMs: 10_000, ...differing })
}

/** The payload of a reply as text. */
export function textOf({ reply }: RunResult): string {
  return Buffer.concat(reply.payload).toString()
}

/** The answer of the bash runtime. */
export function answerOf(result: RunResult): Scripted {
  return JSON.parse(textOf(result)) as Scripted
}
