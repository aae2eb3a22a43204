/** Runs a bootstrap as a process against the test's Runtime API and tells what came of it: posts, output, exit. */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { startRuntimeApi } from './runtime-api.ts'
import type { Post, RuntimeApi, ScriptedEvent } from './runtime-api.ts'

export type GuestSpec = {
  /** interpreter, its flags and the bootstrap */
  readonly argv: readonly string[]
  readonly taskRoot: string
  readonly handler: string
  /** e.g. `nodejs24.x` */
  readonly runtime: string
  readonly environment?: Record<string, string>
  /** start generic and assign by one line on standard input */
  readonly isPrepared?: boolean
}

export type Run = {
  readonly posts: readonly Post[]
  readonly stdout: string
  readonly stdoutBytes: Buffer
  readonly stderr: string
  readonly stderrBytes: Buffer
  /** exit status; undefined when the process still waited for events at the end and was stopped */
  readonly exitCode?: number
  /** ms from spawn (or from the assignment) to the first `next` */
  readonly startMs?: number
}

const DEADLINE_MS = 20_000

/** Feed `events` one after the other; ends when the runtime asks for one more or when its process ends. */
export async function runGuest(
  spec: GuestSpec,
  events: readonly (string | ScriptedEvent)[],
): Promise<Run> {
  await using api = await startRuntimeApi()
  const environment = environmentOf(spec, api)
  const child =
    spec.isPrepared === true ? await startPrepared(spec, environment) : startCold(spec, environment)
  const startedAt = performance.now()
  const output = collect(child)
  const exited = new Promise<number | undefined>((resolve) =>
    child.once('close', (code) => resolve(code ?? undefined)),
  )
  if (spec.isPrepared === true) {
    child.stdin?.end(`${JSON.stringify({ environment, workingDirectory: spec.taskRoot })}\n`)
  }
  for (const event of events) api.push(typeof event === 'string' ? { payload: event } : event)
  let hasExited = false
  const deadline = AbortSignal.timeout(DEADLINE_MS)
  deadline.addEventListener('abort', () => child.kill('SIGKILL'))
  await Promise.race([
    api.waitForNext(events.length + 1),
    exited.then(() => {
      hasExited = true
    }),
  ])
  if (!hasExited) child.kill('SIGKILL')
  const exitCode = await exited
  if (deadline.aborted)
    throw new Error(
      `Guest ran into its deadline: ${output.stdout().toString()} ${output.stderr().toString()}`,
    )
  const firstNext = api.nextTimes[0]
  return {
    posts: api.posts,
    stdout: output.stdout().toString(),
    stdoutBytes: output.stdout(),
    stderr: output.stderr().toString(),
    stderrBytes: output.stderr(),
    ...(hasExited && exitCode !== undefined ? { exitCode } : {}),
    ...(firstNext === undefined ? {} : { startMs: firstNext - startedAt }),
  }
}

function environmentOf(spec: GuestSpec, api: RuntimeApi): Record<string, string> {
  return {
    AWS_LAMBDA_RUNTIME_API: api.address,
    _HANDLER: spec.handler,
    LAMBDA_TASK_ROOT: spec.taskRoot,
    AWS_EXECUTION_ENV: `AWS_Lambda_${spec.runtime}`,
    AWS_LAMBDA_FUNCTION_NAME: 'fixture',
    AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '128',
    AWS_LAMBDA_LOG_GROUP_NAME: '/aws/lambda/fixture',
    AWS_LAMBDA_LOG_STREAM_NAME: '2026/11/20/[$LATEST]0123456789abcdef0123456789abcdef',
    PATH: '/usr/local/bin:/usr/bin:/bin',
    LANG: 'en_US.UTF-8',
    TZ: ':UTC',
    ...spec.environment,
  }
}

function startCold(spec: GuestSpec, environment: Record<string, string>): ChildProcess {
  const [program = '', ...rest] = spec.argv
  return spawn(program, rest, {
    cwd: spec.taskRoot,
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
}

/** Start without any of the function's environment and give it time to load: it must not ask for events by itself. */
async function startPrepared(
  spec: GuestSpec,
  environment: Record<string, string>,
): Promise<ChildProcess> {
  const [program = '', ...rest] = spec.argv
  const child = spawn(program, [...rest, '--wait'], {
    cwd: '/',
    env: { PATH: environment['PATH'] ?? '', LEFTOVER: 'of the generic process' },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  await new Promise((resolve) => setTimeout(resolve, 150))
  return child
}

function collect(child: ChildProcess): { stdout: () => Buffer; stderr: () => Buffer } {
  const chunks = { stdout: [] as Buffer[], stderr: [] as Buffer[] }
  child.stdout?.on('data', (chunk: Buffer) => chunks.stdout.push(chunk))
  child.stderr?.on('data', (chunk: Buffer) => chunks.stderr.push(chunk))
  return {
    stdout: () => Buffer.concat(chunks.stdout),
    stderr: () => Buffer.concat(chunks.stderr),
  }
}
