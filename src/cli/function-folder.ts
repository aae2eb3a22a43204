/**
 * What kind of function a folder holds: runtime and handler guessed from its files, as AWS's own samples and tools name them.
 * Flags of the command line go before any guess.
 */
import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { CommandError } from './terminal.ts'

export type FunctionKind = {
  readonly runtime: string
  /** as `Handler` of a function */
  readonly handler: string
}

/** what serves a folder whose runtime nobody named */
const newest = { nodejs: 'nodejs24.x', python: 'python3.13', ruby: 'ruby3.4' } as const

type Candidate = {
  readonly file: string
  readonly module: string
  readonly family: keyof typeof newest
}

const stems = ['index', 'handler', 'app', 'main', 'lambda_function', 'lambda']
const nodeExtensions = ['.mjs', '.js', '.cjs', '.ts', '.mts', '.cts']
const folders = ['', 'src/', 'dist/']

const candidates: readonly Candidate[] = folders.flatMap((folder) =>
  stems.flatMap((stem) => [
    ...nodeExtensions.map((extension): Candidate => {
      const module = `${folder}${stem}`
      return { file: `${module}${extension}`, module, family: 'nodejs' }
    }),
    { file: `${folder}${stem}.py`, module: `${folder}${stem}`, family: 'python' },
    { file: `${folder}${stem}.rb`, module: `${folder}${stem}`, family: 'ruby' },
  ]),
)

/** Names under which handlers are exported, the likelier first. */
const handlerNames = ['handler', 'lambda_handler', 'lambdaHandler', 'handle', 'main']

/** Guess runtime and handler of a folder.
 *  @param given  what the user said; each is taken as it is
 *  @throws CommandError when nothing in the folder looks like a function */
export function guessFunction(folder: string, given: Partial<FunctionKind>): FunctionKind {
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) {
    throw new CommandError(`Cannot read folder "${folder}": it is not there`)
  }
  if (given.runtime !== undefined && given.handler !== undefined) {
    return { runtime: given.runtime, handler: given.handler }
  }
  if (existsSync(join(folder, 'bootstrap')) && given.runtime === undefined) {
    return { runtime: 'provided.al2023', handler: given.handler ?? 'bootstrap' }
  }
  const found = candidates.find(
    (candidate) => fits(candidate, given.runtime) && existsSync(join(folder, candidate.file)),
  )
  if (!found) return withoutFile(folder, given)
  return {
    runtime: given.runtime ?? newest[found.family],
    handler: given.handler ?? `${found.module}.${exportOf(join(folder, found.file))}`,
  }
}

function fits(candidate: Candidate, runtime: string | undefined): boolean {
  return runtime === undefined || runtime.startsWith(candidate.family)
}

function withoutFile(folder: string, given: Partial<FunctionKind>): FunctionKind {
  if (given.runtime?.startsWith('provided')) return { runtime: given.runtime, handler: 'bootstrap' }
  const expected = 'index.mjs, app.py, lambda_function.py, lambda_function.rb, bootstrap …'
  throw new CommandError(
    `Cannot tell what function "${folder}" holds: it has none of ${expected}. Name it with --runtime and --handler`,
  )
}

/** The name a file seems to export as its handler. */
function exportOf(path: string): string {
  const text = readFileSync(path, 'utf8')
  const fallback = /\.(py|rb)$/.test(path) ? 'lambda_handler' : 'handler'
  return handlerNames.find((name) => exporting(name, path).test(text)) ?? fallback
}

function exporting(name: string, path: string): RegExp {
  if (path.endsWith('.py')) return new RegExp(`^(?:async )?def ${name}\\b|^${name}\\s*=`, 'm')
  if (path.endsWith('.rb')) return new RegExp(`^def ${name}\\b`, 'm')
  return new RegExp(
    `exports\\.${name}\\s*=|export (?:default )?(?:async )?(?:function|const|let|var)\\s+${name}\\b|export\\s*\\{[^}]*\\b${name}\\b`,
  )
}
