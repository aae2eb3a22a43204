/** `lair runtimes`: which program serves each runtime name, and `install` to bring one. */
import { createCatalogue } from '../runtimes/catalogue.ts'
import { installRuntime } from '../runtimes/install.ts'
import type { Runtime, UnavailableRuntime } from '../runtimes/runtime.ts'
import { dataDirectory } from './data-directory.ts'
import { note, print, printJson, progress, table } from './terminal.ts'

/** List every runtime name of Lambda. */
export function runtimes(options: { data: string; json?: boolean }): void {
  const list = createCatalogue({ directory: dataDirectory(options.data) }).list()
  if (options.json) return printJson(list.map(describeRuntime))
  const rows = list.filter(isAvailable).map((entry) => {
    const by = entry.servedBy === entry.name ? entry.runtimeVersion : `${entry.servedBy} instead`
    return [entry.name, by, entry.argv[0] ?? 'bootstrap in the code or a layer']
  })
  print(table([['name', 'served by', 'program'], ...rows]))
  print()
  for (const entry of list) {
    if (!isAvailable(entry) && isCurrent(entry.name)) note(`${entry.name}: ${entry.remedy}`)
  }
  const others = list.filter((entry) => !isAvailable(entry) && !isCurrent(entry.name))
  if (others.length > 0) note(`Not served here: ${others.map((entry) => entry.name).join(', ')}`)
}

/** Names that could be served if their program were here, and are not deprecated. */
function isCurrent(name: string): boolean {
  return /^(nodejs|python3|java(17|21|25)$|ruby|dotnet(8|10)$)/.test(name)
}

/** Bring a runtime into the data directory. */
export async function install(name: string, options: { data: string }): Promise<void> {
  const line = progress()
  try {
    const installed = await installRuntime(name, {
      directory: dataDirectory(options.data),
      onProgress: (text) => line.say(text),
    })
    line.end()
    note(`${name} is served by ${installed.program}`)
  } finally {
    line.end()
  }
}

/** Can something here serve it? */
export function isAvailable(entry: Runtime | UnavailableRuntime): entry is Runtime {
  return !('remedy' in entry)
}

function describeRuntime(entry: Runtime | UnavailableRuntime) {
  if (!isAvailable(entry)) return { name: entry.name, isAvailable: false, remedy: entry.remedy }
  const { name, servedBy, runtimeVersion, argv, warning } = entry
  return { name, isAvailable: true, servedBy, runtimeVersion, program: argv[0], warning }
}
