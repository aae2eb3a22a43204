/** Runs one of the machine's package clients and keeps what it says, for people and for the error. */
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { PlatformError } from '../lib/errors/platform-error.ts'

export type ToolOptions = {
  readonly cwd: string
  readonly signal: AbortSignal
  readonly onProgress?: ((line: string) => void) | undefined
}

/** The program is not on this machine. */
export class ToolMissing extends Error {
  override readonly name = 'ToolMissing'
}

const maxComplaintCount = 20

/** Run it to its end.
 *  @throws ToolMissing when there is no such program
 *  @throws PlatformError with what it said when it cannot be run or fails */
export async function runTool(
  program: string,
  argv: readonly string[],
  options: ToolOptions,
): Promise<void> {
  const { cwd, signal, onProgress } = options
  const child = spawn(program, argv, { cwd, stdio: ['ignore', 'pipe', 'pipe'], signal })
  const complaints: string[] = []
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (line) => {
      if (complaints.length < maxComplaintCount) complaints.push(line)
      onProgress?.(line)
    })
  }
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', (cause: NodeJS.ErrnoException) => reject(failure(cause, program)))
    child.once('close', resolve)
  })
  if (code !== 0) throw new PlatformError(`${program} failed: ${complaints.join(' ')}`)
}

function failure(cause: NodeJS.ErrnoException, program: string): Error {
  if (cause.code === 'ENOENT') return new ToolMissing(`"${program}" was not found`, { cause })
  return new PlatformError(`${program} could not be run: ${cause.message}`, { cause })
}
