/** Runs a function folder under AWS's Runtime Interface Emulator: proof that a program works where AWS says it must, and the
 *  opponent of the benchmarks. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { emulatorPath } from './programs.ts'

export type Emulator = AsyncDisposable & {
  /** where `POST` invokes the function */
  readonly url: string
  readonly port: number
  readonly pid: number
}

const readyTimeoutMs = 10_000

/** Start the emulator on free ports with the program `bootstrap` of a folder.
 *  @throws Error when it does not listen within 10 s */
export async function startEmulator(options: {
  folder: string
  handler: string
  environment?: Readonly<Record<string, string>>
}): Promise<Emulator> {
  const port = await freePort()
  const apiPort = await freePort()
  const argv = [
    '--runtime-interface-emulator-address',
    `127.0.0.1:${port}`,
    '--runtime-api-address',
    `127.0.0.1:${apiPort}`,
    '--log-level',
    'error',
    join(options.folder, 'bootstrap'),
    options.handler,
  ]
  const child = spawn(emulatorPath, argv, {
    cwd: options.folder,
    detached: true,
    stdio: 'ignore',
    env: {
      PATH: '/usr/local/bin:/usr/bin:/bin',
      LAMBDA_TASK_ROOT: options.folder,
      _HANDLER: options.handler,
      AWS_LAMBDA_FUNCTION_TIMEOUT: '60',
      ...options.environment,
    },
  })
  const exited = once(child, 'exit')
  const { pid } = child
  if (pid === undefined) throw new Error(`Cannot start the emulator "${emulatorPath}"`)
  const stop = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) process.kill(-pid, 'SIGKILL')
    await exited
  }
  const url = `http://127.0.0.1:${port}/2015-03-31/functions/function/invocations`
  if (!(await isListening(url))) {
    await stop()
    throw new Error('The emulator does not listen')
  }
  return { url, port, pid, [Symbol.asyncDispose]: stop }
}

async function isListening(url: string): Promise<boolean> {
  const deadline = performance.now() + readyTimeoutMs
  while (performance.now() < deadline) {
    try {
      await fetch(new URL('/', url))
      return true
    } catch {
      await sleep(20)
    }
  }
  return false
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('No port was given')
  return address.port
}
