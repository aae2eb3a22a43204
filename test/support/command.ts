/** Runs one command to its end and keeps what it printed. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'

export type CommandResult = { readonly exitCode: number | null; stdout: string; stderr: string }

/** Run a program with exactly this environment.
 *  @param input      what it reads on standard input; nothing unless told
 *  @param timeoutMs  it is killed after this long; exitCode is then null */
export async function runCommand(
  argv: readonly [string, ...string[]],
  options: {
    environment: Readonly<Record<string, string>>
    cwd?: string
    input?: string
    timeoutMs: number
  },
): Promise<CommandResult> {
  const [program, ...rest] = argv
  const child = spawn(program, rest, {
    env: { ...options.environment },
    cwd: options.cwd,
    stdio: ['pipe', 'pipe', 'pipe'],
    timeout: options.timeoutMs,
  })
  const exited = once(child, 'close')
  // A program that does not read its input may be gone before it is written.
  child.stdin.on('error', () => undefined).end(options.input)
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)])
  await exited
  return { exitCode: child.exitCode, stdout, stderr }
}
