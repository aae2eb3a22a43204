/** The Ruby interpreters of the machine: the PATH, rbenv, asdf and rvm. Versions are read from the paths or asked for. */
import { join } from 'node:path'
import type { Machine } from '../machine.ts'
import { ask, knownProgram, versionInPath } from '../program.ts'
import type { Program } from '../program.ts'
import { distinctPrograms, foldersOf, list, newestFirst } from '../search.ts'

/** The bootstrap needs this at least: 3.0. */
export const minRubySeries = 30

/** Every usable `ruby`, those of the PATH first. */
export function rubyPrograms(machine: Machine): Program[] {
  const managers = ['.rbenv/versions', '.asdf/installs/ruby', '.rvm/rubies', '.rubies']
  const candidates = [
    ...foldersOf(machine.path).map((folder) => join(folder, 'ruby')),
    ...managers.flatMap((manager) => {
      const folder = join(machine.home, manager)
      return newestFirst(list(folder)).map((name) => join(folder, name, 'bin/ruby'))
    }),
  ]
  return distinctPrograms(candidates)
    .map(rubyProgram)
    .filter((program) => program !== undefined)
    .filter((program) => program.series >= minRubySeries)
}

function rubyProgram(path: string): Program | undefined {
  const version = versionInPath(path) ?? ask(path)
  return version === undefined ? undefined : knownProgram('ruby', path, version)
}
