/**
 * Finds the programs that tests use but do not bring: compilers, the AWS CLI, Python. On a developer's machine a test without its
 * tool is skipped with one sentence; in CI (CI=true) a missing tool is a failure, so that nothing is silently left untested.
 */
import { accessSync, constants, statSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import type { TestContext } from 'node:test'

/** True where nothing may be skipped. */
export const isCi = process.env['CI'] === 'true'

/** The system's own programs win over version managers' shims, which point at whatever is switched on. */
const preferredFolders = ['/usr/bin']

/** Absolute path of a program on this machine, or undefined. */
export function findTool(name: string): string | undefined {
  const folders = [...preferredFolders, ...(process.env['PATH'] ?? '').split(delimiter)]
  return folders.map((folder) => join(folder, name)).find(isProgram)
}

/** Absolute path of a program; without it the test is skipped (the caller then returns), in CI it fails.
 *  @throws Error in CI when the program is missing */
export function requireTool(t: TestContext, name: string): string | undefined {
  const path = findTool(name)
  if (path === undefined) skipOrFail(t, `The program "${name}" is not installed on this machine`)
  return path
}

/** Skip the test with a sentence, or fail it in CI. */
export function skipOrFail(t: TestContext, sentence: string): void {
  if (isCi) throw new Error(sentence)
  t.skip(sentence)
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}
