/**
 * One function of a folder or a zip, run in this process without any server: the same environments, fleet and trunk as the server's,
 * with logs in memory. `lair invoke` and `lair emulate` use it.
 */
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join, resolve } from 'node:path'
import { defaults, lambdaLimits } from '../config.ts'
import { Fleet } from '../fleet/fleet.ts'
import { createLauncher } from '../fleet/launch.ts'
import { WarmPool } from '../fleet/warm-pool.ts'
import { createRun, type RunResult } from '../invoke/run.ts'
import { traceIdFor } from '../invoke/trace-id.ts'
import { systemClock as clock } from '../lib/clock.ts'
import { systemIds as ids } from '../lib/ids.ts'
import type { FunctionVersion } from '../model.ts'
import { unpackZip } from '../packages/unpack.ts'
import { createCatalogue } from '../runtimes/catalogue.ts'
import { createProcessDriver } from '../sandbox/process/process-driver.ts'
import { dataDirectory } from './data-directory.ts'
import { guessFunction, type FunctionKind } from './function-folder.ts'
import { toPositive } from './numbers.ts'
import { toVariables } from './variables.ts'

export type LocalFunctionOptions = {
  data: string
  runtime?: string
  handler?: string
  /** MiB */
  memory: string
  /** seconds */
  timeout: string
  /** `NAME=value` */
  env?: string[]
  /** lines as the function and the platform write them */
  onLine?: (line: string) => void
}

export type LocalFunction = {
  /** runtime and handler, for people */
  readonly description: string
  run(
    event: Uint8Array,
    options: { wantsTail: boolean; clientContext?: string; requestId?: string },
  ): Promise<RunResult>
  close(): Promise<void>
}

const drainMs = 2000
/** Lambda has no more */
const maxMemoryMib = 10_240
/** a day: somebody may sit in a debugger */
const maxTimeoutSeconds = 86_400

/** Make a folder or zip ready to run.
 *  @throws CommandError when it holds no function, or an option is malformed */
export async function openLocalFunction(
  target: string,
  options: LocalFunctionOptions,
): Promise<LocalFunction> {
  const closers = new AsyncDisposableStack()
  try {
    const directory = await mkdtemp(join(tmpdir(), 'lair-local-'))
    closers.defer(() => rm(directory, { recursive: true, force: true }))
    const version = await localVersion(target, directory, options)
    const driver = await createProcessDriver({ directory, clock, ids })
    closers.defer(() => driver.close())
    const warmPool = new WarmPool({ clock, ids, driver, size: 0 })
    const launch = createLauncher({
      driver,
      warmPool,
      clock,
      ids,
      catalogue: createCatalogue({ directory: dataDirectory(options.data), clock }),
      logs: { append: (_place, _group, _stream, { message }) => options.onLine?.(message) },
      endpointUrl: () => process.env['AWS_ENDPOINT_URL'],
    })
    const fleet = new Fleet({ clock, launch, isFreezing: false })
    closers.defer(() => fleet.close({ drainMs }))
    const run = createRun({ fleet, clock, ids })
    return {
      description: `${basename(resolve(target))} (${version.runtime}, ${version.handler})`,
      run: (event, { wantsTail, clientContext, requestId }) =>
        run(
          {
            requestId: requestId ?? ids.uuid(),
            version,
            invokedArn: version.arn.replace(/:\$LATEST$/, ''),
            payload: [event],
            traceId: traceIdFor(undefined, clock.nowMs(), ids),
            ...(clientContext !== undefined && { clientContext }),
          },
          {
            wantsTail,
            reservedConcurrency: undefined,
            unreservedConcurrency: lambdaLimits.maxConcurrentExecutions,
          },
        ),
      close: () => closers.disposeAsync(),
    }
  } catch (error) {
    await closers.disposeAsync()
    throw error
  }
}

async function localVersion(
  target: string,
  directory: string,
  options: LocalFunctionOptions,
): Promise<FunctionVersion> {
  const codePath = target.endsWith('.zip') ? join(directory, 'code') : resolve(target)
  if (target.endsWith('.zip')) {
    await mkdir(codePath)
    await unpackZip(await readFile(target), codePath)
  }
  const kind = guessFunction(codePath, given(options))
  const functionName = basename(resolve(target)).replace(/\.zip$|[^A-Za-z0-9-_]/g, '') || 'function'
  const { accountId, region } = defaults
  return {
    accountId,
    region,
    functionName,
    codePath,
    ...kind,
    version: '$LATEST',
    arn: `arn:aws:lambda:${region}:${accountId}:function:${functionName}:$LATEST`,
    revisionId: ids.uuid(),
    memoryMib: toPositive('--memory', options.memory, maxMemoryMib),
    timeoutMs: toPositive('--timeout', options.timeout, maxTimeoutSeconds) * 1000,
    ephemeralStorageMib: 512,
    architecture: process.arch === 'arm64' ? 'arm64' : 'x86_64',
    environment: toVariables(options.env ?? []),
    roleArn: `arn:aws:iam::${accountId}:role/${functionName}`,
    logGroup: `/aws/lambda/${functionName}`,
    logFormat: 'Text',
  }
}

function given({ runtime, handler }: LocalFunctionOptions): Partial<FunctionKind> {
  return { ...(runtime !== undefined && { runtime }), ...(handler !== undefined && { handler }) }
}
