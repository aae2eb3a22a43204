/** What every recipe of scripts/compat needs: folders to work in, commands with their output in a log, stamps of what was built. */
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import {
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join, relative } from 'node:path'
import { cacheFolder } from '../../test/support/programs.ts'

/** Raise it when a recipe changes in a way that its sources and versions do not show. */
const recipeRevision = '2'

const stepTimeoutMs = 8 * 60_000

/** The digest of everything that shapes a program: its sources, its version and the Node that runs it. */
export function stampOf(source: string, salt: string): string {
  const hash = createHash('sha256').update(recipeRevision + salt + process.execPath)
  const files = readdirSync(source, { recursive: true, withFileTypes: true })
  const paths = files
    .filter((file) => file.isFile())
    .map((file) => join(file.parentPath, file.name))
  for (const path of paths.toSorted()) {
    hash.update(relative(source, path)).update(readFileSync(path))
  }
  return hash.digest('hex')
}

export function writeBootstrap(folder: string, lines: readonly string[]): void {
  const text = ['#!/bin/sh', 'cd "$(dirname "$0")" || exit 1', ...lines, ''].join('\n')
  writeFileSync(join(folder, 'bootstrap'), text, { mode: 0o755 })
}

export function workspaceFor(name: string): string {
  const workspace = join(cacheFolder, 'work', name)
  rmSync(workspace, { recursive: true, force: true })
  mkdirSync(workspace, { recursive: true })
  return workspace
}

/** Run a command at low priority, its output into a log file.
 *  @throws Error naming the log when it fails or takes longer than 8 min */
export async function run(
  program: string,
  argv: readonly string[],
  options: { cwd: string; environment?: Readonly<Record<string, string>> },
): Promise<void> {
  const logs = join(cacheFolder, 'logs')
  mkdirSync(logs, { recursive: true })
  const name = `${program} ${argv.join(' ')}`.replaceAll(/[^\w.-]+/g, '_').slice(-60)
  const logPath = join(logs, `${name}.log`)
  const log = openSync(logPath, 'w')
  const child = spawn('nice', ['-n', '10', program, ...argv], {
    cwd: options.cwd,
    env: { ...process.env, ...options.environment },
    stdio: ['ignore', log, log],
    timeout: stepTimeoutMs,
  })
  const [code] = (await once(child, 'exit')) as [number | null]
  closeSync(log)
  if (code === 0) return
  const tail = readFileSync(logPath, 'utf8').slice(-2000)
  throw new Error(
    `"${program} ${argv.join(' ')}" failed (${code ?? 'killed'}), see ${logPath}:\n${tail}`,
  )
}
