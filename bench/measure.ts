/** Runs the load generator against one target, and the small statistics of all scenarios. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runCommand } from '../test/support/command.ts'
import type { LoadResult } from './load.ts'
import type { Target } from './targets.ts'

/** One burst of load on a target.
 *  @throws Error when an answer was not 200 */
export async function measureLoad(
  target: Target,
  load: { connections: number; durationMs: number; payload: Buffer },
): Promise<LoadResult> {
  const folder = mkdtempSync(join(tmpdir(), 'lair-bench-'))
  const path = join(folder, 'request')
  writeFileSync(path, target.requestFor(load.payload))
  const script = join(import.meta.dirname, 'load.ts')
  const argv = [script, target.port, load.connections, load.durationMs, path].map(String)
  const result = await runCommand([process.execPath, ...argv], {
    environment: {},
    timeoutMs: load.durationMs + 60_000,
  })
  rmSync(folder, { recursive: true, force: true })
  if (result.exitCode !== 0) throw new Error(`${target.name}: ${result.stderr}`)
  const figures = JSON.parse(result.stdout) as LoadResult
  if (figures.errorCount > 0) {
    const { errorCount, count, firstError } = figures
    throw new Error(`${target.name}: ${errorCount} of ${count} answers are no 200:\n${firstError}`)
  }
  return figures
}

/** The middle of some numbers. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2
}

/** `count` rounds in which every subject is measured once, in turn, so that a slow moment of the machine hits all alike.
 *  @returns figures of each subject, in order of `subjects` */
export async function inTurns<Subject, Figure>(
  subjects: readonly Subject[],
  count: number,
  measure: (subject: Subject) => Promise<Figure>,
): Promise<Figure[][]> {
  const figures: Figure[][] = subjects.map(() => [])
  for (let round = 0; round < count; round += 1) {
    for (const [index, subject] of subjects.entries()) {
      figures[index]?.push(await measure(subject))
    }
  }
  return figures
}
