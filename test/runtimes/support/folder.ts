/** A temporary folder with the files of a fixture. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

export type Folder = AsyncDisposable & { readonly path: string }

/** @param files  name relative to the folder -> text; a name that starts with `bin:` is made executable */
export async function makeFolder(files: Readonly<Record<string, string>>): Promise<Folder> {
  const path = await mkdtemp(join(tmpdir(), 'lair-runtimes-'))
  for (const [name, text] of Object.entries(files)) {
    const isExecutable = name.startsWith('bin:')
    const file = join(path, isExecutable ? name.slice(4) : name)
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, text, { mode: isExecutable ? 0o755 : 0o644 })
  }
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}
