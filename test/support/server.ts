/** Starts the real server as a child process, as a user would: `lair start --port 0 --data <temp> --json`. */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'

const entry = resolve(import.meta.dirname, '../../bin/lair.js')
const readyTimeoutMs = 20_000
const stopTimeoutMs = 15_000

export type LairServer = AsyncDisposable & {
  /** `http://127.0.0.1:<port>` */
  readonly endpoint: string
  readonly pid: number
  /** milliseconds from spawn to the line that says it is ready */
  readonly readyMs: number
  readonly dataFolder: string
  /** resident memory of the server process itself, MiB */
  residentMib(): number
  /** `kill -9`; the data stays */
  kill(): Promise<void>
  /** SIGTERM and wait */
  stop(): Promise<void>
  /** the newest of what it wrote to stderr, at most 64 KiB */
  readonly complaints: () => string
}

export type ServerOptions = {
  /** kept when given; otherwise a temporary folder, removed at the end */
  readonly dataFolder?: string
  readonly arguments?: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
}

/** Start a server and wait until it is ready.
 *  @throws Error with its stderr when it is not ready within 20 s */
export async function startServer(options: ServerOptions = {}): Promise<LairServer> {
  const dataFolder = options.dataFolder ?? mkdtempSync(join(tmpdir(), 'lair-compat-'))
  const startedAt = performance.now()
  const child = spawn(
    process.execPath,
    [entry, 'start', '--port', '0', '--data', dataFolder, '--json', ...(options.arguments ?? [])],
    { stdio: ['ignore', 'pipe', 'pipe'], env: serverEnvironment(options.environment) },
  )
  const complaints = keepTail(child)
  const endpoint = await endpointOf(child).catch((cause: unknown) => {
    child.kill('SIGKILL')
    throw new Error(`The server did not start:\n${complaints()}`, { cause })
  })
  const readyMs = performance.now() - startedAt
  const { pid } = child
  if (pid === undefined) throw new Error('The server has no process id')
  return {
    endpoint,
    pid,
    readyMs,
    dataFolder,
    residentMib: () => residentMib(pid),
    kill: () => end(child, 'SIGKILL'),
    stop: () => end(child, 'SIGTERM'),
    complaints,
    async [Symbol.asyncDispose]() {
      await end(child, 'SIGTERM')
      if (options.dataFolder === undefined) rmSync(dataFolder, { recursive: true, force: true })
    },
  }
}

/** This process's environment without what slows or misleads the children. */
function serverEnvironment(extra: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  const environment = { ...process.env, ...extra }
  for (const name of Object.keys(environment)) {
    const isOurs = name in extra
    if (!isOurs && /^(AWS_|NODE_EXTRA_CA_CERTS$|NODE_OPTIONS$|NODE_TEST_CONTEXT$)/.test(name)) {
      delete environment[name]
    }
  }
  return environment
}

async function endpointOf(child: ChildProcess): Promise<string> {
  const { stdout } = child
  if (!stdout) throw new Error('The server has no output')
  const deadline = setTimeout(() => child.kill('SIGKILL'), readyTimeoutMs)
  try {
    for await (const line of createInterface({ input: stdout })) {
      const message = tryParse(line)
      if (typeof message?.endpoint === 'string') return message.endpoint
    }
    throw new Error('It ended before it was ready')
  } finally {
    clearTimeout(deadline)
    stdout.resume()
  }
}

function tryParse(line: string): { endpoint?: unknown } | undefined {
  try {
    return JSON.parse(line) as { endpoint?: unknown }
  } catch {
    return undefined
  }
}

function keepTail(child: ChildProcess): () => string {
  let tail = ''
  child.stderr?.on('data', (chunk: Buffer) => {
    tail = (tail + chunk.toString()).slice(-65_536)
  })
  return () => tail
}

async function end(child: ChildProcess, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill(signal)
  const forced = setTimeout(() => child.kill('SIGKILL'), stopTimeoutMs)
  await exited
  clearTimeout(forced)
}

/** Resident memory of a process, MiB. */
export function residentMib(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  const kib = /^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]
  return Number(kib) / 1024
}
