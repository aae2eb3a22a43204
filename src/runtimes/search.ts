/** Looking for programs on the machine: folders are listed and links followed, no process is started. */
import { accessSync, constants, readdirSync, realpathSync } from 'node:fs'
import { delimiter, isAbsolute } from 'node:path'

/** The programs among candidates, links resolved, each once, in their order. */
export function distinctPrograms(candidates: readonly string[]): string[] {
  const paths = new Set<string>()
  for (const candidate of candidates) {
    const path = executable(candidate)
    if (path !== undefined) paths.add(path)
  }
  return [...paths]
}

/** The program at a path with links resolved; undefined when there is none. */
export function executable(path: string): string | undefined {
  try {
    accessSync(path, constants.X_OK)
    return realpathSync(path)
  } catch {
    return undefined
  }
}

/** The folders of a search path. Without shims: a shim starts a shell that looks for the real program, which is slow and wants
 *  the user's environment. */
export function foldersOf(searchPath: string): string[] {
  return searchPath
    .split(delimiter)
    .filter((folder) => isAbsolute(folder) && !/\/shims\/?$/.test(folder))
}

/** The names in a folder; none when there is no such folder. */
export function list(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

/** Names that end in versions, the newest first. */
export function newestFirst(names: readonly string[]): string[] {
  return names.toSorted((a, b) => b.localeCompare(a, 'en', { numeric: true }))
}
