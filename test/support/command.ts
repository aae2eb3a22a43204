/** Runs one command to its end and keeps what it printed. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'

export type CommandResult = { readonly exitCode: number | null; stdout: string; stderr: string }

/** Run a program with exactly this environment.
 *  @param timeoutMs  it is killed after this long; exitCode is then null */
export async function runCommand(
  argv: readonly [string, ...string[]],
  options: { environment: Readonly<Record<string, string>>; cwd?: string; timeoutMs: number },
): Promise<CommandResult> {
  const [program, ...rest] = argv
  const child = spawn(program, rest, {
    env: { ...options.environment },
    cwd: options.cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: options.timeoutMs,
  })
  const exited = once(child, 'close')
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)])
  await exited
  return { exitCode: child.exitCode, stdout, stderr }
}
