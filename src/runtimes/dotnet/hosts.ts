/** The .NET runtimes of the machine: what lies beside a `dotnet` host in `shared/Microsoft.NETCore.App`. */
import { dirname, join } from 'node:path'
import type { Machine } from '../machine.ts'
import { knownProgram } from '../program.ts'
import type { Program } from '../program.ts'
import { distinctPrograms, foldersOf, list, newestFirst } from '../search.ts'

/** Every runtime of every host, the newest of a major first: one host serves several majors. */
export function dotnetPrograms(machine: Machine): Program[] {
  const roots = [
    ...(machine.dotnetRoot === undefined ? [] : [machine.dotnetRoot]),
    ...foldersOf(machine.path),
    join(machine.home, '.dotnet'),
  ]
  return distinctPrograms(roots.map((folder) => join(folder, 'dotnet'))).flatMap((host) => {
    const versions = list(join(dirname(host), 'shared/Microsoft.NETCore.App'))
    return newestFirst(versions.filter((name) => /^\d+\.\d+\.\d+$/.test(name))).map((version) =>
      knownProgram('dotnet', host, version),
    )
  })
}
