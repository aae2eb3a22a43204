/** Where a JavaScript file does not parse: the runtimes' own errors name no line. */
import { execFile } from 'node:child_process'
import { extname, join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)
const timeoutMs = 5000
const maxFileCount = 5

/** Look for the first of some files that Node.js cannot parse.
 *  @param paths  below `folder`; those that are not JavaScript are skipped
 *  @returns file, line and what stands there, for people; undefined when all parse */
export async function findSyntaxError(
  folder: string,
  paths: readonly string[],
): Promise<string | undefined> {
  const scripts = paths.filter((path) => ['.js', '.mjs', '.cjs'].includes(extname(path)))
  for (const path of scripts.slice(0, maxFileCount)) {
    const file = join(folder, path)
    const argv = ['--check', file]
    const text = await run(process.execPath, argv, { timeout: timeoutMs }).then(
      () => undefined,
      (error: { stderr?: unknown }) => String(error.stderr),
    )
    const [place, ...rest] = text?.split('\n    at ', 1)[0]?.split('\n') ?? []
    if (place?.includes(file) !== true) continue
    const shown = rest.filter((line) => line.trim() !== '').join('\n')
    return `${place.replaceAll(file, path)}\n${shown}`
  }
  return undefined
}
